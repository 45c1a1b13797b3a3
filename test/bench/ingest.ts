import type { DatabaseSync } from "node:sqlite";
import { openWriter } from "../../packages/server/src/sqlite/connection.ts";
import type { StoreThread } from "../../packages/server/src/sqlite/operation.ts";
import { startSqliteThreads } from "../../packages/server/src/sqlite/threads.ts";
import type { AppendArgs } from "../../packages/server/src/usage/append-result.ts";
import { appendUsage } from "../../packages/server/src/usage/append-usage.sqlite.ts";
import { createSqliteLedger } from "../../packages/server/src/usage/ledger.sqlite.ts";
import { seedPrices, temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";
import { median } from "./figures.ts";
import { usageEvents } from "./usage-events.ts";

const batchRecords = 1_000;
/** Batches that clients have under way at once; the writer commits together those that wait. */
const batchesUnderWay = 8;
const startMs = Date.UTC(2026, 0, 1);
const args: AppendArgs = {
  organizationId: "default",
  wants: "answer",
  shape: "batch",
  entry: "usage",
  source: "api",
  requirePrice: false,
};

const perSecond = (events: number, startedAt: number): number => (events / (performance.now() - startedAt)) * 1_000;
const eventsArgument = Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 100_000);

/** The same rows again, by the bare driver: only the primary key, a thousand rows a transaction, on disk. */
export function bareDriver(source: DatabaseSync, file: string): number {
  const rows = source.prepare("SELECT * FROM records ORDER BY organization_id, id LIMIT 200000").all() as Record<
    string,
    null
  >[];
  const columns = Object.keys(rows[0] ?? {});
  const values = rows.map((row) => columns.map((column) => row[column] ?? null));
  const db = openWriter(file);
  db.exec("DROP INDEX records_by_time; DROP INDEX records_by_corrected; DROP INDEX records_waiting");
  const insert = db.prepare(`INSERT INTO records VALUES (${columns.map(() => "?").join(", ")})`);
  const startedAt = performance.now();
  for (let at = 0; at < values.length; at += batchRecords) {
    db.exec("BEGIN IMMEDIATE");
    for (const row of values.slice(at, at + batchRecords)) insert.run(...row);
    db.exec("COMMIT");
  }
  const rate = perSecond(values.length, startedAt);
  db.close();
  return rate;
}

/** The writer's work alone: raw bytes in, answers out, on this thread. */
function writerAlone(db: DatabaseSync, bodies: readonly Uint8Array[]): number {
  const store: StoreThread = { db, now: Date.now, state: new Map() };
  const startedAt = performance.now();
  for (const bytes of bodies) {
    const [result] = appendUsage.runTogether(store, [{ args, bytes }]);
    if (result instanceof Error) throw result;
  }
  return perSecond(bodies.length * batchRecords, startedAt);
}

/** Through the threads, as the server does it, with several batches under way. */
async function throughThreads(file: string, bodies: readonly Uint8Array[]): Promise<number> {
  const threads = await startSqliteThreads({ path: file });
  const ledger = createSqliteLedger(threads);
  const waiting = [...bodies];
  const startedAt = performance.now();
  const send = async (): Promise<void> => {
    for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift()) {
      const { summary } = await ledger.answer("default", { ...args, bytes });
      if (summary.recorded !== batchRecords) throw new Error(`recorded ${JSON.stringify(summary)}`);
    }
  };
  await Promise.all(Array.from({ length: batchesUnderWay }, send));
  const rate = perSecond(bodies.length * batchRecords, startedAt);
  await threads.close();
  return rate;
}

/** Runs the rounds and prints figures and ratios; medians, since other work shares the machine. */
export async function benchIngest(events: number, rounds: number): Promise<void> {
  const figures = { bare: [] as number[], writer: [] as number[], threads: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const folder = temporaryFolder();
    const source = usageEvents(startMs, round + 1);
    const bodies = Array.from({ length: Math.ceil(events / batchRecords) }, () => source.batch(batchRecords));
    const db = openWriter(folder.file);
    seedPrices(db);
    figures.writer.push(writerAlone(db, bodies));
    figures.bare.push(bareDriver(db, `${folder.file}.bare`));
    db.close();
    const threaded = openWriter(`${folder.file}.threads`);
    seedPrices(threaded);
    threaded.close();
    figures.threads.push(await throughThreads(`${folder.file}.threads`, bodies));
    folder.remove();
  }
  const bare = median(figures.bare);
  const print = (name: string, rate: number): void => {
    const ratio = (rate / bare).toFixed(2);
    console.log(`${name.padEnd(44)}${Math.round(rate).toLocaleString("en").padStart(10)} events/s   ${ratio} of bare`);
  };
  print("bare driver, same rows, primary key only", bare);
  print("append on the writer thread alone", median(figures.writer));
  print("append through the threads", median(figures.threads));
}

if (import.meta.main) await benchIngest(eventsArgument, 3);
