import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { type StoreThread, threadState } from "../sqlite/operation.ts";
import { isTakenKey } from "../sqlite/storage-failure.ts";
import { type Interning, interningOf } from "./interning.sqlite.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { type RecordRow, recordColumns, recordSource } from "./record-row.ts";
import type { RollupChanges } from "./rollups.ts";

const columns = [
  "organization_id",
  "id",
  "external_id",
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
  "price_version_id",
  "rule_id",
  "unpriced_reason",
  "quantities",
  "lines",
  "usage_status",
  "is_error",
  "is_stream",
  "latency_ms",
  "source",
  "fingerprint",
  "raw_usage",
  "metadata",
] as const;

/** A stored record with the fingerprint of its content. */
export interface FingerprintedRow extends RecordRow {
  readonly fingerprint: Uint8Array;
}

/** Records that one statement inserts where it can: a call of the driver costs as much as half of what SQLite does. */
export const recordsPerInsert = 16;

interface Statements {
  readonly insert: StatementSync;
  readonly insertSeveral: StatementSync;
  readonly find: StatementSync;
}

const statementsKey = Symbol("record insertion");

const places = `(${columns.map(() => "?").join(", ")})`;

const prepareStatements = (db: DatabaseSync): Statements => ({
  insert: db.prepare(`INSERT INTO records (${columns.join(", ")}) VALUES ${places} ON CONFLICT DO NOTHING`),
  insertSeveral: db.prepare(
    `INSERT INTO records (${columns.join(", ")}) VALUES ${new Array(recordsPerInsert).fill(places).join(", ")}`,
  ),
  find: db.prepare(
    `SELECT ${recordColumns}, r.fingerprint FROM ${recordSource} WHERE r.organization_id = ? AND r.id = ?`,
  ),
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

/**
 * Inserts a record and adds it to the rollups; false, and nothing done, where its id is taken. In the caller's
 * transaction.
 */
export function insertRecord(store: StoreThread, rollups: RollupChanges, record: PreparedRecord): boolean {
  const interning = interningOf(store);
  const values: SQLInputValue[] = [];
  pushValues(values, interning, record);
  if (statementsOf(store).insert.run(...values).changes === 0) return false;
  addToRollups(rollups, interning, record);
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
  for (const record of records) addToRollups(rollups, interning, record);
  return true;
}

/** The values of a record's columns, in the order of `columns`. */
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
    record.priceVersionId,
    record.rule === null ? null : interning.ruleId(record.rule),
    record.unpricedReason,
    record.quantities,
    record.lines,
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

function addToRollups(rollups: RollupChanges, interning: Interning, record: PreparedRecord): void {
  const { totals } = record;
  rollups.add({
    organizationId: record.organizationId,
    seriesId: interning.seriesId(record.series),
    userId: record.userId,
    occurredAtMs: record.occurredAtMs,
    requests: record.requests,
    errors: record.isError * record.requests,
    inputTokens: totals.input,
    outputTokens: totals.output,
    cachedTokens: totals.cacheRead,
    cacheWriteTokens: totals.cacheWrite,
    reasoningTokens: totals.reasoning,
    costMilli: record.costMilli ?? 0,
    costPico: record.costPico ?? 0,
  });
}

/** A record that was just inserted, as it would be read back. */
export const rowOf = (record: PreparedRecord): RecordRow => ({
  organization_id: record.organizationId,
  id: record.id,
  external_id: record.externalId,
  entry: record.entry,
  state: record.state,
  user_id: record.userId,
  occurred_at: record.occurredAtMs,
  received_at: record.receivedAtMs,
  updated_at: null,
  requests: record.requests,
  input_tokens: record.totals.input,
  output_tokens: record.totals.output,
  cached_tokens: record.totals.cacheRead,
  cache_write_tokens: record.totals.cacheWrite,
  reasoning_tokens: record.totals.reasoning,
  cost_milli: record.costMilli,
  cost_pico: record.costPico,
  price_version_id: record.priceVersionId,
  unpriced_reason: record.unpricedReason,
  quantities: record.quantities,
  usage_status: record.usageStatus,
  is_error: record.isError,
  is_stream: record.isStream,
  latency_ms: record.latencyMs,
  source: record.source,
  metadata: record.metadata,
  provider: record.series.provider,
  model: record.series.model,
  resolved_model: record.series.resolvedModel,
  project_id: record.series.projectId,
  service_tier: record.series.serviceTier,
  region: record.series.region,
  currency: record.series.currency,
  cost_status: record.series.costStatus,
  tags: record.series.tags,
  corrected_milli: null,
  corrected_pico: null,
  corrected_price_version_id: null,
});
