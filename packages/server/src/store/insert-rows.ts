import type { SqlValue, StoreConnection } from "./connection.ts";

/** Both stores take more places than this in one statement. */
const placesMax = 5_000;

/**
 * Inserts rows many at a time: on a store behind a network each statement is a trip. `insert` is the text up to the
 * columns' closing parenthesis, `conflict` what follows the values. Rows must differ in what the conflict is about.
 */
export async function insertRows(
  connection: StoreConnection,
  insert: string,
  rows: readonly (readonly SqlValue[])[],
  conflict = "",
): Promise<void> {
  const width = rows[0]?.length ?? 1;
  const places = `(${new Array(width).fill("?").join(", ")})`;
  const rowsAtOnce = Math.floor(placesMax / width);
  for (let at = 0; at < rows.length; ) {
    const count = Math.min(rows.length - at, rowsAtOnce);
    const some = rows.slice(at, at + (connection.dialect === "sqlite" ? powerOfFour(count) : count));
    at += some.length;
    await connection.run(
      `${insert} VALUES ${new Array(some.length).fill(places).join(", ")} ${conflict}`,
      ...some.flat(),
    );
  }
}

/** The largest one that is not above `count`. The embedded store keeps statements by their text, so few texts must do. */
function powerOfFour(count: number): number {
  let power = 1;
  while (power * 4 <= count) power *= 4;
  return power;
}
