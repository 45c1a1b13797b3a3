import type { CatalogueDifference } from "@llm-cost-ops/contract";
import type { Multiplier, Rate } from "@llm-cost-ops/core";
import type { PriceBody } from "../price-version-row.ts";
import { type Catalogue, type CatalogueModel, type CataloguePrice, canonicalBody } from "./catalogue.ts";

/** A price version of the catalogue as it is stored; times in UTC milliseconds, `body` in canonical text. */
export interface StoredPrice {
  readonly id: string;
  readonly currency: string;
  readonly validFromMs: number | null;
  readonly validToMs: number | null;
  readonly body: string;
}

/** The catalogue as it is stored: models by `provider` and name. */
export interface StoredCatalogue {
  readonly providers: ReadonlyMap<string, string>;
  readonly models: ReadonlyMap<string, ReadonlyMap<string, { readonly match: string | null }>>;
  readonly prices: ReadonlyMap<string, ReadonlyMap<string, readonly StoredPrice[]>>;
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** What applying a catalogue writes. Rates are never edited: versions are added, and older ones end. */
export interface CataloguePlan {
  readonly added: readonly { readonly provider: string; readonly model: string; readonly price: CataloguePrice }[];
  /** A version that ends where it begins is withdrawn: it never held. */
  readonly ended: readonly { readonly id: string; readonly validToMs: number }[];
  readonly models: readonly { readonly provider: string; readonly model: string; readonly match: string | null }[];
  readonly providers: readonly { readonly id: string; readonly name: string }[];
  readonly aliases: readonly { readonly provider: string; readonly alias: string; readonly model: string }[];
  readonly difference: Omit<CatalogueDifference, "problems">;
}

type Span = Pick<CataloguePrice, "currency" | "validFromMs" | "validToMs"> & { readonly body: string };

const from = (span: Pick<Span, "validFromMs">): number => span.validFromMs ?? Number.NEGATIVE_INFINITY;
const to = (span: Pick<Span, "validToMs">): number => span.validToMs ?? Number.POSITIVE_INFINITY;
const samePrice = (a: Span, b: Span): boolean => a.currency === b.currency && a.body === b.body;
const spanOf = (price: CataloguePrice): Span => ({ ...price, body: canonicalBody(price) });

interface ModelPlan {
  readonly added: readonly CataloguePrice[];
  readonly ended: readonly { readonly id: string; readonly validToMs: number }[];
}

/**
 * What has to be written so that from `effectiveMs` on the stored versions say what the catalogue says, while every
 * instant before keeps the version it has.
 */
function planModel(stored: readonly StoredPrice[], model: CatalogueModel, effectiveMs: number): ModelPlan {
  const wanted = model.prices.filter((price) => to(price) > effectiveMs);
  const left = new Map(wanted.map((price) => [price, spanOf(price)]));
  const ended: { id: string; validToMs: number }[] = [];
  for (const version of stored) {
    if (to(version) <= effectiveMs || to(version) <= from(version)) continue;
    const start = Math.max(from(version), effectiveMs);
    const kept = [...left].find(
      ([, span]) => samePrice(span, version) && Math.max(from(span), effectiveMs) === start && to(span) <= to(version),
    );
    if (kept !== undefined) {
      const [price, span] = kept;
      left.delete(price);
      if (span.validToMs !== null && to(span) < to(version)) ended.push({ id: version.id, validToMs: span.validToMs });
    } else {
      ended.push({ id: version.id, validToMs: start });
    }
  }
  const added = [...left.keys()].map((price) => ({
    ...price,
    // Nothing was known of a model without versions, so its dates stay as the source gives them.
    validFromMs: stored.length === 0 || from(price) > effectiveMs ? price.validFromMs : effectiveMs,
  }));
  return { added: stored.length === 0 ? [...model.prices] : added, ended };
}

type RateChange = CatalogueDifference["changed"][number]["rates"][number];

const perText = (rate: Rate): string => (rate.per === 1 ? rate.price : `${rate.price} per ${rate.per}`);

function rateChange(rate: Rate | undefined, after: Rate | undefined): RateChange[] {
  const known = rate ?? after;
  if (known === undefined) return [];
  const text = rate?.per === after?.per ? (one: Rate) => one.price : perText;
  const before = rate === undefined ? null : text(rate);
  const now = after === undefined ? null : text(after);
  if (before === now) return [];
  const { kind, serviceTier, above } = known;
  return [{ kind, service_tier: serviceTier ?? null, above: above ?? null, before, after: now }];
}

const rateKey = ({ kind, serviceTier, above, region, timeOfDay }: Rate): string =>
  JSON.stringify([kind, serviceTier, above, region, timeOfDay?.from, timeOfDay?.to]);
const multiplierKey = ({ serviceTier, region }: Multiplier): string => JSON.stringify([serviceTier, region]);

/** Rate by rate what differs between two bodies; factors appear as the kind `multiplier`. */
function compareBodies(before: PriceBody | undefined, after: PriceBody | undefined): RateChange[] {
  const byKey = <T>(list: readonly T[], key: (one: T) => string) => new Map(list.map((one) => [key(one), one]));
  const [oldRates, newRates] = [byKey(before?.rates ?? [], rateKey), byKey(after?.rates ?? [], rateKey)];
  const [oldFactors, newFactors] = [
    byKey(before?.multipliers ?? [], multiplierKey),
    byKey(after?.multipliers ?? [], multiplierKey),
  ];
  const rates = [...new Set([...oldRates.keys(), ...newRates.keys()])].flatMap((key) =>
    rateChange(oldRates.get(key), newRates.get(key)),
  );
  const factors = [...new Set([...oldFactors.keys(), ...newFactors.keys()])].flatMap((key): RateChange[] => {
    const [old, now] = [oldFactors.get(key), newFactors.get(key)];
    if (old?.factor === now?.factor) return [];
    const serviceTier = (old ?? now)?.serviceTier ?? null;
    const change = { before: old?.factor ?? null, after: now?.factor ?? null };
    return [{ kind: "multiplier", service_tier: serviceTier, above: null, ...change }];
  });
  return [...rates, ...factors];
}

/** What a person sees of a changed model: the first stretch from the date on in which the two differ. */
function describeChange(stored: readonly StoredPrice[], plan: ModelPlan, effectiveMs: number): RateChange[] {
  const firstMs = Math.min(...plan.ended.map(({ validToMs }) => validToMs), ...plan.added.map(from));
  const at = Math.max(firstMs, effectiveMs);
  const old = stored.find((version) => from(version) <= at && at < to(version));
  const now = plan.added.find((price) => from(price) <= at && at < to(price));
  const before = old === undefined ? undefined : (JSON.parse(old.body) as PriceBody);
  const differences = compareBodies(before, now);
  if (old === undefined || now === undefined || old.currency === now.currency) return differences;
  const currency = { kind: "currency", service_tier: null, above: null, before: old.currency, after: now.currency };
  return [currency, ...differences];
}

/**
 * Compares a catalogue with the stored one and says what applying it from `effectiveMs` on would write. New models are
 * valid as their source dates them (since ever where it does not), because no earlier price is contradicted; prices
 * that changed get a new version from the date on; models that the catalogue no longer lists, of providers that it does
 * list, are kept and named. The same catalogue again plans nothing.
 */
export function planCatalogue(stored: StoredCatalogue, catalogue: Catalogue, effectiveMs: number): CataloguePlan {
  const added: { provider: string; model: string; price: CataloguePrice }[] = [];
  const ended: { id: string; validToMs: number }[] = [];
  const models: { provider: string; model: string; match: string | null }[] = [];
  const difference = {
    added: [] as { provider: string; model: string }[],
    changed: [] as CatalogueDifference["changed"],
    removed: [] as { provider: string; model: string }[],
    unchanged: 0,
  };
  for (const { id: provider, models: listed } of catalogue.providers) {
    const known = stored.models.get(provider);
    const prices = stored.prices.get(provider);
    for (const model of listed) {
      const versions = prices?.get(model.model) ?? [];
      const before = known?.get(model.model);
      // A source without match clauses (a price map by plain names) does not take away those that are known.
      const match = model.match === undefined ? (before?.match ?? null) : JSON.stringify(model.match);
      if (before === undefined || before.match !== match) models.push({ provider, model: model.model, match });
      const plan = planModel(versions, model, effectiveMs);
      added.push(...plan.added.map((price) => ({ provider, model: model.model, price })));
      ended.push(...plan.ended);
      if (versions.length === 0) difference.added.push({ provider, model: model.model });
      else if (plan.added.length + plan.ended.length === 0) difference.unchanged += 1;
      else {
        const rates = describeChange(versions, plan, effectiveMs);
        difference.changed.push({ provider, model: model.model, rates });
      }
    }
    const names = new Set(listed.map(({ model }) => model));
    for (const model of known?.keys() ?? []) {
      if (!names.has(model)) difference.removed.push({ provider, model });
    }
  }
  const providers = catalogue.providers
    .filter(({ id, name }) => stored.providers.get(id) !== name)
    .map(({ id, name }) => ({ id, name }));
  const aliases = catalogue.providers.flatMap(({ id: provider, aliases: listed }) =>
    listed
      .filter(({ alias, model }) => stored.aliases.get(provider)?.get(alias) !== model)
      .map(({ alias, model }) => ({ provider, alias, model })),
  );
  return { added, ended, models, providers, aliases, difference };
}

/** Whether a plan writes anything. */
export const isEmptyPlan = (plan: CataloguePlan): boolean =>
  plan.added.length + plan.ended.length + plan.models.length + plan.providers.length + plan.aliases.length === 0;
