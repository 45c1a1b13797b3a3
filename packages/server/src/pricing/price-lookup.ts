import type { CompiledPrice, ModelResolution } from "@llm-cost-ops/core";

/** A model's prices, ready for rating. */
export type ModelPrice =
  | {
      readonly kind: "known";
      readonly provider: string;
      readonly model: string;
      readonly resolution: Extract<ModelResolution, { kind: "resolved" }>;
      readonly at: (occurredAtMs: number) => PriceAt;
    }
  | { readonly kind: "unknown"; readonly reason: "unknown_model" | "unknown_provider"; readonly detail: string };

export type PriceAt =
  | { readonly kind: "found"; readonly price: CompiledPrice; readonly rule: string }
  | { readonly kind: "none"; readonly reason: "no_price_at_date"; readonly detail: string };

/** Finds prices synchronously on the writer thread, from a cache that other processes' changes invalidate. */
export interface PriceLookup {
  /** To be called at the start of each transaction: forgets everything if the price book has a newer revision. */
  refresh(): void;
  /** Cheap when asked again: one map look-up. Without a provider the model's own family decides. */
  find(organizationId: string, provider: string | undefined, model: string): ModelPrice;
}
