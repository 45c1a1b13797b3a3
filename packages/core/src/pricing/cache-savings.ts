import { formatMoney, type Pico } from "../money/money.ts";
import { decorateMoney } from "../money/money-for-people.ts";
import type { Quantities, UsageKind } from "../usage/usage-kinds.ts";
import type { CompiledPrice } from "./compile-price.ts";
import { costLineFormula } from "./explain-cost.ts";
import type { RatingContext } from "./price-version.ts";
import { rateUsage } from "./rate-usage.ts";
import type { CostLine } from "./rated-cost.ts";

/** What caching saved on one kind of tokens: `plain − charged`, each line rounded by itself. */
export interface CacheSaving {
  readonly kind: UsageKind;
  readonly quantity: number;
  /** What they would have cost as plain input; several lines where they lie in several bands of a marginal price. */
  readonly plain: readonly CostLine[];
  /** What they cost. */
  readonly charged: readonly CostLine[];
  readonly plainAmount: Pico;
  readonly chargedAmount: Pico;
  /** Negative where the cache cost more than plain input. */
  readonly saved: Pico;
}

const sumOf = (lines: readonly CostLine[]): Pico => lines.reduce((sum, { amount }) => sum + amount, 0n);

/** How the `cacheSavings` that `rateUsage` gives came about, kind by kind; empty where nothing was cached or they are null. */
export function explainCacheSavings(
  quantities: Quantities,
  context: RatingContext,
  compiled: CompiledPrice,
): readonly CacheSaving[] {
  const plainLines: CostLine[] = [];
  const rated = rateUsage(quantities, context, compiled, plainLines);
  if (rated.kind === "unpriced" || rated.cacheSavings === null) return [];
  return [...Map.groupBy(plainLines, ({ kind }) => kind)].map(([kind, plain]) => {
    const charged = rated.lines.filter((line) => line.kind === kind);
    const [plainAmount, chargedAmount] = [sumOf(plain), sumOf(charged)];
    const quantity = plain.reduce((sum, line) => sum + line.quantity, 0);
    return { kind, quantity, plain, charged, plainAmount, chargedAmount, saved: plainAmount - chargedAmount };
  });
}

/**
 * A saving as a person would write it down to redo it. `currency` is the rated cost's.
 *
 * @example "9,000 × $3.00 / 1,000,000 − 9,000 × $0.30 / 1,000,000 = $0.0243"
 */
export function cacheSavingFormula({ plain, charged, saved }: CacheSaving, currency: string): string {
  return `${termOf(plain, currency)} − ${termOf(charged, currency)} = ${decorateMoney(formatMoney(saved), currency)}`;
}

function termOf(lines: readonly CostLine[], currency: string): string {
  const terms = lines.map((line) => costLineFormula(line, currency).replace(/ = [^=]*$/, ""));
  return terms.length === 1 ? (terms[0] ?? "") : `(${terms.join(" + ")})`;
}
