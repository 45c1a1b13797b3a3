import type { StoreConnection } from "../store/connection.ts";
import { insertRows } from "../store/insert-rows.ts";
import {
  openedDays,
  type RollupChanges,
  type RollupName,
  type RollupValue,
  rollupMeasures,
  rollupTables,
  rollupUpdate,
} from "./rollups.ts";

/** Adds all changes to the three tables, and opens their days. Throws where a sum leaves 64 bits; the transaction must then be rolled back. */
export async function flushRollups(connection: StoreConnection, changes: RollupChanges): Promise<void> {
  const rows: Record<RollupName | "days", (readonly RollupValue[])[]> = {
    hourly: [],
    daily: [],
    userDaily: [],
    days: [],
  };
  for (const { rollup, values } of changes.take()) rows[rollup].push(values);
  for (const rollup of ["hourly", "daily", "userDaily"] as const) {
    const { table, key } = rollupTables[rollup];
    const columns = [...key, ...rollupMeasures];
    const ending = `ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${rollupUpdate(table)}`;
    await insertRows(connection, `INSERT INTO ${table} (${columns.join(", ")})`, rows[rollup], ending);
  }
  const { columns, conflict } = openedDays;
  await insertRows(connection, `INSERT INTO rollup_days (${columns.join(", ")})`, rows.days, conflict);
}
