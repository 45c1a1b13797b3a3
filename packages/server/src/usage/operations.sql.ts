import { limits } from "@llm-cost-ops/contract/limits";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { isRecordWithin, type RecordScope } from "../identity/record-scope.ts";
import { Refusal } from "../refusal.ts";
import { readKeptFrom, unlessDropped } from "../retention/kept-from.ts";
import type { StoreConnection } from "../store/connection.ts";
import { storeChange, storeRead } from "../store/operation.ts";
import { relabelLedgerRow, voidLedgerRow } from "./corrections.sql.ts";
import { explainRecord } from "./explain-record.sql.ts";
import { LabelProblem, readJsonObject, readTags } from "./read-labels.ts";
import { readRecordId } from "./record-id.ts";
import { toCostRecord, toUsageRecord } from "./record-row.ts";
import { findLedgerRows, type LedgerRow, recordKey } from "./record-store.sql.ts";

/** Names a record by the id that its caller knows. */
export interface RecordName {
  readonly organizationId: string;
  readonly id: string;
  /** The part of the records that the caller is limited to: all others do not exist. */
  readonly within?: RecordScope | undefined;
}

/** Labels to be changed; what is absent stays. */
export interface LabelsUpdate extends RecordName {
  readonly tags?: unknown;
  readonly metadata?: unknown;
}

/** The stored record of a name, or the refusal that there is none. */
async function requireRecord(
  connection: StoreConnection,
  { organizationId, id, within }: RecordName,
): Promise<LedgerRow> {
  const { bytes } = readRecordId(id);
  const row = (await findLedgerRows(connection, organizationId, [bytes])).get(recordKey(bytes));
  const keptFromMs = await readKeptFrom(connection);
  if (row === undefined || row.occurred_at < keptFromMs || !isRecordWithin(row, within)) {
    throw new Refusal("NOT_FOUND", `there is no record with id ${id}${unlessDropped(keptFromMs)}`);
  }
  return row;
}

export const getUsage = storeRead("usage.get", async (connection, name: RecordName) =>
  toUsageRecord(await requireRecord(connection, name)),
);

export const explainUsage = storeRead("usage.explain", async (connection, name: RecordName) =>
  explainRecord(connection, await requireRecord(connection, name)),
);

/** Changes tags and metadata. Totals by tag follow at once, past months included: labels say how to look, not what was. */
export const updateLabels = storeChange("usage.updateLabels", async (connection, update: LabelsUpdate) => {
  const row = await requireRecord(connection, update);
  const tags = update.tags === undefined ? row.tags : readTags(update.tags);
  const metadata = update.metadata === undefined ? row.metadata : readJsonObject(update.metadata, limits.metadataBytes);
  if (tags instanceof LabelProblem) throw refuseLabel("tags", tags);
  if (metadata instanceof LabelProblem) throw refuseLabel("metadata", metadata);
  await relabelLedgerRow(connection, row, { tags, metadata });
  const before = toCostRecord(row);
  const after = toCostRecord(await requireRecord(connection, update));
  await recordChange(connection, {
    organizationId: update.organizationId,
    action: "costs.update",
    resource: { type: "cost", id: after.id },
    before: { tags: before.tags, metadata: before.metadata },
    after: { tags: after.tags, metadata: after.metadata },
  });
  return after;
});

const refuseLabel = (field: string, { text }: LabelProblem): Refusal =>
  new Refusal("VALIDATION_ERROR", `${field} ${text}`, { fieldErrors: { [field]: text } });

/** Voids a record by a correction with the opposite sign; nothing is erased. */
export const voidRecord = storeChange("usage.void", async (connection, name: RecordName) => {
  const row = await requireRecord(connection, name);
  const before = toCostRecord(row);
  if (before.cost_status === "void") return before;
  await voidLedgerRow(connection, row);
  const after = toCostRecord(await requireRecord(connection, name));
  await recordChange(connection, {
    organizationId: name.organizationId,
    action: "costs.delete",
    resource: { type: "cost", id: after.id },
    before: { cost_status: before.cost_status, total_cost: before.total_cost, currency: before.currency },
    after: { cost_status: after.cost_status, total_cost: after.total_cost, currency: after.currency },
  });
  return after;
});

/** For the registry. */
export const usageOperations = [getUsage, explainUsage, updateLabels, voidRecord] as const;
