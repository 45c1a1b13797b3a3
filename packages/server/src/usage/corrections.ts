import type { CostLine, Pico, Quantities } from "@llm-cost-ops/core";

/** Why a correction was made. */
export type CorrectionReason = "late_price" | "reprice" | "reprice_undo" | "void";

/**
 * A change of a record's cost, to be appended beside it. Nothing of the record's own cost is edited: what it costs is
 * its own cost and the sum of its corrections.
 */
export interface CorrectionInput {
  /** The 16 bytes of the record, as `StoredUsage.id` gives them. */
  readonly recordId: Uint8Array;
  readonly reason: Exclude<CorrectionReason, "void">;
  /** The signed difference: the whole cost for `late_price`, new − present for `reprice`, −applied for `reprice_undo`. */
  readonly amount: Pico;
  /** The record's own currency; only a `late_price` brings a new one. */
  readonly currency: string;
  /** The price version that holds for the record from now on. */
  readonly priceVersionId: string | null;
  /** Why the rate was chosen, in one sentence. */
  readonly rule: string | null;
  /** The lines that prove the new cost (not the difference). */
  readonly lines: readonly CostLine[];
  /** What caching saves by the new cost, null where nobody knows; an undoing takes back what its repricing made of it. */
  readonly saving: Pico | null | "as before";
  readonly repricingId: string | null;
  /** How the model was found; for `late_price`, whose record moves to the series of the resolved model. */
  readonly resolution?: {
    readonly provider: string;
    readonly model: string;
    readonly rule: string;
    readonly detail: string;
    readonly region?: string;
  };
}

/** A stored record as far as rating it again needs it. */
export interface StoredUsage {
  readonly id: Uint8Array;
  /** Undefined where the provider is unknown and the model's own family must decide. */
  readonly provider: string | undefined;
  readonly model: string;
  readonly resolvedModel: string | null;
  readonly serviceTier: string;
  readonly region: string | null;
  readonly occurredAtMs: number;
  /** Disjoint kinds, the implied single request included. */
  readonly quantities: Quantities;
  /** Null while unpriced. */
  readonly cost: Pico | null;
  /** What caching saved; null where nobody knows. */
  readonly saving: Pico | null;
  readonly currency: string | null;
  readonly priceVersionId: string | null;
  /** To be passed on as `after` to read on behind this record. */
  readonly cursor: RatingCursor;
}

export interface RatingCursor {
  readonly position: number;
  readonly id: Uint8Array;
}

/** Which records to load: those that wait for a price, or the priced ones of a period `[fromMs, toMs)`. */
export type RatingSelection =
  | { readonly which: "waiting"; readonly after?: RatingCursor; readonly limit: number }
  | {
      readonly which: "priced";
      readonly fromMs?: number;
      readonly toMs?: number;
      /** Canonical provider id. */
      readonly provider?: string;
      /** The model as sent or as resolved. */
      readonly model?: string;
      readonly after?: RatingCursor;
      readonly limit: number;
    };

/** One correction that a repricing appended, for undoing it. */
export interface AppliedCorrection {
  readonly id: Uint8Array;
  readonly recordId: Uint8Array;
  readonly reason: CorrectionReason;
  readonly amount: Pico;
  readonly currency: string;
  /** The price version and the rule that held for the record before this correction. */
  readonly previousPriceVersionId: string | null;
  readonly cursor: RatingCursor;
}
