import type { Quantities } from "@llm-cost-ops/core";
import { readKeptFrom } from "../retention/kept-from.ts";
import type { StoreConnection } from "../store/connection.ts";
import type { AppliedCorrection, CorrectionReason, RatingCursor, RatingSelection, StoredUsage } from "./corrections.ts";
import { withRequest } from "./measure-usage.ts";
import {
  byCorrectedRecord,
  effectiveCost,
  effectiveSaving,
  entryCodes,
  picoFromLimbs,
  recordSource,
  stateBits,
  unknownName,
} from "./record-row.ts";
import { type LedgerRow, ledgerColumnsWhere } from "./record-store.sql.ts";

export const waitingRecords = `SELECT ${ledgerColumnsWhere("")} FROM ${recordSource}
  WHERE r.organization_id = ?1 AND (r.state & ${stateBits.waitsForPrice}) <> 0 AND (r.series_id, r.id) > (?2, ?3)
  ORDER BY r.series_id, r.id LIMIT ?4`;

/** The last of so many records of any kind that are looked at. */
export const endOfWindow = `SELECT r.occurred_at, r.id FROM records r
  WHERE r.organization_id = ?1 AND (r.occurred_at, r.id) > (?2, ?3) AND r.occurred_at >= ?2 AND r.occurred_at < ?4
  ORDER BY r.occurred_at, r.id LIMIT 1 OFFSET ?5`;

/** PostgreSQL leaves out the months that values rule out, the corrections' as well. */
export const pricedRecords = (dialect: StoreConnection["dialect"]): string => {
  const within = (table: string): string =>
    dialect === "postgres" ? `AND ${table}.occurred_at >= ?2 AND ${table}.occurred_at <= ?4` : "";
  return `SELECT ${ledgerColumnsWhere(within("c"))} FROM ${recordSource}
  WHERE r.organization_id = ?1 AND (r.occurred_at, r.id) > (?2, ?3) AND (r.occurred_at, r.id) <= (?4, ?5) ${within("r")}
    AND r.entry = ${entryCodes.usage} AND s.cost_status = 'priced' AND (r.state & ${stateBits.voided}) = 0
    AND (CAST(?6 AS TEXT) IS NULL OR s.provider = ?6)
    AND (CAST(?7 AS TEXT) IS NULL OR s.model = ?7 OR s.resolved_model = ?7)
  ORDER BY r.occurred_at, r.id LIMIT ?8`;
};

/** So many records are looked at for each that is asked for, so that a step is bounded where few are of the selection. */
const lookedAtForOne = 10;

const noBytes = new Uint8Array(0);
/** Greater than any id. */
const afterIds = new Uint8Array(17).fill(0xff);

export interface RatingPage {
  readonly records: readonly StoredUsage[];
  /** Where to read on; absent when all were looked at. */
  readonly next?: RatingCursor;
}

/**
 * The stored records of a selection, at most `limit`, in a stable order: those that wait by series, priced ones by time.
 * There may be none on a page and others on the next. Voided records, reported costs and corrections are not among them,
 * nor what is of a time of which records are no longer kept.
 */
export const loadForRating = (
  connection: StoreConnection,
  organizationId: string,
  selection: RatingSelection,
): Promise<RatingPage> =>
  selection.which === "waiting"
    ? loadWaiting(connection, organizationId, selection)
    : loadPriced(connection, organizationId, selection);

async function loadWaiting(
  connection: StoreConnection,
  organizationId: string,
  { after, limit }: Extract<RatingSelection, { which: "waiting" }>,
): Promise<RatingPage> {
  await readInOrder(connection);
  const rows = await connection.all<LedgerRow>(
    waitingRecords,
    organizationId,
    after?.position ?? -1,
    after?.id ?? noBytes,
    limit,
  );
  const keptFromMs = await readKeptFrom(connection);
  const read = rows.map((row) => toStoredUsage(row, row.series_id));
  const records = read.filter(({ occurredAtMs }) => occurredAtMs >= keptFromMs);
  return pageOf(records, read.length < limit ? undefined : read.at(-1)?.cursor);
}

async function loadPriced(
  connection: StoreConnection,
  organizationId: string,
  { after, limit, fromMs, toMs, provider, model }: Extract<RatingSelection, { which: "priced" }>,
): Promise<RatingPage> {
  const firstMs = Math.max(fromMs ?? 0, await readKeptFrom(connection));
  const start = [after?.position ?? firstMs - 1, after?.id ?? afterIds] as const;
  const endMs = toMs ?? Number.MAX_SAFE_INTEGER;
  await readInOrder(connection);
  const last = await connection.get<Pick<LedgerRow, "occurred_at" | "id">>(
    endOfWindow,
    organizationId,
    ...start,
    endMs,
    limit * lookedAtForOne - 1,
  );
  const end = last === undefined ? undefined : { position: last.occurred_at, id: last.id };
  const rows = await connection.all<LedgerRow>(
    pricedRecords(connection.dialect),
    organizationId,
    ...start,
    end?.position ?? endMs,
    end?.id ?? noBytes,
    provider ?? null,
    model ?? null,
    limit,
  );
  const records = rows.map((row) => toStoredUsage(row, row.occurred_at));
  return pageOf(records, records.length < limit ? end : records.at(-1)?.cursor);
}

const pageOf = (records: readonly StoredUsage[], next: RatingCursor | undefined): RatingPage =>
  next === undefined ? { records } : { records, next };

/**
 * Has PostgreSQL read in the order of an index in this transaction, rather than read and sort everything that is left for
 * each page, which it thinks better of where it knows too little of what is there.
 */
export async function readInOrder(connection: StoreConnection): Promise<void> {
  if (connection.dialect === "postgres") await connection.run("SET LOCAL enable_sort = off");
}

const toStoredUsage = (row: LedgerRow, position: number): StoredUsage => ({
  id: row.id,
  provider: row.provider === unknownName ? undefined : row.provider,
  model: row.model,
  resolvedModel: row.resolved_model,
  serviceTier: row.service_tier,
  region: row.region,
  occurredAtMs: row.occurred_at,
  quantities: withRequest(JSON.parse(row.quantities) as Quantities),
  cost: effectiveCost(row),
  saving: effectiveSaving(row),
  currency: row.currency,
  priceVersionId: row.corrected_price_version_id ?? row.price_version_id,
  cursor: { position, id: row.id },
});

/**
 * Bound by organization, repricing, last id and limit. Each correction is beside the price version that held before it: of
 * the record's correction before, or else the record's own.
 */
export const correctionsOfRepricing = `
  SELECT c.id, c.corrects_id, c.correction_reason, c.cost_milli, c.cost_pico,
    s.currency, c.occurred_at, coalesce(
    (SELECT p.price_version_id FROM records p ${byCorrectedRecord} WHERE p.organization_id = c.organization_id
       AND p.corrects_id = c.corrects_id AND p.occurred_at = c.occurred_at AND p.id < c.id
       AND p.price_version_id IS NOT NULL ORDER BY p.id DESC LIMIT 1),
    (SELECT o.price_version_id FROM records o WHERE o.organization_id = c.organization_id AND o.id = c.corrects_id
       AND o.occurred_at = c.occurred_at)) AS previous_price_version_id
  FROM records c INDEXED BY records_by_repricing
  JOIN series s ON s.organization_id = c.organization_id AND s.series_id = c.series_id
  WHERE c.organization_id = ?1 AND c.repricing_id = ?2 AND c.id > ?3
  ORDER BY c.id LIMIT ?4`;

interface AppliedRow {
  readonly id: Uint8Array;
  readonly corrects_id: Uint8Array;
  readonly correction_reason: CorrectionReason;
  readonly cost_milli: number;
  readonly cost_pico: number;
  readonly currency: string;
  readonly occurred_at: number;
  readonly previous_price_version_id: string | null;
}

/** The corrections that a repricing appended, in the order of their ids, at most `limit`; read on with the last one's `cursor`. */
export async function loadAppliedCorrections(
  connection: StoreConnection,
  organizationId: string,
  repricingId: string,
  page: { readonly after?: AppliedCorrection["cursor"]; readonly limit: number },
): Promise<readonly AppliedCorrection[]> {
  await readInOrder(connection);
  const rows = await connection.all<AppliedRow>(
    correctionsOfRepricing,
    organizationId,
    repricingId,
    page.after?.id ?? noBytes,
    page.limit,
  );
  return rows.map((row) => ({
    id: row.id,
    recordId: row.corrects_id,
    reason: row.correction_reason,
    amount: picoFromLimbs(row.cost_milli, row.cost_pico),
    currency: row.currency,
    previousPriceVersionId: row.previous_price_version_id,
    cursor: { position: row.occurred_at, id: row.id },
  }));
}
