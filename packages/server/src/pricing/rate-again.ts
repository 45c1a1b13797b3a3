import { type ModelResolution, type RatedCost, rateUsage } from "@llm-cost-ops/core";
import type { StoredUsage } from "../usage/corrections.ts";
import type { PriceLookup } from "./price-lookup.ts";

export interface RatedAgain {
  readonly resolution: Extract<ModelResolution, { kind: "resolved" }>;
  readonly cost: Extract<RatedCost, { kind: "priced" }>;
  /** Why this price and these rates, in sentences for people. */
  readonly rule: string;
}

/** What today's price book makes of a stored record at the date of its call; undefined where it has no price for it. */
export function rateAgain(lookup: PriceLookup, organizationId: string, usage: StoredUsage): RatedAgain | undefined {
  const model = lookup.find(organizationId, usage.provider, usage.model);
  if (model.kind === "unknown") return undefined;
  const price = model.at(usage.occurredAtMs);
  if (price.kind === "none") return undefined;
  const { serviceTier, occurredAtMs } = usage;
  const region = usage.region ?? model.resolution.region ?? null;
  const cost = rateUsage(usage.quantities, { occurredAtMs, serviceTier, region }, price.price);
  if (cost.kind === "unpriced") return undefined;
  return { resolution: model.resolution, cost, rule: `${price.rule} ${cost.rule}` };
}
