import type { UsageKind } from "../usage/usage-kinds.ts";

/**
 * One price of one kind, as the provider publishes it: `price` currency units for `per` units of the kind
 * (1000000 for "per million tokens", 1 for "per image", 1000 for "per thousand searches", 60000 for "per minute" in milliseconds).
 */
export interface Rate {
  readonly kind: UsageKind;
  /** Decimal string, not negative, as published. */
  readonly price: string;
  readonly per: number;
  /** Applies when the context (see `PriceVersion.contextBasis`) is larger than this many tokens. Absent: from the first token. */
  readonly above?: number;
  /** Applies to this served tier only (`batch`, `flex`, `priority`, …). Absent: the standard tier. */
  readonly serviceTier?: string;
  /** Applies to this region only. Absent: every region without a rate of its own. */
  readonly region?: string;
  /** Applies between these times of day in UTC, `[from, to)`, past midnight where `to` is not later than `from`. */
  readonly timeOfDay?: { readonly from: string; readonly to: string };
}

/**
 * A factor on the rates of a version, for tiers and regions that the provider publishes as a factor. Decimal string.
 * It applies where the version has no rate of that tier or region, and not to fees per request or tool call, which
 * providers publish outside their discounts. With both a tier and a region it takes the place of the two single factors.
 */
export interface Multiplier {
  readonly serviceTier?: string;
  readonly region?: string;
  readonly factor: string;
}

/** What a model cost from one date to another. Never edited: a change of price is a new version. */
export interface PriceVersion {
  readonly id: string;
  readonly provider: string;
  /** The canonical model name in the price book. */
  readonly model: string;
  readonly source: PriceSource;
  readonly currency: string;
  /** Milliseconds since the epoch, inclusive. Null: since ever. */
  readonly validFromMs: number | null;
  /** Milliseconds since the epoch, exclusive. Null: until further notice. */
  readonly validToMs: number | null;
  /** `whole_request`: the tier that the context reaches prices every token. `marginal`: each token is priced by the band in which it lies. */
  readonly tierMode: "whole_request" | "marginal";
  /** What is compared with `above`: everything read, or the fresh input alone. */
  readonly contextBasis: "all_input" | "fresh_input";
  readonly rates: readonly Rate[];
  readonly multipliers: readonly Multiplier[];
}

/** Who set a price. An organization's own price goes before the catalogue's. */
export type PriceSource =
  | { readonly kind: "organization"; readonly organizationId: string }
  | { readonly kind: "catalogue"; readonly catalogueVersion: string };

/** What rating needs to know of a call besides its quantities. */
export interface RatingContext {
  readonly occurredAtMs: number;
  /** The tier that served the call, normalised by `normalizeServiceTier`. */
  readonly serviceTier: string;
  readonly region: string | null;
}
