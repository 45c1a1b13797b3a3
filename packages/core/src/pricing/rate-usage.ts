import { divideHalfEven, type Pico } from "../money/money.ts";
import { type Quantities, type UsageKind, usageKinds } from "../usage/usage-kinds.ts";
import type { ChosenRate, CompiledPrice, RateSelection } from "./compile-price.ts";
import { contextTokens, tokenGroup } from "./context-tokens.ts";
import { plainPositions } from "./plain-kinds.ts";
import type { PriceVersion, RatingContext } from "./price-version.ts";
import type { CostLine, RatedCost } from "./rated-cost.ts";
import { standardTier } from "./service-tier.ts";

const dayMs = 86_400_000;

/** Units that every call has: they cost nothing unless the version prices them. */
const freeUnlessPriced: ReadonlySet<UsageKind> = new Set(["requests", "tool_calls"]);

const kindIndexes: ReadonlyMap<string, number> = new Map(usageKinds.map((kind, index) => [kind, index]));
const presentKinds = new Uint8Array(usageKinds.length);

/** The indexes of the kinds that a record counts, ascending, in memory that the next call takes: a record has few of them. */
function kindsOf(quantities: Quantities): number {
  let count = 0;
  for (const kind in quantities) {
    const index = kindIndexes.get(kind);
    if (index === undefined) continue;
    let at = count;
    for (; at > 0 && (presentKinds[at - 1] as number) > index; at -= 1)
      presentKinds[at] = presentKinds[at - 1] as number;
    presentKinds[at] = index;
    count += 1;
  }
  return count;
}

/** The number of ascending boundaries that are smaller than the value, or equal to it where `inclusive`. */
function countPassed(boundaries: readonly number[], value: number, inclusive: boolean): number {
  let passed = 0;
  for (const boundary of boundaries) {
    if (boundary < value || (inclusive && boundary === value)) passed += 1;
    else break;
  }
  return passed;
}

function amountOf(quantity: number, rate: ChosenRate): Pico {
  const product = BigInt(quantity) * rate.numerator;
  return rate.denominator === 1n ? product : divideHalfEven(product, rate.denominator);
}

function lineOf(kind: UsageKind, quantity: number, rate: ChosenRate): CostLine {
  return {
    kind,
    quantity,
    ratedAs: rate.ratedAs,
    price: rate.price,
    per: rate.per,
    factors: rate.factors,
    amount: amountOf(quantity, rate),
  };
}

function withoutRate(kind: UsageKind, context: RatingContext, compiled: CompiledPrice): RatedCost {
  const tier = context.serviceTier;
  const { id, model } = compiled.version;
  if (tier !== standardTier && compiled.pricedAtStandard(kind)) {
    const detail = `Price ${id} of ${model} has neither a rate nor a factor for ${kind} at the ${tier} tier.`;
    return { kind: "unpriced", reason: "tier_not_priced", detail };
  }
  const detail = `Price ${id} of ${model} has no rate for ${kind}, nor for a kind whose rate it would take.`;
  return { kind: "unpriced", reason: "kind_not_priced", detail };
}

const noUsage: RatedCost = {
  kind: "unpriced",
  reason: "no_usage",
  detail: "The record holds no count of anything that this price charges for.",
};

/**
 * The ladder on which a kind's units are laid end to end in marginal mode, in the order of `usageKinds`: what was read,
 * or with `fresh_input` fresh and cached input apart; what was generated; each unit kind by itself.
 */
function ladderOf(kind: UsageKind, basis: PriceVersion["contextBasis"]): string {
  const group = tokenGroup(kind);
  if (group === undefined) return kind;
  return group === "cached" && basis === "all_input" ? "fresh" : group;
}

/** Appends the lines of one kind whose units lie at `(from, from + quantity]` of their ladder; false where a band has no rate. */
function appendMarginal(
  lines: CostLine[],
  kind: UsageKind,
  kindIndex: number,
  from: number,
  quantity: number,
  thresholds: readonly number[],
  selections: readonly RateSelection[],
): boolean {
  let left = quantity;
  let held: ChosenRate | undefined;
  let heldQuantity = 0;
  for (const [band, selection] of selections.entries()) {
    const end = thresholds[band];
    const room = end === undefined ? left : Math.min(left, Math.max(0, end - from - (quantity - left)));
    if (room === 0) continue;
    const rate = selection.rates[kindIndex];
    if (rate === undefined) return false;
    if (held !== undefined && held !== rate) {
      lines.push(lineOf(kind, heldQuantity, held));
      heldQuantity = 0;
    }
    held = rate;
    heldQuantity += room;
    left -= room;
  }
  if (held !== undefined) lines.push(lineOf(kind, heldQuantity, held));
  return true;
}

function priced(
  compiled: CompiledPrice,
  rule: string,
  lines: readonly CostLine[],
  total: Pico,
  cacheSavings: Pico | null,
): RatedCost {
  const { id, currency } = compiled.version;
  return { kind: "priced", priceVersionId: id, currency, rule, lines, total, cacheSavings };
}

const sumOf = (lines: readonly CostLine[]): Pico => lines.reduce((sum, { amount }) => sum + amount, 0n);

function rateByBands(
  quantities: Quantities,
  context: RatingContext,
  compiled: CompiledPrice,
  segment: number,
  plainLines: CostLine[],
): RatedCost {
  const { thresholds, version } = compiled;
  const selections = [0, ...thresholds].map((_, band) =>
    compiled.select(context.serviceTier, context.region, band, segment),
  );
  const filled = new Map<string, number>();
  const lines: CostLine[] = [];
  let charged = false;
  let saved: Pico | null = 0n;
  for (const [kindIndex, kind] of usageKinds.entries()) {
    const quantity = quantities[kind];
    if (quantity === undefined) continue;
    if (freeUnlessPriced.has(kind) && selections.every(({ rates }) => rates[kindIndex] === undefined)) continue;
    charged = true;
    const ladder = ladderOf(kind, version.contextBasis);
    const from = filled.get(ladder) ?? 0;
    const before = lines.length;
    if (!appendMarginal(lines, kind, kindIndex, from, quantity, thresholds, selections)) {
      return withoutRate(kind, context, compiled);
    }
    const plainAt = plainPositions[kindIndex] as number;
    if (plainAt !== -1 && saved !== null) {
      const plain: CostLine[] = [];
      const isKnown = appendMarginal(plain, kind, plainAt, from, quantity, thresholds, selections);
      saved = isKnown ? saved + sumOf(plain) - sumOf(lines.slice(before)) : null;
      plainLines.push(...plain);
    }
    filled.set(ladder, from + quantity);
  }
  if (!charged) return noUsage;
  return priced(compiled, selections[0]?.rule ?? "", lines, sumOf(lines), saved);
}

/**
 * The exact cost of one call, with its proof, or the reason why it has none.
 *
 * `quantities` are disjoint (see `usage-kinds.ts`); `compiled` is the version that held at `context.occurredAtMs`.
 * Each line is `quantity × price × factors ÷ per`, rounded half to even once at 10⁻¹²; the total is the sum of lines.
 * A kind without a rate takes that of its ancestor and says so in `ratedAs`. Unpriced, never zero: a token kind or unit
 * without a rate (`kind_not_priced`), a tier with neither rate nor factor (`tier_not_priced`), a record that counts
 * nothing chargeable (`no_usage`); a count of 0 is a count and makes no line. Requests and tool calls are free unless
 * the version prices them. A price of "0" makes a line of amount 0.
 *
 * In `whole_request` mode the context picks one band for every line. In `marginal` mode a kind has one line per band
 * that its units reach: the kinds that were read are laid end to end in the order of `usageKinds` (with `fresh_input`,
 * fresh and cached apart), those generated likewise from zero, and unit kinds each from zero.
 *
 * `cacheSavings` is what the tokens read from and written to caches would have cost as plain input of this very call (its
 * tier, region, band and time of day), each kind rounded as a line is, less what they cost: negative where writing cost
 * more than reading saved, 0 where nothing was cached, null where cached tokens have no plain price to compare with.
 * `plainLines`, where it is given, gets what was compared with: lines of the cached kinds at their plain prices.
 */
export function rateUsage(
  quantities: Quantities,
  context: RatingContext,
  compiled: CompiledPrice,
  plainLines?: CostLine[],
): RatedCost {
  const { thresholds, dayBoundariesS, version } = compiled;
  const segment =
    dayBoundariesS.length === 0
      ? 0
      : countPassed(dayBoundariesS, (((context.occurredAtMs % dayMs) + dayMs) % dayMs) / 1000, true);
  if (thresholds.length > 0 && version.tierMode === "marginal") {
    return rateByBands(quantities, context, compiled, segment, plainLines ?? []);
  }
  const band =
    thresholds.length === 0 ? 0 : countPassed(thresholds, contextTokens(quantities, version.contextBasis), false);
  const { rule, rates } = compiled.select(context.serviceTier, context.region, band, segment);
  const lines: CostLine[] = [];
  let total = 0n;
  let saved: Pico | null = 0n;
  let charged = false;
  const count = kindsOf(quantities);
  for (let at = 0; at < count; at += 1) {
    const kindIndex = presentKinds[at] as number;
    const kind = usageKinds[kindIndex] as UsageKind;
    const quantity = quantities[kind];
    if (quantity === undefined) continue;
    const rate = rates[kindIndex];
    if (rate === undefined) {
      if (freeUnlessPriced.has(kind)) continue;
      charged = true;
      if (quantity === 0) continue;
      return withoutRate(kind, context, compiled);
    }
    charged = true;
    if (quantity === 0) continue;
    const line = lineOf(kind, quantity, rate);
    lines.push(line);
    total += line.amount;
    const plainAt = plainPositions[kindIndex] as number;
    if (plainAt === -1 || saved === null) continue;
    const plain = rates[plainAt];
    if (plain === undefined) {
      saved = null;
      continue;
    }
    if (plain !== rate) saved += amountOf(quantity, plain) - line.amount;
    plainLines?.push(lineOf(kind, quantity, plain));
  }
  return charged ? priced(compiled, rule, lines, total, saved) : noUsage;
}
