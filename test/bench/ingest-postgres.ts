import { startPostgres } from "../../packages/server/src/postgres/postgres-fixture.ts";
import { startPostgresLedger } from "../../packages/server/src/usage/ledger.postgres.ts";
import { seedPostgresPrices } from "../../packages/server/src/usage/ledger-fixture.ts";
import { bareCopy } from "./copy-floor.ts";
import { median, perSecond, printFigure } from "./figures.ts";
import { usageEvents } from "./usage-events.ts";

const batchRecords = 1_000;
/** Batches that clients have under way at once. */
const batchesUnderWay = 16;
const startMs = Date.UTC(2026, 0, 1);

/** Through the ledger's thread, as a server does it, with several batches under way. */
async function throughLedger(url: string, bodies: readonly Uint8Array[]): Promise<number> {
  const ledger = await startPostgresLedger({ url });
  const usage = { shape: "batch", entry: "usage", source: "api", requirePrice: false } as const;
  const waiting = [...bodies];
  const send = async (): Promise<void> => {
    for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift()) {
      const { summary } = await ledger.answer("default", { ...usage, bytes: bytes.slice() });
      if (summary.recorded !== batchRecords) throw new Error(`recorded ${JSON.stringify(summary)}`);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: batchesUnderWay }, send));
  const rate = perSecond(bodies.length * batchRecords, startedAt);
  await ledger.close();
  return rate;
}

/** Runs the rounds and prints figures and ratios; medians, since other work shares the machine. */
async function benchPostgres(events: number, rounds: number): Promise<void> {
  const figures = { bare: [] as number[], ledger: [] as number[], two: [] as number[] };
  const server = await startPostgres({ outlivesTheMachine: true });
  try {
    for (let round = 0; round < rounds; round += 1) {
      const source = usageEvents(startMs, round + 1);
      const bodies = Array.from({ length: Math.ceil(events / batchRecords) }, () => source.batch(batchRecords));
      const url = await server.database();
      await seedPostgresPrices(url);
      figures.ledger.push(await throughLedger(url, bodies));
      figures.bare.push(await bareCopy(url, events));
      const shared = await server.database();
      await seedPostgresPrices(shared);
      const startedAt = performance.now();
      const half = bodies.length >> 1;
      await Promise.all([throughLedger(shared, bodies.slice(0, half)), throughLedger(shared, bodies.slice(half))]);
      figures.two.push(perSecond(events, startedAt));
    }
  } finally {
    await server.stop();
  }
  const bare = median(figures.bare);
  printFigure("COPY, same rows, keys, indexes and rollups", { value: bare, unit: "events/s" });
  const ledger = median(figures.ledger);
  printFigure("append through the ledger", {
    value: ledger,
    unit: "events/s",
    ratio: ledger / bare,
    wanted: "at least 0.7",
  });
  const two = median(figures.two);
  printFigure("append through two ledgers at once", {
    value: two,
    unit: "events/s",
    ratio: two / bare,
    wanted: "not below one ledger",
  });
}

if (import.meta.main) {
  await benchPostgres(Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 100_000), 3);
}
