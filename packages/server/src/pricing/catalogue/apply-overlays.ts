import {
  formatDecimal,
  isTokenKind,
  isUsageKind,
  type MatchClause,
  parseDecimal,
  type Rate,
  type UsageKind,
} from "@llm-cost-ops/core";
import type { Catalogue, CatalogueModel, CataloguePrice, CatalogueProblem, ReadCatalogue } from "./catalogue.ts";

/** Where a figure comes from and when it was read there. */
interface Sourced {
  readonly source: string;
  readonly read: string;
}
interface Choice {
  /** Names of models; `*` stands for anything. All models if absent. */
  readonly models?: readonly string[];
  readonly except?: readonly string[];
}
type Prices = Readonly<Record<string, string>>;

/** One file of `prices/overlays`: what a provider publishes and the price data lack. */
export interface Overlay {
  readonly provider: string;
  /** Tiers that are published as a factor. `undiscounted` kinds cost the same at the tier as outside it. */
  readonly tiers?: readonly (Choice &
    Sourced & { readonly service_tier: string; readonly factor: string; readonly undiscounted?: readonly string[] })[];
  /** Factors that are published for where a call was served, on every rate of the models but fees. */
  readonly regions?: readonly (Choice & Sourced & { readonly region: string; readonly factor: string })[];
  /** Prices of their own; per million for token kinds, else per `per` units. */
  readonly rates?: readonly (Sourced & {
    readonly service_tier?: string;
    readonly per?: number;
    readonly of: readonly (Choice & { readonly prices: Prices })[];
  })[];
  /** Kinds whose price is published as a multiple of another's, for models that do not list them. */
  readonly derived?: readonly (Choice &
    Sourced & { readonly kind: string; readonly from: string; readonly factor: string })[];
  /** Models that the data list without any price. */
  readonly models?: readonly (Sourced & {
    readonly model: string;
    readonly match?: MatchClause;
    readonly prices: Prices;
  })[];
  readonly aliases?: readonly { readonly alias: string; readonly model: string }[];
}

const patternOf = (name: string): RegExp =>
  new RegExp(
    `^${name
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
    "i",
  );

function chooses({ models, except }: Choice): (model: string) => boolean {
  const wanted = models?.map(patternOf);
  const unwanted = (except ?? []).map(patternOf);
  return (model) =>
    (wanted === undefined || wanted.some((pattern) => pattern.test(model))) &&
    !unwanted.some((pattern) => pattern.test(model));
}

function kindOf(name: string, where: string): UsageKind {
  if (!isUsageKind(name)) throw new Error(`${where}: ${name} is not a kind of usage`);
  return name;
}

const ratesOf = (prices: Prices, where: string, per: number | undefined, serviceTier?: string): Rate[] =>
  Object.entries(prices).map(([name, price]) => {
    const kind = kindOf(name, where);
    return {
      kind,
      price,
      per: per ?? (isTokenKind(kind) ? 1_000_000 : 1),
      ...(serviceTier === undefined ? {} : { serviceTier }),
    };
  });

function product(price: string, factor: string, where: string): string {
  const [left, right] = [parseDecimal(price), parseDecimal(factor)];
  if (left === undefined || right === undefined) throw new Error(`${where}: ${factor} is not a decimal`);
  return formatDecimal({ coefficient: left.coefficient * right.coefficient, scale: left.scale + right.scale });
}

const sameRate = (a: Rate, b: Rate): boolean =>
  a.kind === b.kind && a.serviceTier === b.serviceTier && a.above === b.above && a.timeOfDay === undefined;

type Change = (price: CataloguePrice) => CataloguePrice;

/** The changes of one overlay, each with the models that it is for. */
function changesOf(overlay: Overlay): { readonly choose: (model: string) => boolean; readonly change: Change }[] {
  const where = `prices/overlays/${overlay.provider}.yaml`;
  const derived = (overlay.derived ?? []).map((one) => ({
    choose: chooses(one),
    change: (price: CataloguePrice): CataloguePrice => {
      const [kind, from] = [kindOf(one.kind, where), kindOf(one.from, where)];
      if (price.rates.some((rate) => rate.kind === kind)) return price;
      const added = price.rates
        .filter((rate) => rate.kind === from)
        .map((rate) => ({ ...rate, kind, price: product(rate.price, one.factor, where) }));
      return { ...price, rates: [...price.rates, ...added] };
    },
  }));
  const rates = (overlay.rates ?? []).flatMap(({ service_tier, per, of }) =>
    of.map((one) => {
      const own = ratesOf(one.prices, where, per, service_tier);
      return {
        choose: chooses(one),
        change: (price: CataloguePrice): CataloguePrice => ({
          ...price,
          rates: [...price.rates, ...own.filter((rate) => !price.rates.some((present) => sameRate(present, rate)))],
        }),
      };
    }),
  );
  const tiers = (overlay.tiers ?? []).map((one) => ({
    choose: chooses(one),
    change: (price: CataloguePrice): CataloguePrice => {
      const same = (one.undiscounted ?? []).map((name) => kindOf(name, where));
      const kept = price.rates
        .filter(({ kind, serviceTier }) => serviceTier === undefined && same.includes(kind))
        .map((rate) => ({ ...rate, serviceTier: one.service_tier }));
      return {
        ...price,
        rates: [...price.rates, ...kept],
        multipliers: [...price.multipliers, { serviceTier: one.service_tier, factor: one.factor }],
      };
    },
  }));
  const regions = (overlay.regions ?? []).map((one) => ({
    choose: chooses(one),
    change: (price: CataloguePrice): CataloguePrice => ({
      ...price,
      multipliers: [...price.multipliers, { region: one.region, factor: one.factor }],
    }),
  }));
  // Tiers come last, so that what they copy or multiply includes the rates that the overlay itself brings.
  return [...derived, ...rates, ...regions, ...tiers];
}

function addedModels(overlay: Overlay): CatalogueModel[] {
  return (overlay.models ?? []).map(({ model, match, prices }) => ({
    model,
    ...(match === undefined ? {} : { match }),
    prices: [
      {
        currency: "USD",
        validFromMs: null,
        validToMs: null,
        tierMode: "whole_request",
        contextBasis: "all_input",
        rates: ratesOf(prices, `prices/overlays/${overlay.provider}.yaml`, undefined),
        multipliers: [],
      },
    ],
  }));
}

/**
 * Lays the overlays over a catalogue: adds tiers, factors of regions, fees, derived kinds, free models and aliases. What the data say
 * themselves is never replaced. Throws for an overlay that names an unknown provider or kind or a choice that fits no
 * model, because the overlays are the project's own and such a line is a mistake. Problems that an overlay solves go.
 */
export function applyOverlays({ catalogue, problems }: ReadCatalogue, overlays: readonly Overlay[]): ReadCatalogue {
  const known = new Set(catalogue.providers.map(({ id }) => id));
  const unknown = overlays.find(({ provider }) => !known.has(provider));
  if (unknown !== undefined) throw new Error(`prices/overlays: unknown provider ${unknown.provider}`);
  const providers = catalogue.providers.map((provider): Catalogue["providers"][number] => {
    const own = overlays.filter((overlay) => overlay.provider === provider.id);
    const added = own.flatMap(addedModels);
    const replaced = new Set(added.map(({ model }) => model));
    let models = [...provider.models.filter(({ model }) => !replaced.has(model)), ...added];
    for (const { choose, change } of own.flatMap(changesOf)) {
      if (!models.some(({ model }) => choose(model))) {
        throw new Error(`prices/overlays/${provider.id}.yaml: an entry fits no model`);
      }
      models = models.map((one) => (choose(one.model) ? { ...one, prices: one.prices.map(change) } : one));
    }
    return { ...provider, models, aliases: [...provider.aliases, ...own.flatMap(({ aliases }) => aliases ?? [])] };
  });
  const solved = new Set(
    overlays.flatMap(({ provider, models }) => (models ?? []).map(({ model }) => `${provider}/${model}`)),
  );
  const left: readonly CatalogueProblem[] = problems.filter(({ entry }) => !solved.has(entry));
  return { catalogue: { providers }, problems: left };
}
