import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openWriter } from "../../packages/server/src/sqlite/connection.ts";
import { temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";
import { median, printFigure } from "./figures.ts";
import { bareDriver } from "./ingest.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const key = `sk_bench_${"b".repeat(43)}`;

interface Running {
  readonly port: number;
  /** Resident memory of the process with all its threads. */
  residentMb(): number;
  stop(): Promise<void>;
}

/** Starts a process and waits until it has printed its port. */
async function start(
  script: string,
  args: readonly string[],
  environment: Record<string, string>,
  portPattern: RegExp,
): Promise<Running> {
  const child: ChildProcess = spawn(process.execPath, [here(script), ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let heard = "";
  for await (const chunk of child.stdout ?? []) {
    heard += String(chunk);
    const port = portPattern.exec(heard)?.[1];
    if (port !== undefined) {
      child.stdout?.resume();
      return {
        port: Number(port),
        residentMb: () => {
          const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
          return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024;
        },
        stop: async () => {
          const exited = once(child, "exit");
          child.kill("SIGTERM");
          await exited;
        },
      };
    }
  }
  throw new Error(`${script} ended before it listened: ${heard}`);
}

interface Round {
  readonly path: string;
  readonly requests: number;
  readonly recordsPerRequest: number;
  readonly connections: number;
  readonly depth: number;
}

async function load(port: number, round: Round, seed: number): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    here("./http-load.ts"),
    JSON.stringify({ ...round, port, key, seed }),
  ]);
  return (JSON.parse(stdout) as { requestsPerSecond: number }).requestsPerSecond;
}

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
    const environment = { DATABASE_URL: `sqlite:${folder.file}`, COST_OPS_ADMIN_KEY: key, SERVER_PORT: "0" };
    const server = await start("../../packages/cli/bin/cost-ops.mjs", ["server"], environment, /127\.0\.0\.1:(\d+)/);
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
