import { invariant } from "../refusal.ts";
import type { Awaitable, SqlValue, StoreConnection } from "../store/connection.ts";
import { insertRows } from "../store/insert-rows.ts";
import type { CorrectionReason } from "./corrections.ts";
import {
  byCorrectedRecord,
  entryCodes,
  limbsFromPico,
  ofCorrections,
  picoFromLimbs,
  type RecordRow,
  recordColumnsWhere,
  recordSource,
  stateBits,
} from "./record-row.ts";
import type { SavingStep } from "./saving-history.ts";

/** A stored record with the numbers of its series and its rule. */
export interface LedgerRow extends RecordRow {
  readonly series_id: number;
  readonly resolution_rule: string | null;
  readonly resolution_detail: string | null;
  readonly newest_correction_id: Uint8Array | null;
}

const ofRule = (column: string): string =>
  `(SELECT ${column} FROM rules u WHERE u.organization_id = r.organization_id AND u.rule_id = r.rule_id) AS ${column}`;

/** The select list of a `LedgerRow`, for `recordSource`. `where` says more of the corrections. */
export const ledgerColumnsWhere = (where: string): string => `${recordColumnsWhere(where)}, r.series_id,
  ${ofRule("resolution_rule")}, ${ofRule("resolution_detail")},
  ${ofCorrections("c.id", `${where} ORDER BY c.id DESC LIMIT 1`)} AS newest_correction_id`;

/** A record, as far as a statement needs to know where it lies. */
export type RecordPlace = Pick<RecordRow, "organization_id" | "id" | "occurred_at">;

/** So many records are named by one statement. */
const idsPerStatement = 64;

/** Ids in lists of one length, the last one filled up with what it has already, so that few texts come up. */
function* idLists<T>(of: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < of.length; at += idsPerStatement) {
    const list = of.slice(at, at + idsPerStatement);
    const last = list.at(-1) as T;
    if (of.length > 1) while (list.length < idsPerStatement) list.push(last);
    yield list;
  }
}

const placesFor = (values: readonly unknown[]): string => values.map(() => "?").join(", ");

/** The stored records under ids of 16 bytes, corrections excluded, by the ids' hexadecimal text. */
export async function findLedgerRows(
  connection: StoreConnection,
  organizationId: string,
  ids: readonly Uint8Array[],
): Promise<Map<string, LedgerRow>> {
  const find = connection.dialect === "postgres" ? findInPartitions : findInTable;
  const found = new Map<string, LedgerRow>();
  for (const list of idLists(ids)) {
    for (const row of await find(connection, organizationId, list)) found.set(recordKey(row.id), row);
  }
  return found;
}

const findInTable = (
  connection: StoreConnection,
  organizationId: string,
  ids: readonly Uint8Array[],
): Awaitable<readonly LedgerRow[]> =>
  connection.all<LedgerRow>(
    `SELECT ${ledgerColumnsWhere("")} FROM ${recordSource}
     WHERE r.organization_id = ? AND r.id IN (${placesFor(ids)}) AND r.entry <> ${entryCodes.correction}`,
    organizationId,
    ...ids,
  );

/**
 * PostgreSQL holds records in a partition a month, and a table of keys that says in which one to look. The times stand in
 * the second statement as values: by those the planner leaves out all other months before it plans any.
 */
async function findInPartitions(
  connection: StoreConnection,
  organizationId: string,
  ids: readonly Uint8Array[],
): Promise<readonly LedgerRow[]> {
  const keys = await connection.all<Pick<LedgerRow, "id" | "occurred_at">>(
    `SELECT id, occurred_at FROM record_keys
     WHERE organization_id = ? AND id IN (${placesFor(ids)}) AND entry <> ${entryCodes.correction}`,
    organizationId,
    ...ids,
  );
  if (keys.length === 0) return [];
  const times = [...new Set(keys.map((key) => key.occurred_at))];
  const placesFrom = (first: number, values: readonly unknown[]): string =>
    values.map((_, at) => `?${first + at}`).join(", ");
  return connection.all<LedgerRow>(
    `SELECT ${ledgerColumnsWhere("AND c.occurred_at >= ?2 AND c.occurred_at <= ?3")} FROM ${recordSource}
     WHERE r.organization_id = ?1 AND r.occurred_at IN (${placesFrom(4, times)})
       AND r.id IN (${placesFrom(4 + times.length, keys)})`,
    organizationId,
    Math.min(...times),
    Math.max(...times),
    ...times,
    ...keys.map(({ id }) => id),
  );
}

interface StepRow {
  readonly id: Uint8Array;
  readonly corrects_id: Uint8Array;
  readonly correction_reason: CorrectionReason;
  readonly repricing_id: string | null;
  readonly saved_milli: number | null;
  readonly saved_pico: number | null;
  readonly state: number;
}

/** What each correction of these records did to what caching saved, in order, by the records' keys. */
export async function findSavingSteps(
  connection: StoreConnection,
  records: readonly RecordPlace[],
): Promise<Map<string, SavingStep[]>> {
  const found = new Map<string, SavingStep[]>(records.map(({ id }) => [recordKey(id), []]));
  for (const list of idLists(records)) {
    // A record's corrections have its time, by which PostgreSQL knows in which partitions they are.
    const times = connection.dialect === "postgres" ? [...new Set(list.map((each) => each.occurred_at))] : [];
    const rows = await connection.all<StepRow>(
      `SELECT id, corrects_id, correction_reason, repricing_id, saved_milli, saved_pico, state
       FROM records ${byCorrectedRecord} WHERE organization_id = ? AND corrects_id IN (${placesFor(list)})
       ${times.length === 0 ? "" : `AND occurred_at IN (${placesFor(times)})`}`,
      list[0]?.organization_id ?? "",
      ...list.map(({ id }) => id),
      ...times,
    );
    // Sorted here: PostgreSQL would read a whole partition by its ids rather than sort these few.
    for (const row of [...rows].sort((a, b) => Buffer.compare(a.id, b.id))) {
      found.get(recordKey(row.corrects_id))?.push({
        reason: row.correction_reason,
        repricingId: row.repricing_id,
        moved: row.saved_milli === null ? null : picoFromLimbs(row.saved_milli, row.saved_pico ?? 0),
        wasKnown: (row.state & stateBits.savingUnknown) === 0,
      });
    }
  }
  return found;
}

/** The key of `findLedgerRows`. */
export const recordKey = (id: Uint8Array): string =>
  Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("hex");

/** What a correction row holds beside the record that it corrects. */
export interface NewCorrection {
  readonly id: Uint8Array;
  readonly record: LedgerRow;
  readonly seriesId: number;
  readonly reason: CorrectionReason;
  readonly amount: bigint | null;
  /** How far it moves what caching saved; null where neither before nor after it anybody knows. */
  readonly saved: bigint | null;
  /** `savingUnknown` where nobody knew before it. */
  readonly state: number;
  readonly priceVersionId: string | null;
  readonly ruleId: number | null;
  readonly lines: string | null;
  readonly repricingId: string | null;
  /** What is taken back of the record's counts; zeros where its money alone is corrected. */
  readonly counts: CorrectedCounts;
}

export interface CorrectedCounts {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
}

const correctionColumns = [
  "organization_id",
  "id",
  "entry",
  "state",
  "series_id",
  "user_id",
  "occurred_at",
  "received_at",
  "requests",
  "input_tokens",
  "output_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "cost_milli",
  "cost_pico",
  "saved_milli",
  "saved_pico",
  "price_version_id",
  "rule_id",
  "quantities",
  "lines",
  "usage_status",
  "is_error",
  "is_stream",
  "source",
  "fingerprint",
  "corrects_id",
  "correction_reason",
  "repricing_id",
] as const;

const noFingerprint = new Uint8Array(0);

/** Appends corrections. Each has its record's time, so the partition for it is there. */
export async function insertCorrections(
  connection: StoreConnection,
  corrections: readonly NewCorrection[],
): Promise<void> {
  if (connection.dialect === "postgres") {
    await insertRows(
      connection,
      "INSERT INTO record_keys (organization_id, id, occurred_at, entry, fingerprint)",
      corrections.map(({ id, record }) => [
        record.organization_id,
        id,
        record.occurred_at,
        entryCodes.correction,
        noFingerprint,
      ]),
    );
  }
  const receivedAtMs = connection.now();
  const rows = corrections.map((correction) => correctionValues(correction, receivedAtMs));
  await insertRows(connection, `INSERT INTO records (${correctionColumns.join(", ")})`, rows);
}

function correctionValues(correction: NewCorrection, receivedAtMs: number): readonly SqlValue[] {
  const { record, counts, amount, saved } = correction;
  const limbs = amount === null ? null : limbsFromPico(amount);
  const savedLimbs = saved === null ? null : limbsFromPico(saved);
  return [
    record.organization_id,
    correction.id,
    entryCodes.correction,
    correction.state,
    correction.seriesId,
    record.user_id,
    record.occurred_at,
    receivedAtMs,
    counts.requests,
    counts.inputTokens,
    counts.outputTokens,
    counts.cachedTokens,
    counts.cacheWriteTokens,
    counts.reasoningTokens,
    limbs?.milli ?? null,
    limbs?.pico ?? null,
    savedLimbs?.milli ?? null,
    savedLimbs?.pico ?? null,
    correction.priceVersionId,
    correction.ruleId,
    "{}",
    correction.lines,
    record.usage_status,
    record.is_error,
    record.is_stream,
    record.source,
    noFingerprint,
    record.id,
    correction.reason,
    correction.repricingId,
  ];
}

/** Sets columns of records of one organization: `assignments` is what follows SET, with a place for each value. */
export async function updateRecords(
  connection: StoreConnection,
  records: readonly RecordPlace[],
  assignments: string,
  ...values: readonly SqlValue[]
): Promise<void> {
  const [first] = records;
  if (first === undefined) return;
  for (const list of idLists(records)) {
    const ids = list.map(({ id }) => id);
    // Ids are unique, so times add nothing but which partitions to look in.
    const times = connection.dialect === "postgres" ? [...new Set(list.map((each) => each.occurred_at))] : [];
    const changed = await connection.run(
      `UPDATE records SET ${assignments} WHERE organization_id = ? AND id IN (${placesFor(ids)})
       ${times.length === 0 ? "" : `AND occurred_at IN (${placesFor(times)})`}`,
      ...values,
      first.organization_id,
      ...ids,
      ...times,
    );
    invariant(changed === new Set(ids.map(recordKey)).size, "records that are changed are there");
  }
}
