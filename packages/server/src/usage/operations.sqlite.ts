import type { CostRecord, Explanation, UsageRecord } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { Refusal } from "../refusal.ts";
import { type SqliteOperation, type StoreThread, sqliteOperation } from "../sqlite/operation.ts";
import { checkLedger, type LedgerCheck, type LedgerCheckOptions } from "./check-ledger.ts";
import { findLedgerRow, type LedgerRow, relabelLedgerRow, voidLedgerRow } from "./corrections.sqlite.ts";
import { explainRecord } from "./explain-record.sqlite.ts";
import { LabelProblem, readJsonObject, readTags } from "./read-labels.ts";
import { readRecordId } from "./record-id.ts";
import { toCostRecord, toUsageRecord } from "./record-row.ts";

/** Names a record by the id that its caller knows. */
export interface RecordName {
  readonly organizationId: string;
  readonly id: string;
}

/** Labels to be changed; what is absent stays. */
export interface LabelsUpdate extends RecordName {
  readonly tags?: unknown;
  readonly metadata?: unknown;
}

/** The stored record of a name, or the refusal that there is none. Works on both threads. */
function requireRecord(store: StoreThread, { organizationId, id }: RecordName): LedgerRow {
  const row = findLedgerRow(store, organizationId, readRecordId(id).bytes);
  if (row === undefined) throw new Refusal("NOT_FOUND", `there is no record with id ${id}`);
  return row;
}

export const getUsage: SqliteOperation<RecordName, UsageRecord> = sqliteOperation("usage.get", (store, name) =>
  toUsageRecord(requireRecord(store, name)),
);

const getCost: SqliteOperation<RecordName, CostRecord> = sqliteOperation("costs.get", (store, name) =>
  toCostRecord(requireRecord(store, name)),
);

export const explainUsage: SqliteOperation<RecordName, Explanation> = sqliteOperation("usage.explain", (store, name) =>
  explainRecord(store, requireRecord(store, name)),
);

/** Changes tags and metadata. Totals by tag follow at once, past months included: labels say how to look, not what was. */
export const updateLabels: SqliteOperation<LabelsUpdate, CostRecord> = sqliteOperation(
  "usage.updateLabels",
  (store, update) => {
    const row = requireRecord(store, update);
    const tags = update.tags === undefined ? row.tags : readTags(update.tags);
    const metadata =
      update.metadata === undefined ? row.metadata : readJsonObject(update.metadata, limits.metadataBytes);
    if (tags instanceof LabelProblem) throw refuseLabel("tags", tags);
    if (metadata instanceof LabelProblem) throw refuseLabel("metadata", metadata);
    relabelLedgerRow(store, row, { tags, metadata });
    return toCostRecord(requireRecord(store, update));
  },
);

const refuseLabel = (field: string, { text }: LabelProblem): Refusal =>
  new Refusal("VALIDATION_ERROR", `${field} ${text}`, { fieldErrors: { [field]: text } });

/** Voids a record by a correction with the opposite sign; nothing is erased. */
export const voidRecord: SqliteOperation<RecordName, CostRecord> = sqliteOperation("usage.void", (store, name) => {
  voidLedgerRow(store, requireRecord(store, name));
  return toCostRecord(requireRecord(store, name));
});

/** Compares rollups and lines with the records, on one snapshot. */
export const checkLedgerOperation: SqliteOperation<LedgerCheckOptions, LedgerCheck> = sqliteOperation(
  "usage.checkLedger",
  checkLedger,
);

export const usageReads = [getUsage, getCost, explainUsage, checkLedgerOperation] as const;
export const usageWrites = [updateLabels, voidRecord] as const;
