import { bytesArray, numberArray } from "../postgres/array-text.ts";
import type { Awaitable, StoreConnection } from "../store/connection.ts";
import type { FingerprintedRow } from "./record-columns.ts";
import { entryCodes, type RecordRow, stateBits, uncorrectedColumns } from "./record-row.ts";

/** Where a record lies: its id is unique, its time says in which month to look. */
export interface RecordPlace {
  readonly id: Uint8Array;
  readonly occurred_at: number;
}

type Uncorrected<Row extends RecordRow> = Omit<Row, keyof Correction>;
type Correction = Pick<RecordRow, keyof typeof uncorrected>;

const uncorrected = {
  corrected_milli: null,
  corrected_pico: null,
  corrected_saved_milli: null,
  corrected_saved_pico: null,
  corrected_price_version_id: null,
} as const;

/** The records at some places, in their order; those that are gone are left out, and so are corrections. */
export const readRows = (
  connection: StoreConnection,
  organizationId: string,
  places: readonly RecordPlace[],
): Promise<readonly RecordRow[]> =>
  readAt<RecordRow>(connection, organizationId, places, {
    columns: uncorrectedColumns,
    where: `AND o.entry <> ${entryCodes.correction}`,
  });

/** The stored records under some ids, corrections included, by their hexadecimal text. */
export async function findStored(
  connection: StoreConnection,
  organizationId: string,
  ids: readonly Uint8Array[],
): Promise<ReadonlyMap<string, FingerprintedRow>> {
  const places = await findPlaces(connection, organizationId, ids);
  const rows = await readAt<FingerprintedRow>(connection, organizationId, places, {
    columns: `${uncorrectedColumns}, r.fingerprint`,
    where: "",
  });
  return new Map(rows.map((row) => [hexOf(row.id), row]));
}

/**
 * Row by row, which `OFFSET 0` holds the planner to: a plain join it plans for every month, several times over, and by
 * what it believes of tables that were just made it reads them whole.
 */
async function readAt<Row extends RecordRow>(
  connection: StoreConnection,
  organizationId: string,
  places: readonly RecordPlace[],
  { columns, where }: { readonly columns: string; readonly where: string },
): Promise<readonly Row[]> {
  if (places.length === 0) return [];
  // The ends of their time are said beside, so that the planner leaves out all other months.
  const rows = await connection.all<Uncorrected<Row>>(
    `SELECT ${columns}
     FROM unnest(CAST(? AS bigint[]), CAST(? AS bytea[])) WITH ORDINALITY AS asked (occurred_at, id, position)
     CROSS JOIN LATERAL (
       SELECT * FROM records o WHERE o.organization_id = ? AND o.occurred_at = asked.occurred_at AND o.id = asked.id
         AND o.occurred_at >= ? AND o.occurred_at <= ? ${where} OFFSET 0) AS r
     CROSS JOIN LATERAL (
       SELECT * FROM series d WHERE d.organization_id = ? AND d.series_id = r.series_id OFFSET 0) AS s
     ORDER BY asked.position`,
    numberArray(places.map(({ occurred_at }) => occurred_at)),
    bytesArray(places.map(({ id }) => id)),
    organizationId,
    ...endsOf(places),
    organizationId,
  );
  const corrections = await readCorrections(connection, organizationId, rows);
  return rows.map((row) => ({ ...row, ...(corrections.get(hexOf(row.id)) ?? uncorrected) }) as Row);
}

/** The places of records by their ids, in the order of the ids; ids that nobody has are left out. */
export const findPlaces = (
  connection: StoreConnection,
  organizationId: string,
  ids: readonly Uint8Array[],
): Awaitable<readonly RecordPlace[]> =>
  connection.all<RecordPlace>(
    `SELECT k.id, k.occurred_at FROM unnest(CAST(? AS bytea[])) WITH ORDINALITY AS asked (id, position)
     CROSS JOIN LATERAL (
       SELECT * FROM record_keys o WHERE o.organization_id = ? AND o.id = asked.id OFFSET 0) AS k
     ORDER BY asked.position`,
    bytesArray(ids),
    organizationId,
  );

/** What the corrections of some records sum up to, by their ids. They have the time of the record that they correct. */
async function readCorrections(
  connection: StoreConnection,
  organizationId: string,
  rows: readonly Pick<RecordRow, "id" | "state" | "occurred_at">[],
): Promise<ReadonlyMap<string, Correction>> {
  const corrected = rows.filter(({ state }) => (state & stateBits.corrected) !== 0);
  if (corrected.length === 0) return new Map();
  const sums = await connection.all<Correction & { readonly corrects_id: Uint8Array }>(
    `SELECT c.corrects_id, sum(c.cost_milli) AS corrected_milli, sum(c.cost_pico) AS corrected_pico,
       sum(c.saved_milli) AS corrected_saved_milli, sum(c.saved_pico) AS corrected_saved_pico,
       (array_agg(c.price_version_id ORDER BY c.id DESC) FILTER (WHERE c.price_version_id IS NOT NULL))[1]
         AS corrected_price_version_id
     FROM records c WHERE c.organization_id = ? AND c.corrects_id = ANY (CAST(? AS bytea[]))
       AND c.occurred_at >= ? AND c.occurred_at <= ?
     GROUP BY c.corrects_id`,
    organizationId,
    bytesArray(corrected.map(({ id }) => id)),
    ...endsOf(corrected),
  );
  return new Map(sums.map(({ corrects_id: id, ...sum }) => [hexOf(id), sum]));
}

function endsOf(places: readonly Pick<RecordPlace, "occurred_at">[]): readonly [first: number, last: number] {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { occurred_at } of places) {
    first = Math.min(first, occurred_at);
    last = Math.max(last, occurred_at);
  }
  return [first, last];
}

const hexOf = (id: Uint8Array): string => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("hex");
