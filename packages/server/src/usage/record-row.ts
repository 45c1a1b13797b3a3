import type { CostRecord, UsageRecord } from "@llm-cost-ops/contract";
import type { Pico, Quantities } from "@llm-cost-ops/core";
import { formatMoney } from "@llm-cost-ops/core";
import { formatRecordId } from "./record-id.ts";

/** Values of `records.entry`. */
export const entryCodes = { usage: 0, cost: 1, correction: 2 } as const;

/**
 * Bits of `records.state`. `savingUnknown`: of a record, that nobody knows any more what caching saved, though corrections
 * moved it; of a correction, that nobody knew before it.
 */
export const stateBits = { corrected: 1, voided: 2, waitsForPrice: 4, savingUnknown: 8 } as const;

/** `records.usage_status` is the position in this list. */
export const usageStatusNames = ["reported", "estimated", "partial", "void"] as const;

/** Stands in `series.provider` where nobody said or could tell who served the call. */
export const unknownName = "unknown";

const picoPerMilli = 1_000_000_000n;

/** Money from its two limbs: thousandths of the unit and the remaining 10⁻¹². */
export const picoFromLimbs = (milli: number | bigint, pico: number | bigint): Pico =>
  BigInt(milli) * picoPerMilli + BigInt(pico);

/** Money as two limbs: thousandths, floored, and the remaining 10⁻¹² from 0 to 999,999,999. */
export function limbsFromPico(amount: Pico): { readonly milli: bigint; readonly pico: bigint } {
  let milli = amount / picoPerMilli;
  let pico = amount % picoPerMilli;
  if (pico < 0n) {
    milli -= 1n;
    pico += picoPerMilli;
  }
  return { milli, pico };
}

/** One record with its dimensions and the sum of its corrections, as `recordColumns` selects it. */
export interface RecordRow {
  readonly organization_id: string;
  readonly id: Uint8Array;
  readonly external_id: string | null;
  readonly entry: number;
  readonly state: number;
  readonly user_id: string | null;
  readonly occurred_at: number;
  readonly received_at: number;
  readonly updated_at: number | null;
  readonly requests: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_tokens: number;
  readonly cache_write_tokens: number;
  readonly reasoning_tokens: number;
  readonly cost_milli: number | null;
  readonly cost_pico: number | null;
  /** What caching saved, in the same limbs; null where nobody knows. */
  readonly saved_milli: number | null;
  readonly saved_pico: number | null;
  readonly price_version_id: string | null;
  readonly unpriced_reason: string | null;
  readonly quantities: string;
  readonly usage_status: number;
  readonly is_error: number;
  readonly is_stream: number;
  readonly latency_ms: number | null;
  readonly source: string;
  readonly metadata: string | null;
  readonly provider: string;
  readonly model: string;
  readonly resolved_model: string | null;
  readonly project_id: string | null;
  readonly service_tier: string;
  readonly region: string | null;
  readonly currency: string | null;
  readonly cost_status: string;
  readonly tags: string;
  readonly api_key_id: string | null;
  /** Sums over the record's corrections; null where it has none, or none with money. */
  readonly corrected_milli: number | null;
  readonly corrected_pico: number | null;
  readonly corrected_saved_milli: number | null;
  readonly corrected_saved_pico: number | null;
  /** The price version that the newest correction applied; null where none did. */
  readonly corrected_price_version_id: string | null;
}

/** Corrections by the record that they correct. Unasked, SQLite reads all of the organization for each of them. */
export const byCorrectedRecord = "INDEXED BY records_by_corrected";

/**
 * An expression over the corrections `c` of a record `r`, NULL where it has none. They have the record's time, which tells
 * a store that divides records by time where to look; `rest` may say more of it, and in which order.
 */
export const ofCorrections = (expression: string, rest = ""): string =>
  `CASE WHEN (r.state & ${stateBits.corrected}) <> 0 THEN (SELECT ${expression} FROM records c ${byCorrectedRecord}
    WHERE c.organization_id = r.organization_id AND c.corrects_id = r.id AND c.occurred_at = r.occurred_at ${rest}) END`;

/** The select list of a `RecordRow` but for its corrections. */
export const uncorrectedColumns = `r.organization_id, r.id, r.external_id, r.entry, r.state, r.user_id, r.occurred_at,
  r.received_at, r.updated_at, r.requests, r.input_tokens, r.output_tokens, r.cached_tokens, r.cache_write_tokens,
  r.reasoning_tokens, r.cost_milli, r.cost_pico, r.saved_milli, r.saved_pico, r.price_version_id, r.unpriced_reason,
  r.quantities, r.usage_status, r.is_error, r.is_stream, r.latency_ms, r.source, r.metadata,
  s.provider, s.model, s.resolved_model, s.project_id, s.service_tier, s.region, s.currency, s.cost_status, s.tags,
  s.api_key_id`;

/** The select list of a `RecordRow`, for `recordSource`. `where` says more of the corrections. */
export const recordColumnsWhere = (where: string): string => `${uncorrectedColumns},
  ${ofCorrections("sum(c.cost_milli)", where)} AS corrected_milli,
  ${ofCorrections("sum(c.cost_pico)", where)} AS corrected_pico,
  ${ofCorrections("sum(c.saved_milli)", where)} AS corrected_saved_milli,
  ${ofCorrections("sum(c.saved_pico)", where)} AS corrected_saved_pico,
  ${ofCorrections("c.price_version_id", `${where} AND c.price_version_id IS NOT NULL ORDER BY c.id DESC LIMIT 1`)}
    AS corrected_price_version_id`;

/** The select list of a `RecordRow`, for `recordSource`. */
export const recordColumns = recordColumnsWhere("");

/** Records `r` joined with their series `s`. Corrections (`r.entry = 2`) are rows of it as well: filter where unwanted. */
export const recordSource =
  "records r JOIN series s ON s.organization_id = r.organization_id AND s.series_id = r.series_id";

/** What the record costs now: its own cost and all corrections. Null while unpriced, and for calls that cost nothing. */
export function effectiveCost(row: RecordRow): Pico | null {
  if (row.cost_milli === null && row.corrected_milli === null) return null;
  return (
    picoFromLimbs(row.cost_milli ?? 0, row.cost_pico ?? 0) +
    picoFromLimbs(row.corrected_milli ?? 0, row.corrected_pico ?? 0)
  );
}

/** What caching saved on the record as it is priced now. Null where nobody knows: of records of before it was computed too. */
export function effectiveSaving(row: RecordRow): Pico | null {
  if ((row.state & stateBits.savingUnknown) !== 0) return null;
  if (row.saved_milli === null && row.corrected_saved_milli === null) return null;
  return (
    picoFromLimbs(row.saved_milli ?? 0, row.saved_pico ?? 0) +
    picoFromLimbs(row.corrected_saved_milli ?? 0, row.corrected_saved_pico ?? 0)
  );
}

/** What the record cost when it was recorded, before any correction. Null where it had no price then. */
export const originalCost = (row: RecordRow): Pico | null =>
  row.cost_milli === null ? null : picoFromLimbs(row.cost_milli, row.cost_pico ?? 0);

/** `priced`, `unpriced`, `reported`, or `void` for what was deleted or never charged. */
export const costStatusOf = (row: RecordRow): UsageRecord["cost_status"] =>
  (row.state & stateBits.voided) !== 0 ? "void" : (row.cost_status as UsageRecord["cost_status"]);

/** How well the record's quantities are known; also of a record whose series is from before it was a dimension. */
export const usageStatusOf = (row: RecordRow): UsageRecord["usage_status"] =>
  usageStatusNames[row.usage_status] ?? "reported";

/** The record as it goes over the wire. */
export function toUsageRecord(row: RecordRow): UsageRecord {
  const cost = effectiveCost(row);
  const saving = effectiveSaving(row);
  return {
    id: formatRecordId(row.id, row.external_id),
    organization_id: row.organization_id,
    project_id: row.project_id,
    user_id: row.user_id,
    provider: row.provider,
    model: row.model,
    resolved_model: row.resolved_model,
    occurred_at: new Date(row.occurred_at).toISOString(),
    received_at: new Date(row.received_at).toISOString(),
    input_tokens: row.input_tokens,
    output_tokens: row.output_tokens,
    total_tokens: row.input_tokens + row.output_tokens,
    cached_tokens: row.cached_tokens,
    cache_write_tokens: row.cache_write_tokens,
    reasoning_tokens: row.reasoning_tokens,
    quantities: JSON.parse(row.quantities) as Quantities as Record<string, number>,
    usage_status: usageStatusOf(row),
    service_tier: row.service_tier,
    region: row.region,
    latency_ms: row.latency_ms,
    status: row.is_error === 0 ? "success" : "error",
    stream: row.is_stream !== 0,
    cost_status: costStatusOf(row),
    total_cost: cost === null ? null : formatMoney(cost),
    cache_savings: saving === null ? null : formatMoney(saving),
    currency: cost === null ? null : row.currency,
    unpriced_reason: costStatusOf(row) === "unpriced" ? row.unpriced_reason : null,
    price_version: row.corrected_price_version_id ?? row.price_version_id,
    source: row.source,
    tags: JSON.parse(row.tags) as Record<string, string>,
    metadata: row.metadata === null ? {} : (JSON.parse(row.metadata) as Record<string, unknown>),
    api_key_id: row.api_key_id,
  };
}

/** The cost side of the record as it goes over the wire. */
export function toCostRecord(row: RecordRow): CostRecord {
  const cost = effectiveCost(row);
  const saving = effectiveSaving(row);
  const id = formatRecordId(row.id, row.external_id);
  return {
    id,
    usage_id: row.entry === entryCodes.usage ? id : null,
    organization_id: row.organization_id,
    project_id: row.project_id,
    user_id: row.user_id,
    provider: row.provider,
    model: row.model,
    resolved_model: row.resolved_model,
    service_tier: row.service_tier,
    region: row.region,
    occurred_at: new Date(row.occurred_at).toISOString(),
    created_at: new Date(row.received_at).toISOString(),
    updated_at: new Date(row.updated_at ?? row.received_at).toISOString(),
    tokens_used: row.input_tokens + row.output_tokens,
    input_tokens: row.input_tokens,
    output_tokens: row.output_tokens,
    cached_tokens: row.cached_tokens,
    cache_write_tokens: row.cache_write_tokens,
    reasoning_tokens: row.reasoning_tokens,
    total_cost: cost === null ? null : formatMoney(cost),
    cache_savings: saving === null ? null : formatMoney(saving),
    currency: cost === null ? null : row.currency,
    cost_status: costStatusOf(row),
    usage_status: usageStatusOf(row),
    unpriced_reason: costStatusOf(row) === "unpriced" ? row.unpriced_reason : null,
    price_version: row.corrected_price_version_id ?? row.price_version_id,
    corrected: (row.state & stateBits.corrected) !== 0,
    tags: JSON.parse(row.tags) as Record<string, string>,
    metadata: row.metadata === null ? {} : (JSON.parse(row.metadata) as Record<string, unknown>),
    api_key_id: row.api_key_id,
  };
}
