import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { type StoreThread, threadState } from "../sqlite/operation.ts";
import { isTakenKey } from "../sqlite/storage-failure.ts";
import { type Interning, interningOf } from "./interning.sqlite.ts";
import { linesText } from "./line-text.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { type FingerprintedRow, newRecordColumns, shareOf } from "./record-columns.ts";
import { recordColumns, recordSource } from "./record-row.ts";
import type { RollupChanges } from "./rollups.ts";

/** Records that one statement inserts where it can: a call of the driver costs as much as half of what SQLite does. */
export const recordsPerInsert = 16;

interface Statements {
  readonly insert: StatementSync;
  readonly insertSeveral: StatementSync;
  readonly find: StatementSync;
  readonly findDropped: StatementSync;
}

const statementsKey = Symbol("record insertion");

const places = `(${newRecordColumns.map(() => "?").join(", ")})`;

const prepareStatements = (db: DatabaseSync): Statements => ({
  insert: db.prepare(`INSERT INTO records (${newRecordColumns.join(", ")}) VALUES ${places} ON CONFLICT DO NOTHING`),
  insertSeveral: db.prepare(
    `INSERT INTO records (${newRecordColumns.join(", ")}) VALUES ${new Array(recordsPerInsert).fill(places).join(", ")}`,
  ),
  find: db.prepare(
    `SELECT ${recordColumns}, r.fingerprint FROM ${recordSource} WHERE r.organization_id = ? AND r.id = ?`,
  ),
  findDropped: db.prepare("SELECT 1 FROM record_keys WHERE organization_id = ? AND id = ?"),
});

const statementsOf = (store: StoreThread): Statements =>
  threadState(store, statementsKey, () => prepareStatements(store.db));

/** The record that is stored under 16 bytes, with its fingerprint; corrections included. */
export const findFingerprinted = (
  store: StoreThread,
  organizationId: string,
  id: Uint8Array,
): FingerprintedRow | undefined =>
  statementsOf(store).find.get(organizationId, id) as unknown as FingerprintedRow | undefined;

/** Whether a record that is no longer kept had this id. */
export const isDropped = (store: StoreThread, organizationId: string, id: Uint8Array): boolean =>
  statementsOf(store).findDropped.get(organizationId, id) !== undefined;

/**
 * Inserts a record and adds it to the rollups; false, and nothing done, where its id is taken. In the caller's
 * transaction.
 */
export function insertRecord(store: StoreThread, rollups: RollupChanges, record: PreparedRecord): boolean {
  const interning = interningOf(store);
  const values: SQLInputValue[] = [];
  pushValues(values, interning, record);
  if (statementsOf(store).insert.run(...values).changes === 0) return false;
  rollups.add(shareOf(record, interning.seriesId(record.series)));
  return true;
}

/**
 * Inserts `recordsPerInsert` records and adds them to the rollups; false, and nothing done, where one of their ids is
 * taken or two of them are the same. In the caller's transaction.
 */
export function insertRecords(store: StoreThread, rollups: RollupChanges, records: readonly PreparedRecord[]): boolean {
  const interning = interningOf(store);
  const values: SQLInputValue[] = [];
  for (const record of records) pushValues(values, interning, record);
  try {
    statementsOf(store).insertSeveral.run(...values);
  } catch (error) {
    // A statement that breaks a constraint takes back what it did and leaves its transaction open.
    if (isTakenKey(error)) return false;
    throw error;
  }
  for (const record of records) rollups.add(shareOf(record, interning.seriesId(record.series)));
  return true;
}

/** The values of a record's columns, in the order of `newRecordColumns`. */
function pushValues(values: SQLInputValue[], interning: Interning, record: PreparedRecord): void {
  const { totals } = record;
  values.push(
    record.organizationId,
    record.id,
    record.externalId,
    record.entry,
    record.state,
    interning.seriesId(record.series),
    record.userId,
    record.occurredAtMs,
    record.receivedAtMs,
    record.requests,
    totals.input,
    totals.output,
    totals.cacheRead,
    totals.cacheWrite,
    totals.reasoning,
    record.costMilli,
    record.costPico,
    record.savedMilli,
    record.savedPico,
    record.priceVersionId,
    record.rule === null ? null : interning.ruleId(record.rule),
    record.unpricedReason,
    record.quantities,
    linesText(record.lines),
    record.usageStatus,
    record.isError,
    record.isStream,
    record.latencyMs,
    record.source,
    record.fingerprint,
    record.rawUsage,
    record.metadata,
  );
}
