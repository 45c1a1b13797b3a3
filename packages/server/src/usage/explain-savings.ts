import {
  type CacheSaving,
  compilePriceVersion,
  explainCacheSavings,
  type PriceVersion,
  type Quantities,
  rateUsage,
} from "@llm-cost-ops/core";
import { withRequest } from "./measure-usage.ts";
import { effectiveCost, effectiveSaving, type RecordRow, stateBits } from "./record-row.ts";

export interface ExplainedSavings {
  readonly parts: readonly CacheSaving[];
  /** False where the record's price gives another saving than is stored. */
  readonly isProved: boolean;
}

const nothing: ExplainedSavings = { parts: [], isProved: true };

/**
 * How what caching saved on a record came about, computed again by the price version that holds for it. Nothing where
 * nobody knows it, where it was taken back, where no single version holds, and where that version no longer gives the
 * record's cost: the plain prices of its call are not to be had then.
 */
export function explainSavings(row: RecordRow, version: PriceVersion | undefined): ExplainedSavings {
  const saving = effectiveSaving(row);
  if (version === undefined || saving === null || (row.state & stateBits.voided) !== 0) return nothing;
  const compiled = compilePriceVersion(version);
  const quantities = withRequest(JSON.parse(row.quantities) as Quantities);
  const context = { occurredAtMs: row.occurred_at, serviceTier: row.service_tier, region: row.region };
  const rated = rateUsage(quantities, context, compiled);
  if (rated.kind === "unpriced" || rated.total !== effectiveCost(row)) return nothing;
  return { parts: explainCacheSavings(quantities, context, compiled), isProved: rated.cacheSavings === saving };
}
