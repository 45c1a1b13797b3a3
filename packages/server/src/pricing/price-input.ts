import type { PricingInput, PricingUpdate } from "@llm-cost-ops/contract";
import {
  type Decimal,
  formatDecimal,
  isTokenKind,
  type Multiplier,
  parseDecimal,
  type Rate,
  type UsageKind,
} from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import { shiftDecimal } from "./decimal-text.ts";
import type { PriceBody } from "./price-version-row.ts";

type Structure = NonNullable<PricingInput["pricing_structure"]>;
type Terms = Omit<Structure, "type">;
type FieldErrors = Record<string, string>;

/** The fields that price one kind each; per million tokens, `price_per_request` per call. */
const kindFields = {
  input_price_per_million: "input",
  output_price_per_million: "output",
  cache_read_price_per_million: "cache_read",
  cache_write_price_per_million: "cache_write_5m",
  cache_write_1h_price_per_million: "cache_write_1h",
  price_per_request: "requests",
} as const satisfies { readonly [Field in keyof Terms]?: UsageKind };

const termFields = [
  ...(Object.keys(kindFields) as (keyof typeof kindFields)[]),
  "cached_input_discount",
  "batch_discount",
  "rates",
  "multipliers",
  "tier_mode",
  "context_basis",
] as const satisfies readonly (keyof Terms)[];

const perOf = (kind: string, per: number | undefined): number => per ?? (isTokenKind(kind) ? 1_000_000 : 1);

function refuse(fieldErrors: FieldErrors): never {
  throw new Refusal("VALIDATION_ERROR", "The price is not complete or contradicts itself.", { fieldErrors });
}

/** The terms from both places where they may stand; the same field twice with different values is refused. */
function collectTerms(input: PricingInput | PricingUpdate): Terms {
  const inner = input.pricing_structure;
  const errors: FieldErrors = {};
  const terms: Record<string, unknown> = {};
  for (const field of termFields) {
    const [outside, inside] = [input[field], inner?.[field]];
    if (outside !== undefined && inside !== undefined && JSON.stringify(outside) !== JSON.stringify(inside)) {
      errors[field] = `differs from pricing_structure.${field}`;
    }
    const value = inside ?? outside;
    if (value !== undefined) terms[field] = value;
  }
  const collected = terms as Terms;
  if (collected.cached_input_discount !== undefined && collected.cache_read_price_per_million !== undefined) {
    errors["cached_input_discount"] = "says the same as cache_read_price_per_million; name one";
  }
  if (inner?.type === "per_request" && collected.price_per_request === undefined && collected.rates === undefined) {
    errors["price_per_request"] = "is required where the type is per_request";
  }
  if (inner?.type === "rates" && collected.rates === undefined) errors["rates"] = "is required where the type is rates";
  if (Object.keys(errors).length > 0) refuse(errors);
  return collected;
}

const textOf = (value: string | number, field: string): string =>
  shiftDecimal(value) ?? refuse({ [field]: "must be a non-negative decimal number" });

const decimalOf = (text: string): Decimal => parseDecimal(text) ?? { coefficient: 0n, scale: 0 };

/** `1 − discount`, exactly. The contract keeps a discount between 0 and 1. */
function remainder(discount: string): Decimal {
  const { coefficient, scale } = decimalOf(discount);
  return { coefficient: 10n ** BigInt(scale) - coefficient, scale };
}

const times = (a: Decimal, b: Decimal): string =>
  formatDecimal({ coefficient: a.coefficient * b.coefficient, scale: a.scale + b.scale });

function rateOf(rate: NonNullable<Terms["rates"]>[number], index: number): Rate {
  return {
    // An unknown kind is refused with its field when the version is compiled.
    kind: rate.kind as UsageKind,
    price: textOf(rate.price, `rates[${index}].price`),
    per: perOf(rate.kind, rate.per),
    ...(rate.above === undefined ? {} : { above: rate.above }),
    ...(rate.service_tier === undefined ? {} : { serviceTier: rate.service_tier }),
    ...(rate.region === undefined ? {} : { region: rate.region }),
    ...(rate.time_of_day === undefined ? {} : { timeOfDay: rate.time_of_day }),
  };
}

const isStandardOf =
  (kind: UsageKind) =>
  (rate: Rate): boolean =>
    rate.kind === kind && rate.serviceTier === undefined;

/** The rates of the version before, with those replaced that the terms name. */
function ratesFrom(terms: Terms, previous: PriceBody | undefined): Rate[] {
  let rates = terms.rates === undefined ? [...(previous?.rates ?? [])] : terms.rates.map(rateOf);
  for (const [field, kind] of Object.entries(kindFields) as [keyof typeof kindFields, UsageKind][]) {
    const price = terms[field];
    if (price === undefined) continue;
    rates = rates.filter((rate) => !isStandardOf(kind)(rate));
    rates.push({ kind, price: textOf(price, field), per: perOf(kind, undefined) });
  }
  return rates;
}

function multipliersFrom(terms: Terms, previous: PriceBody | undefined): Multiplier[] {
  const listed: readonly Multiplier[] =
    terms.multipliers?.map(({ service_tier, region, factor }, index) => ({
      ...(service_tier === undefined ? {} : { serviceTier: service_tier }),
      ...(region === undefined ? {} : { region }),
      factor: textOf(factor, `multipliers[${index}].factor`),
    })) ??
    previous?.multipliers ??
    [];
  if (terms.batch_discount === undefined) return [...listed];
  const factor = formatDecimal(remainder(textOf(terms.batch_discount, "batch_discount")));
  const others = listed.filter(({ serviceTier, region }) => serviceTier !== "batch" || region !== undefined);
  return [...others, { serviceTier: "batch", factor }];
}

/** Sets the price of cached input from the discount on every standard rate of input. */
function withCachedDiscount(rates: readonly Rate[], discount: string): Rate[] {
  const inputs = rates.filter(isStandardOf("input"));
  if (inputs.length === 0) refuse({ cached_input_discount: "needs a price of input to be taken from" });
  const cached = inputs.map(
    (rate): Rate => ({ ...rate, kind: "cache_read", price: times(decimalOf(rate.price), remainder(discount)) }),
  );
  return [...rates.filter((rate) => !isStandardOf("cache_read")(rate)), ...cached];
}

/**
 * A price of an organization's own from the forms in which it may be stated: named prices, `pricing_structure`, or full
 * rates. Discounts become prices exactly (input × (1 − discount)). With `previous`, what is not named stays as it was,
 * and a discount stays a discount of the new input price. Refuses with VALIDATION_ERROR, naming the field.
 *
 * @example priceBody({ input_price_per_million: 10, cached_input_discount: 0.5, … }) // cache_read at "5" per million
 */
export function priceBody(input: PricingInput | PricingUpdate, previous?: PriceBody): PriceBody {
  const terms = collectTerms(input);
  const keepsDiscount = terms.cache_read_price_per_million === undefined && terms.rates === undefined;
  const discount =
    terms.cached_input_discount === undefined
      ? keepsDiscount
        ? previous?.cachedInputDiscount
        : undefined
      : textOf(terms.cached_input_discount, "cached_input_discount");
  const stated = ratesFrom(terms, previous);
  const rates = discount === undefined ? stated : withCachedDiscount(stated, discount);
  if (rates.length === 0) refuse({ input_price_per_million: "or another price is required" });
  return {
    tierMode: terms.tier_mode ?? previous?.tierMode ?? "whole_request",
    contextBasis: terms.context_basis ?? previous?.contextBasis ?? "all_input",
    rates,
    multipliers: multipliersFrom(terms, previous),
    ...(discount === undefined ? {} : { cachedInputDiscount: discount }),
  };
}
