import { type ModelResolution, type RatedCost, rateUsage, type UnpricedReason } from "@llm-cost-ops/core";
import type { StoredUsage } from "../usage/corrections.ts";
import type { PriceLookup } from "./price-lookup.ts";

export interface RatedAgain {
  readonly kind: "priced";
  readonly resolution: Extract<ModelResolution, { kind: "resolved" }>;
  readonly cost: Extract<RatedCost, { kind: "priced" }>;
  /** Why this price and these rates, in sentences for people. */
  readonly rule: string;
}

/** Why today's price book has no price for a stored record. */
export interface NotRated {
  readonly kind: "unpriced";
  readonly reason: UnpricedReason;
}

/** What today's price book makes of a stored record at the date of its call; undefined where it has no price for it. */
export function rateAgain(lookup: PriceLookup, organizationId: string, usage: StoredUsage): RatedAgain | undefined {
  const again = rateOrSayWhyNot(lookup, organizationId, usage);
  return again.kind === "priced" ? again : undefined;
}

/** The same, with the reason where there is no price. */
export function rateOrSayWhyNot(
  lookup: PriceLookup,
  organizationId: string,
  usage: StoredUsage,
): RatedAgain | NotRated {
  const model = lookup.find(organizationId, usage.provider, usage.model);
  if (model.kind === "unknown") return { kind: "unpriced", reason: model.reason };
  const price = model.at(usage.occurredAtMs);
  if (price.kind === "none") return { kind: "unpriced", reason: price.reason };
  const { serviceTier, occurredAtMs } = usage;
  const region = usage.region ?? model.resolution.region ?? null;
  const cost = rateUsage(usage.quantities, { occurredAtMs, serviceTier, region }, price.price);
  if (cost.kind === "unpriced") return { kind: "unpriced", reason: cost.reason };
  return { kind: "priced", resolution: model.resolution, cost, rule: `${price.rule} ${cost.rule}` };
}
