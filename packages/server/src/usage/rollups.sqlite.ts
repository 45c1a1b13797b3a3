import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type StoreThread, threadState } from "../sqlite/operation.ts";
import {
  openedDays,
  type RollupChanges,
  type RollupName,
  rollupMeasures,
  rollupTables,
  rollupUpdate,
} from "./rollups.ts";

const statementsKey = Symbol("rollup upserts");

/** Adds all changes to the three tables, and opens their days. Throws where a sum leaves 64 bits; the transaction must then be rolled back. */
export function flushRollups(store: StoreThread, changes: RollupChanges): void {
  const statements = threadState(store, statementsKey, () => prepareUpserts(store.db));
  for (const { rollup, values } of changes.take()) statements[rollup].run(...values);
}

function prepareUpserts(db: DatabaseSync): Readonly<Record<RollupName | "days", StatementSync>> {
  const upsert = (rollup: RollupName): StatementSync => {
    const { table, key } = rollupTables[rollup];
    const columns = [...key, ...rollupMeasures];
    return db.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
      ON CONFLICT DO UPDATE SET ${rollupUpdate(table)}`);
  };
  const days = db.prepare(
    `INSERT INTO rollup_days (${openedDays.columns.join(", ")}) VALUES (?, ?, ?) ${openedDays.conflict}`,
  );
  return { hourly: upsert("hourly"), daily: upsert("daily"), userDaily: upsert("userDaily"), days };
}
