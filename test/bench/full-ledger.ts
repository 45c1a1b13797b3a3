/** Whether a full ledger slows ingest down: the same batches appended to an empty one and to one of N records. */
import { openWriter } from "../../packages/server/src/sqlite/connection.ts";
import type { StoreThread } from "../../packages/server/src/sqlite/operation.ts";
import { appendUsage } from "../../packages/server/src/usage/append-usage.sqlite.ts";
import { seedPrices, temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";
import { median, printFigure } from "./figures.ts";
import { fillLedger } from "./query-ledger.ts";
import { usageEvents } from "./usage-events.ts";

const records = Number(process.argv[2] ?? 10_000_000);
const batchRecords = 1_000;
const args = {
  organizationId: "default",
  wants: "answer",
  shape: "batch",
  entry: "usage",
  source: "api",
  requirePrice: false,
} as const;

/** Events a second of appends on the writer's own thread, the middle of five runs of twenty batches. */
function appendRate(file: string, startMs: number): number {
  const db = openWriter(file);
  seedPrices(db);
  const store: StoreThread = { db, now: Date.now, state: new Map() };
  const source = usageEvents(startMs);
  const run = (batches: number): number => {
    const bodies = Array.from({ length: batches }, () => source.batch(batchRecords));
    const startedAt = performance.now();
    for (const bytes of bodies) {
      const [result] = appendUsage.runTogether(store, [{ args, bytes }]);
      if (result instanceof Error) throw result;
    }
    return ((batches * batchRecords) / (performance.now() - startedAt)) * 1_000;
  };
  run(20);
  const rate = median(Array.from({ length: 5 }, () => run(20)));
  db.close();
  return rate;
}

const folder = temporaryFolder();
try {
  const full = `${folder.file}.full`;
  const endMs = Date.UTC(2026, 10, 21);
  const writer = openWriter(full);
  fillLedger(writer, records, endMs);
  writer.close();
  const empty = appendRate(folder.file, endMs);
  const rate = appendRate(full, endMs);
  printFigure("appends to an empty ledger (floor)", { value: empty, unit: "events/s" });
  printFigure(`appends to one of ${records.toLocaleString("en")} records`, {
    value: rate,
    unit: "events/s",
    ratio: rate / empty,
    wanted: "wanted: 0.75",
  });
} finally {
  folder.remove();
}
