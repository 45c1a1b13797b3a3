import type { MatchClause, Rate } from "@llm-cost-ops/core";
import { parseInstant } from "@llm-cost-ops/core";
import { shiftDecimal } from "../decimal-text.ts";
import type {
  CatalogueModel,
  CataloguePrice,
  CatalogueProblem,
  CatalogueProvider,
  ReadCatalogue,
} from "./catalogue.ts";
import { genaiUnits, genaiUnmapped } from "./genai-units.ts";

/** The part of the data of @pydantic/genai-prices that is read here. */
export interface GenaiProvider {
  readonly id: string;
  readonly name: string;
  readonly fallback_model_providers?: readonly string[];
  readonly models: readonly GenaiModel[];
}
interface GenaiModel {
  readonly id: string;
  readonly match: MatchClause;
  readonly prices: GenaiPrices | readonly { readonly constraint?: GenaiConstraint; readonly prices: GenaiPrices }[];
}
type GenaiPrices = Readonly<Record<string, number | GenaiTiered | undefined>>;
interface GenaiTiered {
  readonly base: number;
  readonly tiers: readonly { readonly start: number; readonly price: number }[];
}
type GenaiConstraint = { readonly start_date: string } | { readonly start_time: string; readonly end_time: string };

interface Report {
  readonly entry: string;
  readonly problems: CatalogueProblem[];
}

/** Prices of one moment of the day in one stretch of dates. */
interface Stretch {
  readonly fromMs: number | null;
  readonly rates: Rate[];
}

function reportOnce({ entry, problems }: Report, message: string): void {
  if (!problems.some((one) => one.entry === entry && one.message === message)) problems.push({ entry, message });
}

/**
 * The digits of a price. A few of the data's prices were multiplied as floats when the data were made (0.18 stands there
 * as 0.18000000000000002): a double carries 15 decimal digits, and what lies behind them is not the provider's.
 */
const digitsOf = (price: number): string | undefined => shiftDecimal(price.toPrecision(15));

function ratesOf(prices: GenaiPrices, timeOfDay: Rate["timeOfDay"], report: Report): Rate[] {
  const add = (message: string): void => reportOnce(report, message);
  return Object.entries(prices).flatMap(([unit, value]): Rate[] => {
    if (value === undefined) return [];
    const mapped = genaiUnits[unit];
    if (mapped === undefined) {
      const sameHours = unit === "audio_hours" && prices["input_audio_hours"] === value;
      if (!sameHours) add(`${unit} ${genaiUnmapped[unit] ?? "is a unit that the price book does not know"}; left out`);
      return [];
    }
    const rate = (price: number, above?: number): Rate[] => {
      const text = digitsOf(price);
      if (text === undefined) {
        add(`${unit} is not a price: ${String(price)}`);
        return [];
      }
      return [
        { ...mapped, price: text, ...(above === undefined ? {} : { above }), ...(timeOfDay ? { timeOfDay } : {}) },
      ];
    };
    if (typeof value === "number") return rate(value);
    return [...rate(value.base), ...value.tiers.flatMap(({ start, price }) => rate(price, start))];
  });
}

const clockOf = (time: string): string => time.slice(0, 5);

/**
 * A list of conditional prices as stretches of time. The last condition that holds wins; a window of the day belongs to
 * the dates of the entry before it, as the data's own comments say.
 */
function stretchesOf(model: GenaiModel, report: Report): Stretch[] {
  if (!Array.isArray(model.prices)) {
    return [{ fromMs: null, rates: ratesOf(model.prices as GenaiPrices, undefined, report) }];
  }
  const stretches: Stretch[] = [];
  for (const { constraint, prices } of model.prices as readonly {
    constraint?: GenaiConstraint;
    prices: GenaiPrices;
  }[]) {
    if (constraint !== undefined && "start_time" in constraint) {
      const window = { from: clockOf(constraint.start_time), to: clockOf(constraint.end_time) };
      const rates = ratesOf(prices, window, report);
      const current = stretches.at(-1);
      if (current === undefined) stretches.push({ fromMs: null, rates });
      else current.rates.push(...rates);
      continue;
    }
    const fromMs = constraint === undefined ? null : parseInstant(constraint.start_date);
    if (fromMs === undefined) {
      reportOnce(report, "start_date is not a date; the price is left out");
      continue;
    }
    stretches.push({ fromMs, rates: ratesOf(prices, undefined, report) });
  }
  return stretches.sort((a, b) => (a.fromMs ?? Number.NEGATIVE_INFINITY) - (b.fromMs ?? Number.NEGATIVE_INFINITY));
}

/** A `:free` variant is free by its name; any other model without prices just has none. */
const freeRates: readonly Rate[] = [
  { kind: "input", price: "0", per: 1_000_000 },
  { kind: "output", price: "0", per: 1_000_000 },
];

function pricesOf(model: GenaiModel, report: Report): CataloguePrice[] {
  const stretches = stretchesOf(model, report);
  for (const { rates } of stretches) {
    if (rates.length === 0 && model.id.endsWith(":free")) rates.push(...freeRates);
  }
  return stretches.flatMap(({ fromMs, rates }, index): CataloguePrice[] => {
    if (rates.length === 0) {
      reportOnce(report, "lists no price for anything; it stays without a price rather than cost 0");
      return [];
    }
    return [
      {
        currency: "USD",
        validFromMs: fromMs,
        validToMs: stretches[index + 1]?.fromMs ?? null,
        tierMode: "whole_request",
        contextBasis: "all_input",
        rates,
        multipliers: [],
      },
    ];
  });
}

function modelOf(provider: string, model: GenaiModel, problems: CatalogueProblem[]): CatalogueModel[] {
  const prices = pricesOf(model, { entry: `${provider}/${model.id}`, problems });
  return prices.length === 0 ? [] : [{ model: model.id, match: model.match, prices }];
}

/**
 * The data of @pydantic/genai-prices as a catalogue: the data alone, none of its arithmetic (which is in floats). Prices
 * are per million tokens as published; dated prices become dated stretches, windows of the day `timeOfDay` rates, tiers
 * `above` rates that reprice the whole request. A provider that sells another's models at its list (Azure OpenAI's)
 * gets copies of those that it does not list itself. What has no kind in the price book is a problem, never dropped.
 */
export function catalogueFromGenaiPrices(data: readonly GenaiProvider[]): ReadCatalogue {
  const problems: CatalogueProblem[] = [];
  const own = new Map<string, CatalogueProvider>(
    data.map(({ id, name, models }) => [
      id,
      { id, name, aliases: [], models: models.flatMap((model) => modelOf(id, model, problems)) },
    ]),
  );
  const providers = data.map(({ id, fallback_model_providers: sold = [] }): CatalogueProvider => {
    const provider = own.get(id) as CatalogueProvider;
    const listed = new Set(provider.models.map(({ model }) => model));
    const models = [...provider.models];
    for (const model of sold.flatMap((maker) => own.get(maker)?.models ?? [])) {
      if (listed.has(model.model)) continue;
      listed.add(model.model);
      models.push(model);
    }
    return { ...provider, models };
  });
  return { catalogue: { providers }, problems };
}
