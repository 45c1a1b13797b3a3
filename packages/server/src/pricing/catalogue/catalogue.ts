import { type MatchClause, type Multiplier, type Rate, usageKinds } from "@llm-cost-ops/core";
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

/** Kinds in the order of the glossary; of one kind the plainest rate first. */
const rateOrder = ({ kind, serviceTier = "", region = "", above = -1, timeOfDay }: Rate) =>
  [usageKinds.indexOf(kind), serviceTier, region, above, timeOfDay?.from ?? "", timeOfDay?.to ?? ""] as const;
const multiplierOrder = ({ serviceTier = "", region = "" }: Multiplier) => [serviceTier, region] as const;

function inOrder<T>(list: readonly T[], order: (one: T) => readonly (string | number)[]): T[] {
  const compare = (a: readonly (string | number)[], b: readonly (string | number)[]): number => {
    const at = a.findIndex((part, index) => part !== b[index]);
    if (at === -1) return 0;
    return (a[at] ?? "") < (b[at] ?? "") ? -1 : 1;
  };
  return [...list].sort((a, b) => compare(order(a), order(b)));
}

/** A price body in one form: equal prices have equal text, whatever the order in which a source lists them. */
export function canonicalBody({ tierMode, contextBasis, rates, multipliers, cachedInputDiscount }: PriceBody): string {
  return JSON.stringify({
    tierMode,
    contextBasis,
    rates: inOrder(rates.map(orderedRate), rateOrder),
    multipliers: inOrder(multipliers.map(orderedMultiplier), multiplierOrder),
    ...(cachedInputDiscount === undefined ? {} : { cachedInputDiscount }),
  });
}
