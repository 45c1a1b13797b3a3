import type { CreatePriceParams, PriceRecord, UpdatePriceParams } from "@llm-cost-ops/sdk";
import { kindRank, usualPer } from "./price-words.ts";

/** A rate as it is typed. `key` is what it is told apart by while rows come and go. */
export interface RateDraft {
  readonly key: number;
  readonly kind: string;
  readonly price: string;
  readonly per: string;
  readonly above: string;
  readonly serviceTier: string;
  readonly region: string;
  readonly timeOfDay: { readonly from: string; readonly to: string } | null;
}

export interface FactorDraft {
  readonly key: number;
  readonly serviceTier: string;
  readonly region: string;
  readonly factor: string;
}

/** A price as it is edited: what was typed, as it was typed. */
export interface PriceDraft {
  readonly provider: string;
  readonly model: string;
  readonly currency: string;
  /** `2026-11-21T09:00` in UTC; empty is since ever. */
  readonly effectiveDate: string;
  /** Empty is without an end. */
  readonly endDate: string;
  readonly rates: readonly RateDraft[];
  readonly factors: readonly FactorDraft[];
  readonly tierMode: PriceRecord["tierMode"];
  readonly contextBasis: PriceRecord["contextBasis"];
}

export const emptyRate = (key: number, kind: string): RateDraft => ({
  key,
  kind,
  price: "",
  per: String(usualPer(kind)),
  above: "",
  serviceTier: "",
  region: "",
  timeOfDay: null,
});

export const emptyFactor = (key: number): FactorDraft => ({ key, serviceTier: "", region: "", factor: "" });

export const newDraft = (provider: string, model: string): PriceDraft => ({
  provider,
  model,
  currency: "USD",
  effectiveDate: "",
  endDate: "",
  rates: ["input", "cache_read", "output"].map((kind, key) => emptyRate(key, kind)),
  factors: [],
  tierMode: "whole_request",
  contextBasis: "all_input",
});

/** What a price says, to be changed; from when on is for whoever changes it to say. */
export const draftOf = (price: PriceRecord): PriceDraft => ({
  provider: price.provider,
  model: price.model,
  currency: price.currency,
  effectiveDate: "",
  endDate: "",
  rates: price.rates
    .toSorted((a, b) => kindRank(a.kind) - kindRank(b.kind))
    .map(({ kind, price: text, per, above, serviceTier, region, timeOfDay }, key) => ({
      key,
      kind,
      price: text,
      per: String(per),
      above: above === null ? "" : String(above),
      serviceTier: serviceTier ?? "",
      region: region ?? "",
      timeOfDay,
    })),
  factors: price.multipliers.map(({ serviceTier, region, factor }, key) => ({
    key,
    serviceTier: serviceTier ?? "",
    region: region ?? "",
    factor,
  })),
  tierMode: price.tierMode,
  contextBasis: price.contextBasis,
});

/** What a price says, to be changed from now on. Its end is in it: the server keeps that where nothing else is said. */
export const draftOfChange = (price: PriceRecord, nowMs: number): PriceDraft => ({
  ...draftOf(price),
  effectiveDate: new Date(nowMs).toISOString().slice(0, 16),
  endDate: price.endDate === null ? "" : price.endDate.replace(/(?::00)?(?:\.0+)?Z$/, ""),
});

/** A key that no row has yet. */
export const nextKey = (rows: readonly { readonly key: number }[]): number =>
  rows.reduce((most, { key }) => Math.max(most, key), -1) + 1;

/** The kind of a row; what it is usually priced by comes with it, unless something else was typed. */
export const withKind = (row: RateDraft, kind: string): RateDraft => ({
  ...row,
  kind,
  per: row.per === String(usualPer(row.kind)) ? String(usualPer(kind)) : row.per,
});

const isBlank = (text: string): boolean => text.trim() === "";

/** Rows that say nothing are not sent. */
const sentRates = ({ rates }: PriceDraft): readonly RateDraft[] =>
  rates.filter(({ price, above, serviceTier, region }) => ![price, above, serviceTier, region].every(isBlank));
const sentFactors = ({ factors }: PriceDraft): readonly FactorDraft[] =>
  factors.filter(({ factor, serviceTier, region }) => ![factor, serviceTier, region].every(isBlank));

const optional = <Name extends string>(name: Name, text: string): { readonly [N in Name]?: string } =>
  (isBlank(text) ? {} : { [name]: text.trim() }) as { readonly [N in Name]?: string };

/** A number where it is one, else what was typed, so that the server says what is wrong with it. */
const numberOr = (text: string): number =>
  /^\d{1,15}$/.test(text.trim()) ? Number(text) : (text as unknown as number);

/** As a field of the form gives it, with seconds where there are some. */
const instantOf = (text: string): string =>
  /T\d{2}:\d{2}$/.test(text) ? `${text}:00Z` : /T[\d:.]+$/.test(text) ? `${text}Z` : text;

function termsOf(draft: PriceDraft) {
  return {
    currency: draft.currency.trim().toUpperCase(),
    rates: sentRates(draft).map(({ kind, price, per, above, serviceTier, region, timeOfDay }) => ({
      kind,
      price: price.trim(),
      ...(isBlank(per) ? {} : { per: numberOr(per) }),
      ...(isBlank(above) ? {} : { above: numberOr(above) }),
      ...optional("serviceTier", serviceTier),
      ...optional("region", region),
      ...(timeOfDay === null ? {} : { timeOfDay }),
    })),
    multipliers: sentFactors(draft).map(({ factor, serviceTier, region }) => ({
      factor: factor.trim(),
      ...optional("serviceTier", serviceTier),
      ...optional("region", region),
    })),
    tierMode: draft.tierMode,
    contextBasis: draft.contextBasis,
    ...optional("endDate", instantOf(draft.endDate)),
  };
}

/** What the server is asked to add. What is wrong with it the server says, by field. */
export const createParamsOf = (draft: PriceDraft): CreatePriceParams => ({
  provider: draft.provider.trim(),
  model: draft.model.trim(),
  ...termsOf(draft),
  ...optional("effectiveDate", instantOf(draft.effectiveDate)),
});

/** A version that takes the place of the one before from an instant on; what it does not say is gone, but the end stays. */
export const updateParamsOf = (draft: PriceDraft): UpdatePriceParams => ({
  ...termsOf(draft),
  effectiveDate: instantOf(draft.effectiveDate),
});

/** What is wrong, by the form's own fields (`model`, `rate 3 price`); `rest` is what no field of the form is about. */
export interface DraftErrors {
  readonly of: (field: string) => string | undefined;
  readonly rest: readonly string[];
}

/** The server names rows by their place among those that were sent: `rates.0.price`, or `rates[0].price`. */
export function errorsOf(draft: PriceDraft, fieldErrors: Readonly<Record<string, string>>): DraftErrors {
  const found = new Map<string, string>();
  const rest: string[] = [];
  const rows = { rates: sentRates(draft), multipliers: sentFactors(draft) };
  const [first] = draft.rates;
  const plain = ["provider", "model", "currency", "effectiveDate", "endDate", "tierMode", "contextBasis"];
  for (const [path, text] of Object.entries(fieldErrors)) {
    const match = /^(rates|multipliers)[.[](\d+)\]?(?:\.(\w+))?/.exec(path);
    const list = match?.[1] as keyof typeof rows | undefined;
    const row = list === undefined ? undefined : rows[list][Number(match?.[2])];
    if (row !== undefined) {
      const fallback = list === "rates" ? "price" : "factor";
      const field = match?.[3] ?? fallback;
      found.set(`${list === "rates" ? "rate" : "factor"} ${row.key} ${field}`, text);
    } else if (plain.includes(path)) found.set(path, text);
    // Of prices none was sent: the first that can be typed says so.
    else if (path === "inputPricePerMillion" && first !== undefined)
      found.set(`rate ${first.key} price`, `this ${text}`);
    else rest.push(path === "rates" || path === "inputPricePerMillion" ? `Prices: ${text}` : `${path}: ${text}`);
  }
  return { of: (field) => found.get(field), rest };
}
