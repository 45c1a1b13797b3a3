import type { SqlValue, StoreConnection } from "./connection.ts";

/** So many rows go with one statement, the most that fit first: few texts, which stores keep, and few round trips. */
const rowsPerStatement = [64, 16, 4, 1] as const;

/** Inserts rows, whose values are in the order of `columns`. `ending` is what follows the values: `ON CONFLICT …`. */
export async function insertRows(
  connection: StoreConnection,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
  ending = "",
): Promise<void> {
  const places = `(${columns.map(() => "?").join(", ")})`;
  let at = 0;
  for (const count of rowsPerStatement) {
    const sql = `INSERT INTO ${table} (${columns.join(", ")}) VALUES ${new Array(count).fill(places).join(", ")} ${ending}`;
    for (; rows.length - at >= count; at += count) await connection.run(sql, ...rows.slice(at, at + count).flat());
  }
}
