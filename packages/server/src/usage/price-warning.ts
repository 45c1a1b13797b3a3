import type { Warning } from "@llm-cost-ops/contract";

interface Unpriced {
  readonly reason: string;
  readonly provider: string;
  readonly model: string;
  readonly occurredAtMs: number;
  readonly serviceTier: string;
}

/** What a caller reads about a record that has no price. The same words when the record is sent again. */
export function priceWarning({ reason, provider, model, occurredAtMs, serviceTier }: Unpriced): Warning {
  const of = `${provider}/${model}`;
  const on = new Date(occurredAtMs).toISOString().slice(0, 10);
  switch (reason) {
    case "tier_not_priced":
      return { code: "COST_001", message: `Price of ${of} on ${on} has no rate for the ${serviceTier} tier` };
    case "kind_not_priced":
      return { code: "COST_001", message: `Price of ${of} on ${on} has no rate for something that the call consumed` };
    case "no_usage":
      return { code: "COST_001", message: `Nothing of what the call of ${of} on ${on} counts has a price` };
    default:
      return { code: "COST_001", message: `Pricing table not found for ${of} on ${on}` };
  }
}
