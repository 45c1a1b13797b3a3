import { setTimeout as pause } from "node:timers/promises";
import { openWriter } from "../../packages/server/src/sqlite/connection.ts";
import { temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";
import { median, printFigure } from "./figures.ts";
import { bareDriver } from "./ingest.ts";
import { load, type Round, start, startServer } from "./running-server.ts";

const single: Round = { path: "/api/v1/usage", requests: 60_000, recordsPerRequest: 1, connections: 16, depth: 16 };
const batched: Round = {
  path: "/api/v1/usage/batch",
  requests: 200,
  recordsPerRequest: 1_000,
  connections: 8,
  depth: 1,
};

/** Durable ingest over real sockets: server, load and floor each in a process of its own. Prints medians and ratios. */
export async function benchHttp(rounds: number): Promise<void> {
  const rates = {
    echo: [] as number[],
    single: [] as number[],
    batched: [] as number[],
    bare: [] as number[],
    restMb: [] as number[],
    loadMb: [] as number[],
  };
  for (let round = 0; round < rounds; round += 1) {
    const echo = await start("./http-echo.ts", [], {}, /^(\d+)\n/);
    rates.echo.push(await load(echo.port, { ...single, path: "/" }, 1));
    await echo.stop();
    const folder = temporaryFolder();
    const server = await startServer(`sqlite:${folder.file}`);
    await pause(2_000);
    rates.restMb.push(server.residentMb());
    await load(server.port, { ...single, requests: 5_000 }, 99);
    rates.single.push(await load(server.port, single, 2 * round + 1));
    rates.batched.push(await load(server.port, batched, 2 * round + 2));
    rates.loadMb.push(server.residentMb());
    await server.stop();
    const written = openWriter(folder.file);
    rates.bare.push(bareDriver(written, `${folder.file}.bare`));
    written.close();
    folder.remove();
  }
  const [echo, one, many] = [
    median(rates.echo),
    median(rates.single),
    median(rates.batched) * batched.recordsPerRequest,
  ];
  printFigure("bare node:http echo of one event (floor)", { value: echo, unit: "requests/s" });
  printFigure("one event a request, durable", {
    value: one,
    unit: "requests/s",
    ratio: one / echo,
    wanted: "wanted: 15,000 and 0.35",
  });
  const bare = median(rates.bare);
  printFigure("bare driver, the same rows, key only (floor)", { value: bare, unit: "rows/s" });
  printFigure("a thousand events a request, durable", {
    value: many,
    unit: "events/s",
    ratio: many / bare,
    wanted: "wanted: 90,000 and 0.5",
  });
  printFigure("server at rest", { value: median(rates.restMb), unit: "MB", wanted: "wanted: below 120" });
  printFigure("server after full ingest", { value: median(rates.loadMb), unit: "MB", wanted: "wanted: below 500" });
}

if (import.meta.main) await benchHttp(Number(process.argv[2] ?? 3));
