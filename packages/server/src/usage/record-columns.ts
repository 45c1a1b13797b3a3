import type { PreparedRecord } from "./prepare-record.ts";
import type { RecordRow } from "./record-row.ts";
import type { RollupShare } from "./rollups.ts";

/** The columns of `records` that a new record fills; the others are for corrections. */
export const newRecordColumns = [
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

/** A new record's share in its rollups. */
export const shareOf = (record: PreparedRecord, seriesId: number): RollupShare => ({
  organizationId: record.organizationId,
  seriesId,
  userId: record.userId,
  occurredAtMs: record.occurredAtMs,
  requests: record.requests,
  errors: record.isError * record.requests,
  inputTokens: record.totals.input,
  outputTokens: record.totals.output,
  cachedTokens: record.totals.cacheRead,
  cacheWriteTokens: record.totals.cacheWrite,
  reasoningTokens: record.totals.reasoning,
  costMilli: record.costMilli ?? 0,
  costPico: record.costPico ?? 0,
});

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
  api_key_id: record.series.apiKeyId,
  corrected_milli: null,
  corrected_pico: null,
  corrected_price_version_id: null,
});
