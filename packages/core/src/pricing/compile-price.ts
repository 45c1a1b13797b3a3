import { picoDigits } from "../money/money.ts";
import { parentKind, type UsageKind, usageKinds } from "../usage/usage-kinds.ts";
import { type ParsedMultiplier, type ParsedRate, parsePriceVersion } from "./parse-price-version.ts";
import type { PriceVersion } from "./price-version.ts";
import type { CostLine } from "./rated-cost.ts";
import { standardTier } from "./service-tier.ts";

/** A rate with its factors, ready to multiply: `amount = quantity × numerator ÷ denominator` picounits. */
export interface ChosenRate {
  readonly ratedAs: UsageKind;
  readonly price: string;
  readonly per: number;
  readonly factors: CostLine["factors"];
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** The rates that hold for one tier, region, context band and time of day. */
export interface RateSelection {
  readonly rule: string;
  /** By position in `usageKinds`; undefined where the kind has no rate here. */
  readonly rates: readonly (ChosenRate | undefined)[];
}

/** A price version made ready for `rateUsage`: make it once per version with `compilePriceVersion` and keep it. */
export interface CompiledPrice {
  readonly version: PriceVersion;
  /** The context sizes at which rates change, ascending; band `i` is `(thresholds[i - 1], thresholds[i]]`. */
  readonly thresholds: readonly number[];
  /** The seconds of the UTC day at which rates change, ascending; empty where the time of day does not matter. */
  readonly dayBoundariesS: readonly number[];
  /** The selection for a call, made at the first call of its like. `segment` counts the boundaries that have passed. */
  readonly select: (serviceTier: string, region: string | null, band: number, segment: number) => RateSelection;
  /** Whether the kind has a rate at the standard tier in some band, which tells `tier_not_priced` from `kind_not_priced`. */
  readonly pricedAtStandard: (kind: UsageKind) => boolean;
}

/** Fees per call of a tool: published as they are, outside the discounts of tiers and the uplift of regions. */
const feeKinds: ReadonlySet<UsageKind> = new Set([
  "requests",
  "web_searches",
  "file_searches",
  "code_executions",
  "tool_calls",
]);

interface Situation {
  readonly tier: string;
  readonly region: string | undefined;
  /** The threshold that the context has passed; -1 for none. */
  readonly passed: number;
  readonly secondOfDay: number;
}

type RatesByTierAndKind = ReadonlyMap<string, ReadonlyMap<UsageKind, readonly ParsedRate[]>>;

interface Factors {
  readonly ofTier: ReadonlyMap<string, ParsedMultiplier>;
  readonly ofRegion: ReadonlyMap<string, ParsedMultiplier>;
  /** Published for one tier in one region; takes the place of both. Keyed `tier|region`. */
  readonly ofBoth: ReadonlyMap<string, ParsedMultiplier>;
}

const lengthOf = (rate: ParsedRate): number => rate.window?.lengthS ?? Number.POSITIVE_INFINITY;

/** The most specific first: own region, then the shortest window, then the highest band. */
function bySpecificity(a: ParsedRate, b: ParsedRate): number {
  if ((a.region === undefined) !== (b.region === undefined)) return a.region === undefined ? 1 : -1;
  if (lengthOf(a) !== lengthOf(b)) return lengthOf(a) - lengthOf(b);
  return b.above - a.above;
}

function holdsIn(rate: ParsedRate, situation: Situation): boolean {
  if (rate.region !== undefined && rate.region !== situation.region) return false;
  if (rate.above > situation.passed) return false;
  if (rate.window === undefined) return true;
  const { fromS, toS } = rate.window;
  const second = situation.secondOfDay;
  return fromS < toS ? fromS <= second && second < toS : fromS <= second || second < toS;
}

function indexRates(rates: readonly ParsedRate[]): RatesByTierAndKind {
  const index = new Map<string, Map<UsageKind, ParsedRate[]>>();
  for (const rate of [...rates].sort(bySpecificity)) {
    const ofTier = index.get(rate.tier) ?? new Map<UsageKind, ParsedRate[]>();
    index.set(rate.tier, ofTier);
    const ofKind = ofTier.get(rate.rate.kind);
    if (ofKind === undefined) ofTier.set(rate.rate.kind, [rate]);
    else ofKind.push(rate);
  }
  return index;
}

function indexFactors(multipliers: readonly ParsedMultiplier[]): Factors {
  const ofTier = new Map<string, ParsedMultiplier>();
  const ofRegion = new Map<string, ParsedMultiplier>();
  const ofBoth = new Map<string, ParsedMultiplier>();
  for (const one of multipliers) {
    if (one.region === undefined) ofTier.set(one.tier ?? standardTier, one);
    else if (one.tier === undefined) ofRegion.set(one.region, one);
    else ofBoth.set(`${one.tier}|${one.region}`, one);
  }
  return { ofTier, ofRegion, ofBoth };
}

const ascending = (values: Iterable<number>): number[] => [...new Set(values)].sort((a, b) => a - b);

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [a, b];
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

function chosenRate(parsed: ParsedRate, multipliers: readonly ParsedMultiplier[]): ChosenRate {
  let numerator = parsed.price.coefficient * 10n ** BigInt(picoDigits);
  let denominator = BigInt(parsed.rate.per) * 10n ** BigInt(parsed.price.scale);
  for (const { factor } of multipliers) {
    numerator *= factor.coefficient;
    denominator *= 10n ** BigInt(factor.scale);
  }
  const divisor = greatestCommonDivisor(numerator, denominator);
  return {
    ratedAs: parsed.rate.kind,
    price: parsed.rate.price,
    per: parsed.rate.per,
    factors: multipliers.map(({ tier, region, text }) => ({
      reason: tier === undefined ? `region ${region}` : region === undefined ? tier : `${tier} in ${region}`,
      factor: text,
    })),
    numerator: numerator / divisor,
    denominator: denominator / divisor,
  };
}

/** Chooses rates of one version; every choice is made once and shared, so equal choices are the same object. */
class RateChooser {
  readonly #rates: RatesByTierAndKind;
  readonly #factors: Factors;
  readonly #made = new Map<string, ChosenRate>();

  constructor(rates: RatesByTierAndKind, factors: Factors) {
    this.#rates = rates;
    this.#factors = factors;
  }

  #own(tier: string, kind: UsageKind, situation: Situation): ParsedRate | undefined {
    return this.#rates
      .get(tier)
      ?.get(kind)
      ?.find((rate) => holdsIn(rate, situation));
  }

  #with(parsed: ParsedRate, tier: ParsedMultiplier | undefined, region: ParsedMultiplier | undefined): ChosenRate {
    const multipliers = [tier, region].filter((one) => one !== undefined);
    const { rate } = parsed;
    const key = [rate.kind, parsed.tier, parsed.region, parsed.above, parsed.window?.fromS, parsed.window?.toS]
      .concat(multipliers.map((one) => `${one.tier}/${one.region}`))
      .join("|");
    const made = this.#made.get(key) ?? chosenRate(parsed, multipliers);
    this.#made.set(key, made);
    return made;
  }

  /** The factor of a region on a rate that is not of that region. */
  #uplift(parsed: ParsedRate, { tier, region }: Situation): ParsedMultiplier | undefined {
    if (region === undefined || parsed.region !== undefined || feeKinds.has(parsed.rate.kind)) return undefined;
    const atStandard = tier === standardTier ? this.#factors.ofBoth.get(`${standardTier}|${region}`) : undefined;
    return atStandard ?? this.#factors.ofRegion.get(region);
  }

  /** A standard rate at another tier: by the tier's factor, or as it is for fees; undefined where there is no factor. */
  #atOtherTier(standard: ParsedRate, situation: Situation): ChosenRate | undefined {
    if (feeKinds.has(standard.rate.kind)) return this.#with(standard, undefined, undefined);
    const { tier, region } = situation;
    const both = standard.region === undefined ? this.#factors.ofBoth.get(`${tier}|${region}`) : undefined;
    if (both !== undefined) return this.#with(standard, both, undefined);
    const ofTier = this.#factors.ofTier.get(tier);
    return ofTier === undefined ? undefined : this.#with(standard, ofTier, this.#uplift(standard, situation));
  }

  /** The rate of a kind: its own at this tier, else the standard one by the tier's factor, else the same of its ancestors. */
  choose(kind: UsageKind, situation: Situation): ChosenRate | undefined {
    for (let at: UsageKind | undefined = kind; at !== undefined; at = parentKind[at]) {
      const own = this.#own(situation.tier, at, situation);
      if (own !== undefined) return this.#with(own, undefined, this.#uplift(own, situation));
      if (situation.tier === standardTier) continue;
      const standard = this.#own(standardTier, at, situation);
      const derived = standard === undefined ? undefined : this.#atOtherTier(standard, situation);
      if (derived !== undefined) return derived;
    }
    return undefined;
  }
}

const grouped = (count: number): string => count.toString().replace(/\B(?=(\d{3})+$)/g, ",");

const clock = (second: number): string =>
  [Math.floor(second / 3600), Math.floor(second / 60) % 60].map((part) => String(part).padStart(2, "0")).join(":");

/** The one-sentence account of a selection. */
function describe(compiled: CompiledPrice, situation: Situation, segment: number, choice: Choice): string {
  const { version, thresholds, dayBoundariesS } = compiled;
  const parts = [`${situation.tier} tier${choice.tierByFactor ? " by a factor on the standard rates" : ""}`];
  if (choice.regional)
    parts.push(situation.region === undefined ? "rates for all regions" : `region ${situation.region}`);
  if (thresholds.length > 0 && version.tierMode === "marginal") {
    parts.push(`each token by its band (changing above ${thresholds.map(grouped).join(" and ")} tokens)`);
  } else if (thresholds.length > 0) {
    const basis = version.contextBasis === "all_input" ? "input" : "fresh input";
    const first = grouped(thresholds[0] ?? 0);
    const size = situation.passed < 0 ? `up to ${first}` : `above ${grouped(situation.passed)}`;
    parts.push(`whole request at the rates for ${size} tokens of ${basis}`);
  }
  if (dayBoundariesS.length > 0) {
    const from = dayBoundariesS.at(segment - 1) ?? 0;
    const to = dayBoundariesS[segment] ?? dayBoundariesS[0] ?? 0;
    parts.push(`between ${clock(from)} and ${clock(to)} UTC`);
  }
  const text = parts.join(", ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

interface Choice {
  readonly tierByFactor: boolean;
  readonly regional: boolean;
}

/**
 * Checks a price version, parses its decimals once and indexes its rates. Throws `InvalidPriceVersion`, which names
 * the field, for a version that cannot be used.
 *
 * For each kind the choice goes: the served tier's own rate, else the standard rate by the tier's factor, else the
 * same for the kind's ancestors (`parentKind`). Among the rates of one kind and tier: the call's region before all
 * regions, the shortest window of the day before longer ones and none, the highest band that the context passed.
 * A region's factor applies to rates that are not of that region. A factor published for a tier in a region takes the
 * place of both. Fees per tool call take no factor.
 */
export function compilePriceVersion(version: PriceVersion): CompiledPrice {
  const { rates, multipliers } = parsePriceVersion(version);
  const chooser = new RateChooser(indexRates(rates), indexFactors(multipliers));
  const thresholds = ascending(rates.filter(({ above }) => above >= 0).map(({ above }) => above));
  const dayBoundariesS = ascending(
    rates.flatMap(({ window }) => (window === undefined ? [] : [window.fromS, window.toS % 86_400])),
  );
  const regions = new Set([...rates, ...multipliers].flatMap(({ region }) => (region === undefined ? [] : [region])));
  const tiers = new Set([standardTier, ...[...rates, ...multipliers].flatMap(({ tier }) => tier ?? [])]);
  const segments = dayBoundariesS.length + 1;
  // Only tiers and regions that the version names have entries of their own, so that what callers send cannot grow it.
  const selections = new Map<string, Map<string | undefined, (RateSelection | undefined)[]>>();
  const otherTier = "(unlisted)";

  const make = (tier: string, region: string | undefined, band: number, segment: number): RateSelection => {
    const secondOfDay = segment === 0 ? 0 : (dayBoundariesS[segment - 1] ?? 0);
    const situation: Situation = { tier, region, passed: thresholds[band - 1] ?? -1, secondOfDay };
    const chosen = usageKinds.map((kind) => chooser.choose(kind, situation));
    const tierByFactor =
      tier !== standardTier &&
      chosen.some((rate) => rate?.factors.some(({ reason }) => reason === tier || reason === `${tier} in ${region}`));
    const rule = describe(compiled, situation, segment, { tierByFactor, regional: regions.size > 0 });
    return { rule, rates: chosen };
  };

  const compiled: CompiledPrice = {
    version,
    thresholds,
    dayBoundariesS,
    select(serviceTier, region, band, segment) {
      const tier = tiers.has(serviceTier) ? serviceTier : otherTier;
      const lower = region?.toLowerCase();
      const known = lower !== undefined && regions.has(lower) ? lower : undefined;
      let ofTier = selections.get(tier);
      if (ofTier === undefined) {
        ofTier = new Map();
        selections.set(tier, ofTier);
      }
      let ofRegion = ofTier.get(known);
      if (ofRegion === undefined) {
        ofRegion = [];
        ofTier.set(known, ofRegion);
      }
      const slot = band * segments + segment;
      let selection = ofRegion[slot];
      if (selection === undefined) {
        selection = make(tier, known, band, segment);
        ofRegion[slot] = selection;
      }
      return selection;
    },
    pricedAtStandard(kind) {
      for (let at: UsageKind | undefined = kind; at !== undefined; at = parentKind[at]) {
        const node = at;
        if (rates.some(({ tier, rate }) => tier === standardTier && rate.kind === node)) return true;
      }
      return false;
    },
  };
  return compiled;
}
