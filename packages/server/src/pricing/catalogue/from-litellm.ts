import { canonicalProvider, type Multiplier, type Rate } from "@llm-cost-ops/core";
import { Refusal } from "../../refusal.ts";
import { shiftDecimal } from "../decimal-text.ts";
import {
  type CatalogueModel,
  type CataloguePrice,
  type CatalogueProblem,
  canonicalBody,
  type ReadCatalogue,
} from "./catalogue.ts";
import { unusableReason } from "./from-file.ts";
import {
  type LitellmUnit,
  litellmDescriptions,
  litellmObjects,
  litellmSampleEntry,
  litellmTiers,
  litellmUnits,
  outputSecondByMode,
} from "./litellm-fields.ts";

type Json = Readonly<Record<string, unknown>>;
const namedErrorsMax = 50;

interface Reading {
  readonly entry: string;
  readonly fields: Json;
  readonly rates: Rate[];
  readonly multipliers: Multiplier[];
  readonly errors: Record<string, string>;
  readonly problems: CatalogueProblem[];
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A field's name taken apart: `cache_read_input_token_cost_above_200k_tokens_flex` → unit, above 200,000, flex. */
function readFieldName(
  name: string,
  mode: unknown,
): { unit: LitellmUnit; above?: number; serviceTier?: string } | undefined {
  let rest = name;
  let serviceTier: string | undefined;
  const tier = /^(.+)_(batches|flex|priority)$/.exec(rest);
  if (tier !== null) [rest, serviceTier] = [tier[1] ?? "", litellmTiers[tier[2] ?? ""]];
  const band = /^(.+)_above_(\d+)k_tokens$/.exec(rest);
  if (band !== null) rest = band[1] ?? "";
  const unit = rest === "output_cost_per_second" ? outputSecondByMode[String(mode)] : litellmUnits[rest];
  if (unit === undefined) return undefined;
  return {
    unit,
    ...(band === null ? {} : { above: Number(band[2]) * 1_000 }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
  };
}

function addPrice(reading: Reading, name: string, value: unknown, above?: number): boolean {
  const field = readFieldName(name, reading.fields["mode"]);
  if (field === undefined) return false;
  if (value === null) return true;
  const isNumber = typeof value === "number" || typeof value === "string";
  const price = isNumber ? shiftDecimal(value, field.unit.shift) : undefined;
  if (price === undefined) {
    reading.errors[`${reading.entry}.${name}`] = "must be a non-negative number";
    return true;
  }
  const from = above ?? field.above;
  reading.rates.push({
    kind: field.unit.kind,
    price,
    per: field.unit.per,
    ...(from === undefined ? {} : { above: from }),
    ...(field.serviceTier === undefined ? {} : { serviceTier: field.serviceTier }),
  });
  return true;
}

/** A web search costs one price, or one by the size of its context, which usage does not tell. */
function addSearchPrice(reading: Reading, value: unknown): void {
  const prices = isObject(value) ? [...new Set(Object.values(value))] : [];
  const [price] = prices;
  const text = typeof price === "number" ? shiftDecimal(price, 3) : undefined;
  if (prices.length === 1 && text !== undefined) {
    reading.rates.push({ kind: "web_searches", price: text, per: 1_000 });
  } else {
    const message = "search_context_cost_per_query differs by context size, which usage does not report; left out";
    reading.problems.push({ entry: reading.entry, message });
  }
}

/** `tiered_pricing`: a list of bands, each with the context range in which its prices hold. */
function addBands(reading: Reading, value: unknown): void {
  const where = `${reading.entry}.tiered_pricing`;
  if (!Array.isArray(value)) {
    reading.errors[where] = "must be a list";
    return;
  }
  for (const [index, band] of value.entries()) {
    const range: unknown = isObject(band) ? band["range"] : undefined;
    const start: unknown = Array.isArray(range) ? range[0] : undefined;
    if (!isObject(band) || typeof start !== "number") {
      reading.problems.push({
        entry: reading.entry,
        message: `tiered_pricing[${index}] has no range of tokens; left out`,
      });
      continue;
    }
    for (const [name, price] of Object.entries(band)) {
      if (name === "range" || addPrice(reading, name, price, start === 0 ? undefined : start)) continue;
      reading.problems.push({
        entry: reading.entry,
        message: `tiered_pricing: ${name} has no place in the price book; left out`,
      });
    }
  }
}

function readField(reading: Reading, name: string, value: unknown): void {
  const { entry, problems, errors } = reading;
  if (isObject(value) && !litellmObjects.has(name)) {
    errors[`${entry}.${name}`] = "is an object where none can be: a brace too many before it?";
    return;
  }
  if (name === "search_context_cost_per_query") {
    addSearchPrice(reading, value);
    return;
  }
  if (name === "tiered_pricing") {
    addBands(reading, value);
    return;
  }
  const uplift = /^regional_processing_uplift_multiplier_([a-z]+)$/.exec(name);
  if (uplift !== null && typeof value === "number") {
    const factor = shiftDecimal(value);
    if (factor !== undefined) reading.multipliers.push({ region: uplift[1] ?? "", factor });
    return;
  }
  if (litellmDescriptions.test(name) || addPrice(reading, name, value)) return;
  if (value === 0 || value === null) return;
  problems.push({ entry, message: `${name} has no place in the price book; left out` });
}

/** The first rate of each place; the map sometimes names one price by two fields. */
function withoutRepeats({ rates, entry, problems }: Reading): Rate[] {
  const seen = new Map<string, Rate>();
  for (const rate of rates) {
    const key = JSON.stringify([rate.kind, rate.above, rate.serviceTier]);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, rate);
    else if (first.price !== rate.price || first.per !== rate.per) {
      problems.push({ entry, message: `two fields price ${rate.kind} differently; the first is taken` });
    }
  }
  return [...seen.values()];
}

function modelName(entry: string, provider: string): string {
  const slash = entry.indexOf("/");
  return slash > 0 && canonicalProvider(entry.slice(0, slash)) === provider ? entry.slice(slash + 1) : entry;
}

function readEntry(entry: string, fields: Json, errors: Reading["errors"], problems: CatalogueProblem[]) {
  const named = fields["litellm_provider"];
  if (typeof named !== "string" || named === "") {
    errors[`${entry}.litellm_provider`] = "is required";
    return undefined;
  }
  const provider = canonicalProvider(named);
  const reading: Reading = { entry, fields, rates: [], multipliers: [], errors, problems };
  for (const [name, value] of Object.entries(fields)) readField(reading, name, value);
  const rates = withoutRepeats(reading);
  if (rates.length === 0) {
    problems.push({ entry, message: "lists no price that the price book knows; left out" });
    return undefined;
  }
  const price: CataloguePrice = {
    currency: "USD",
    validFromMs: null,
    validToMs: null,
    tierMode: "whole_request",
    contextBasis: "all_input",
    rates,
    multipliers: reading.multipliers,
  };
  const reason = unusableReason(provider, entry, price);
  if (reason !== undefined) errors[entry] = reason;
  return { provider, model: modelName(entry, provider), price };
}

/**
 * Reads a LiteLLM price map (`model_prices_and_context_window.json`). Prices per token become prices per million by
 * moving the decimal point. An entry that is not what it should be (no provider, a price that is no number, an object
 * where none belongs, as one brace too many leaves behind) refuses the whole map with PRICING_002, naming the entry.
 * Fields that the price book has no kind for are problems.
 */
export function catalogueFromLitellm(content: unknown): ReadCatalogue {
  const errors: Record<string, string> = {};
  const problems: CatalogueProblem[] = [];
  const providers = new Map<string, Map<string, CatalogueModel>>();
  for (const [entry, fields] of Object.entries(isObject(content) ? content : {})) {
    if (entry === litellmSampleEntry) continue;
    if (!isObject(fields)) {
      errors[entry] = "is not an object";
      continue;
    }
    const read = readEntry(entry, fields, errors, problems);
    if (read === undefined) continue;
    const models = providers.get(read.provider) ?? new Map<string, CatalogueModel>();
    providers.set(read.provider, models);
    const same = models.get(read.model);
    if (same === undefined) models.set(read.model, { model: read.model, prices: [read.price] });
    else if (same.prices.some((price) => canonicalBody(price) !== canonicalBody(read.price))) {
      problems.push({
        entry,
        message: `another entry for ${read.provider} ${read.model} has other prices; it goes first`,
      });
    }
  }
  const count = Object.keys(errors).length;
  if (count > 0 || providers.size === 0) {
    const why =
      count === 0
        ? "The price map has no entry with a price."
        : `The price map has ${count} wrong entries; nothing of it was taken.`;
    throw new Refusal("PRICING_002", why, {
      fieldErrors: Object.fromEntries(Object.entries(errors).slice(0, namedErrorsMax)),
    });
  }
  return {
    catalogue: {
      providers: [...providers].map(([id, models]) => ({ id, name: id, models: [...models.values()], aliases: [] })),
    },
    problems,
  };
}
