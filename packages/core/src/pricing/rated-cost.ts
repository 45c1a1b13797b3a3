import type { Pico } from "../money/money.ts";
import type { UsageKind } from "../usage/usage-kinds.ts";

/** One term of a cost: `quantity × price ÷ per × factors = amount`, rounded half to even once, at 10⁻¹². */
export interface CostLine {
  readonly kind: UsageKind;
  readonly quantity: number;
  /** The kind whose rate applied: the line's own, or an ancestor's where it has no rate (see `parentKind`). */
  readonly ratedAs: UsageKind;
  readonly price: string;
  readonly per: number;
  /** Multipliers applied after the rate, in order; empty for most. */
  readonly factors: readonly { readonly reason: string; readonly factor: string }[];
  readonly amount: Pico;
}

export type UnpricedReason =
  | "unknown_model"
  | "unknown_provider"
  | "no_price_at_date"
  | "tier_not_priced"
  | "kind_not_priced"
  | "no_usage";

/** A cost with its proof, or the reason why there is none. Unpriced is never zero. */
export type RatedCost =
  | {
      readonly kind: "priced";
      readonly priceVersionId: string;
      readonly currency: string;
      /** Which rates were chosen and why, in one sentence for people. */
      readonly rule: string;
      readonly lines: readonly CostLine[];
      readonly total: Pico;
      /** What caching saved against plain input; signed, 0 where nothing was cached, null where there is no plain price. */
      readonly cacheSavings: Pico | null;
    }
  | { readonly kind: "unpriced"; readonly reason: UnpricedReason; readonly detail: string };
