import type { MatchClause, Multiplier, Rate } from "@llm-cost-ops/core";
import type { PriceBody } from "../price-version-row.ts";

/** What a model cost in one stretch of time, as its source says. */
export interface CataloguePrice extends Omit<PriceBody, "cachedInputDiscount"> {
  readonly currency: string;
  /** Milliseconds since the epoch. Null: the source gives no date. */
  readonly validFromMs: number | null;
  readonly validToMs: number | null;
}

export interface CatalogueModel {
  readonly model: string;
  readonly match?: MatchClause;
  /** In order of time, without overlaps. */
  readonly prices: readonly CataloguePrice[];
}

export interface CatalogueProvider {
  readonly id: string;
  readonly name: string;
  readonly models: readonly CatalogueModel[];
  readonly aliases: readonly { readonly alias: string; readonly model: string }[];
}

/** A price list in one form, whatever its source. */
export interface Catalogue {
  readonly providers: readonly CatalogueProvider[];
}

/** Something in a source that has no place in the price book; it is reported, never dropped in silence. */
export interface CatalogueProblem {
  /** Where it stands, such as `openai/whisper-1`. */
  readonly entry: string;
  readonly message: string;
}

export interface ReadCatalogue {
  readonly catalogue: Catalogue;
  readonly problems: readonly CatalogueProblem[];
}

/** A rate with its fields in one order, so that equal rates have equal JSON. */
function orderedRate(rate: Rate): Rate {
  const { kind, price, per, above, serviceTier, region, timeOfDay } = rate;
  return {
    kind,
    price,
    per,
    ...(above === undefined ? {} : { above }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(region === undefined ? {} : { region }),
    ...(timeOfDay === undefined ? {} : { timeOfDay: { from: timeOfDay.from, to: timeOfDay.to } }),
  };
}

function orderedMultiplier({ serviceTier, region, factor }: Multiplier): Multiplier {
  return {
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(region === undefined ? {} : { region }),
    factor,
  };
}

const byJson = (a: object, b: object): number => {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
};

/** A price body in one form: equal prices have equal text, whatever the order in which a source lists them. */
export function canonicalBody({ tierMode, contextBasis, rates, multipliers, cachedInputDiscount }: PriceBody): string {
  return JSON.stringify({
    tierMode,
    contextBasis,
    rates: rates.map(orderedRate).sort(byJson),
    multipliers: multipliers.map(orderedMultiplier).sort(byJson),
    ...(cachedInputDiscount === undefined ? {} : { cachedInputDiscount }),
  });
}
