import pg from "pg";
import { startPostgres } from "../../packages/server/src/postgres/postgres-fixture.ts";
import { bareCopy } from "./copy-floor.ts";
import { median, printFigure } from "./figures.ts";
import { load, loadTogether, type Round, type Running, startServer } from "./running-server.ts";

const recordsPerRequest = 1_000;
/** The floor's rate does not depend on their number, but their reading back does, more than in proportion. */
const floorEvents = 100_000;
/** Before anything is measured: threads are loaded, prices and series read. */
const warmUp = 60;

const round = (requests: number): Round => ({
  path: "/api/v1/usage/batch",
  requests,
  recordsPerRequest,
  connections: 32,
  depth: 1,
});

/** Events a second through all the servers together, each with a load generator of its own. */
async function ingest(servers: readonly Running[], requests: number, seed: number): Promise<number> {
  for (const [at, { port }] of servers.entries()) await load(port, round(warmUp), 10_000 + 100 * seed + at);
  const ports = servers.map(({ port }) => port);
  return (await loadTogether(ports, round(requests / servers.length), 100 * seed)) * recordsPerRequest;
}

/** Nothing is vacuumed or written out for a database of a round before while the next is measured. */
async function forget(url: string): Promise<void> {
  const { pathname } = new URL(url);
  const client = new pg.Client({ connectionString: url.replace(pathname, "/postgres") });
  await client.connect();
  try {
    await client.query(`DROP DATABASE ${pathname.slice(1)} WITH (FORCE)`);
    await client.query("CHECKPOINT");
  } finally {
    await client.end();
  }
}

/** Durable batches over real sockets into PostgreSQL, through one server and through two. Prints medians and ratios. */
async function benchHttp(requests: number, rounds: number): Promise<void> {
  const figures = { bare: [] as number[], one: [] as number[], two: [] as number[] };
  const postgres = await startPostgres({ outlivesTheMachine: true });
  try {
    for (let at = 1; at <= rounds; at += 1) {
      // In turns: whatever grows slower while it runs slows both.
      for (const count of at % 2 === 1 ? [1, 2] : [2, 1]) {
        const url = await postgres.database();
        const servers: Running[] = [];
        for (let started = 0; started < count; started += 1) servers.push(await startServer(url));
        (count === 1 ? figures.one : figures.two).push(await ingest(servers, requests, at));
        await Promise.all(servers.map((server) => server.stop()));
        if (count === 1) figures.bare.push(await bareCopy(url, floorEvents));
        await forget(url);
      }
    }
  } finally {
    await postgres.stop();
  }
  // Of each round to its own floor: a machine that others share is not as fast in every round.
  const ratios = (rates: readonly number[]): number[] => rates.map((rate, at) => rate / (figures.bare[at] ?? 0));
  const ratioOf = (rates: readonly number[]): number => median(ratios(rates));
  const [bare, one, two] = [median(figures.bare), median(figures.one), median(figures.two)];
  printFigure("COPY, same rows, keys, indexes and rollups", { value: bare, unit: "events/s" });
  printFigure("a thousand events a request, one server", {
    value: one,
    unit: "events/s",
    ratio: ratioOf(figures.one),
    wanted: "at least 0.7",
  });
  printFigure("the same through two servers", { value: two, unit: "events/s", ratio: ratioOf(figures.two) });
  printFigure("two servers beside one", {
    value: median(figures.two.map((rate, at) => rate / (figures.one[at] ?? 0))),
    unit: "times",
    wanted: "not below 1",
  });
  const listed = (rates: readonly number[]): string =>
    ratios(rates)
      .map((ratio) => ratio.toFixed(2))
      .join(", ");
  process.stdout.write(`Round by round: one server ${listed(figures.one)} of its floor; two ${listed(figures.two)}.\n`);
}

if (import.meta.main) await benchHttp(Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 400), 5);
