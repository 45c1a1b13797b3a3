import type { UsageBatchItem, Warning } from "@llm-cost-ops/contract";
import { formatMoney } from "@llm-cost-ops/core";
import { GrowingBytes } from "../store/growing-bytes.ts";
import type { RecordedItem } from "./ledger.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { priceWarning } from "./price-warning.ts";
import { formatRecordId } from "./record-id.ts";
import { costStatusOf, effectiveCost, entryCodes, type RecordRow, toCostRecord, toUsageRecord } from "./record-row.ts";
import type { RejectedRecord } from "./rejected-record.ts";

/** A record that was not stored, under the id that its caller gave it. */
export class RejectedOutcome {
  readonly kind = "rejected";
  readonly id: string | null;
  readonly rejection: RejectedRecord;

  constructor(id: string | null, rejection: RejectedRecord) {
    this.id = id;
    this.rejection = rejection;
  }
}

/** What became of one record: stored now, stored before, or not at all. */
export type RecordOutcome =
  | { readonly kind: "recorded"; readonly record: PreparedRecord }
  | { readonly kind: "duplicate"; readonly record: PreparedRecord; readonly row: RecordRow }
  | RejectedOutcome;

/** An id as JSON; what has no text of its own is a UUID, which needs no care. */
function addQuotedId(bytes: GrowingBytes, { externalId, idText }: PreparedRecord): void {
  if (externalId !== null) {
    bytes.addText(JSON.stringify(idText));
    return;
  }
  bytes.addAscii('"');
  bytes.addAscii(idText);
  bytes.addAscii('"');
}

/** Money from non-negative limbs as its shortest decimal text; the same as `formatMoney`, without a bigint. */
function moneyText(milli: number, pico: number): string {
  if (milli < 0) return formatMoney(BigInt(milli) * 1_000_000_000n + BigInt(pico));
  const whole = Math.floor(milli / 1_000);
  let fraction = (milli - whole * 1_000) * 1_000_000_000 + pico;
  if (fraction === 0) return String(whole);
  let digits = 12;
  while (fraction % 1_000 === 0) {
    fraction /= 1_000;
    digits -= 3;
  }
  while (fraction % 10 === 0) {
    fraction /= 10;
    digits -= 1;
  }
  const text = String(fraction);
  return `${whole}.${zeros[digits - text.length]}${text}`;
}

const zeros: readonly string[] = Array.from({ length: 13 }, (_, count) => "0".repeat(count));

/** The warnings of a record: what reading it found, and that it has no price. */
export function warningsOf(record: PreparedRecord, row: RecordRow | undefined): readonly Warning[] {
  const isUnpriced = row === undefined ? record.series.costStatus === "unpriced" : costStatusOf(row) === "unpriced";
  if (!isUnpriced) return record.warnings;
  const unpriced = priceWarning({
    reason: row?.unpriced_reason ?? record.unpricedReason ?? "unknown_model",
    provider: row?.provider ?? record.series.provider,
    model: record.series.model,
    occurredAtMs: row?.occurred_at ?? record.occurredAtMs,
    serviceTier: record.series.serviceTier,
  });
  return [...record.warnings, unpriced];
}

/** One item of `UsageBatchResult` as JSON text. */
export function itemText(index: number, outcome: RecordOutcome): string {
  const bytes = new GrowingBytes(itemBytes);
  addItem(bytes, index, outcome);
  return bytes.toString();
}

const itemBytes = 256;

/** Adds one item of `UsageBatchResult` as JSON. */
export function addItem(bytes: GrowingBytes, index: number, outcome: RecordOutcome): void {
  if (outcome.kind !== "recorded") {
    bytes.addText(rarerItemText(index, outcome));
    return;
  }
  const { record } = outcome;
  const { costMilli, costPico } = record;
  const { costStatus, currency } = record.series;
  bytes.addAscii('{"index":');
  bytes.addWhole(index);
  bytes.addAscii(',"id":');
  addQuotedId(bytes, record);
  bytes.addAscii(',"status":"recorded","cost_status":"');
  bytes.addAscii(costStatus);
  if (costMilli === null) bytes.addAscii('","total_cost":null');
  else {
    bytes.addAscii('","total_cost":"');
    bytes.addAscii(moneyText(costMilli, costPico ?? 0));
    bytes.addAscii('"');
  }
  if (currency === null) bytes.addAscii(',"currency":null');
  else {
    bytes.addAscii(',"currency":"');
    bytes.addText(currency);
    bytes.addAscii('"');
  }
  if (costStatus === "unpriced" || record.warnings.length > 0) {
    bytes.addText(`,"warnings":${JSON.stringify(warningsOf(record, undefined))}`);
  }
  bytes.addAscii("}");
}

function rarerItemText(index: number, outcome: Exclude<RecordOutcome, { readonly kind: "recorded" }>): string {
  if (outcome.kind === "rejected") {
    const { code, message, fieldErrors } = outcome.rejection;
    const error = { code, message, ...(fieldErrors === undefined ? {} : { field_errors: fieldErrors }) };
    return `{"index":${index},"id":${JSON.stringify(outcome.id)},"status":"rejected","error":${JSON.stringify(error)}}`;
  }
  return JSON.stringify(duplicateItem(index, outcome.record, outcome.row));
}

function duplicateItem(index: number, record: PreparedRecord, row: RecordRow): UsageBatchItem {
  const cost = effectiveCost(row);
  const warnings = warningsOf(record, row);
  return {
    index,
    id: formatRecordId(row.id, row.external_id),
    status: "duplicate",
    cost_status: costStatusOf(row),
    total_cost: cost === null ? null : formatMoney(cost),
    currency: cost === null ? null : row.currency,
    ...(warnings.length === 0 ? {} : { warnings: [...warnings] }),
  };
}

/** The answer to a single record: `UsageCreated`, or `CostCreated` for a reported cost. */
export function createdText(record: PreparedRecord, row: RecordRow, isReplay: boolean): string {
  const warnings = JSON.stringify(warningsOf(record, isReplay ? row : undefined));
  const data = record.entry === entryCodes.cost ? toCostRecord(row) : toUsageRecord(row);
  return `{"data":${JSON.stringify(data)},"warnings":${warnings}}`;
}

/** An item for callers inside the server, with what the wire's item does not carry. */
export function recordedItem(index: number, outcome: RecordOutcome): RecordedItem {
  const item = JSON.parse(itemText(index, outcome)) as UsageBatchItem;
  if (outcome.kind === "rejected") return item;
  const row = outcome.kind === "duplicate" ? outcome.row : undefined;
  const reason = row === undefined ? outcome.record.unpricedReason : row.unpriced_reason;
  return {
    ...item,
    provider: row?.provider ?? outcome.record.series.provider,
    model: row?.model ?? outcome.record.series.model,
    ...(item.cost_status === "unpriced" && reason !== null ? { unpriced_reason: reason } : {}),
  };
}
