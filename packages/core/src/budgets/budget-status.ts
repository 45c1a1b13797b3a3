import { divideHalfEven } from "../money/money.ts";
import type { BudgetPeriodBounds, BudgetPeriodKind } from "./budget-period.ts";
import { type ThresholdPercent, thresholdsReached } from "./budget-thresholds.ts";

export const budgetStates = ["ok", "warning", "exceeded"] as const;
export type BudgetState = (typeof budgetStates)[number];

/** What a budget's status follows from. `amount`, `spent` and `reserved` are in one unit: Pico, or tokens. */
export interface BudgetStanding {
  /** Not negative; 0 allows nothing. */
  readonly amount: bigint;
  /** What the ledger has for the period; negative where corrections outweigh costs. */
  readonly spent: bigint;
  /** What is held for calls that are not settled; not negative. */
  readonly reserved: bigint;
  readonly periodKind: BudgetPeriodKind;
  /** From `periodAt`: milliseconds since the epoch, `[fromMs, toMs)`. */
  readonly bounds: BudgetPeriodBounds;
  /** Whole milliseconds since the epoch; may lie before or after the period. */
  readonly nowMs: number;
  /** Percents with at most two decimals, as `parseThresholds` reads them. */
  readonly thresholds: readonly ThresholdPercent[];
}

/** What was spent of a period until an instant, from which its pace follows. */
export type SpentSoFar = Pick<BudgetStanding, "spent" | "periodKind" | "bounds" | "nowMs">;

/** How fast spending goes, and where that leads, in the unit of what was spent. */
export interface SpendingPace {
  /**
   * What was spent for each 24 hours of the part of the period that has passed (all of it where the period rolls), ties
   * to even. Undefined where no time has passed.
   */
  readonly burnPerDay: bigint | undefined;
  /**
   * What will be spent by the period's end if the pace so far goes on, ties to even; what was spent where the period is
   * over. Undefined where no time has passed, and for prepaid and rolling periods, which have no end to reach.
   */
  readonly projectedSpend: bigint | undefined;
}

/** How a budget stands; amounts are in the unit of the standing that was given. */
export interface BudgetStatus extends SpendingPace {
  /** `amount - spent - reserved`; negative where more is used than allowed. */
  readonly remaining: bigint;
  /**
   * `(spent + reserved) ÷ amount` with four decimals, rounded down, such as `"0.7512"`: at least `"1.0000"` exactly where
   * the budget is exceeded. Undefined where the amount is 0.
   */
  readonly utilization: string | undefined;
  /** The thresholds in percent that spent and reserved together reach, ascending; equality reaches. */
  readonly thresholdsReached: readonly string[];
  /** `exceeded` where spent + reserved >= amount; `warning` where a threshold below 100 % is reached; `ok` otherwise. */
  readonly state: BudgetState;
  /**
   * The first millisecond at which spending at the pace so far, with what is reserved, uses up the amount. Undefined
   * where that is not before the period's end, where nothing is being spent, where the budget is exceeded already
   * or the period is not going on, and for rolling periods, which lose old spending at the same pace.
   */
  readonly exhaustedAtMs: number | undefined;
}

const dayMs = 86_400_000n;
const ratioScale = 10_000n;
const ratioDigits = 4;

/** The last instant that a Date can hold. */
const instantMsMax = 8_640_000_000_000_000n;

/** `numerator ÷ denominator` towards minus infinity; the denominator is positive. */
function divideDown(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  return numerator < 0n && numerator % denominator !== 0n ? quotient - 1n : quotient;
}

/** `numerator ÷ denominator` towards plus infinity; the denominator is positive. */
const divideUp = (numerator: bigint, denominator: bigint): bigint => -divideDown(-numerator, denominator);

function ratioText(numerator: bigint, denominator: bigint): string {
  const scaled = divideDown(numerator * ratioScale, denominator);
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(ratioDigits + 1, "0");
  return `${scaled < 0n ? "-" : ""}${digits.slice(0, -ratioDigits)}.${digits.slice(-ratioDigits)}`;
}

/** How much of the period has passed, in milliseconds. A rolling period has always passed as a whole. */
function elapsedMs({ periodKind, bounds: { fromMs, toMs }, nowMs }: SpentSoFar): bigint {
  const end = toMs === undefined || (nowMs < toMs && periodKind !== "rolling") ? nowMs : toMs;
  return BigInt(Math.max(end - fromMs, 0));
}

function projectedSpend({ spent, periodKind, bounds }: SpentSoFar, elapsed: bigint): bigint | undefined {
  if (elapsed === 0n || bounds.toMs === undefined || periodKind === "rolling" || periodKind === "prepaid") {
    return undefined;
  }
  return divideHalfEven(spent * BigInt(bounds.toMs - bounds.fromMs), elapsed);
}

function exhaustedAtMs(standing: BudgetStanding, remaining: bigint, elapsed: bigint): number | undefined {
  const { spent, periodKind, bounds, nowMs } = standing;
  if (periodKind === "rolling" || elapsed === 0n || spent <= 0n || remaining <= 0n) return undefined;
  const at = BigInt(nowMs) + divideUp(remaining * elapsed, spent);
  const end = bounds.toMs === undefined ? instantMsMax : BigInt(bounds.toMs);
  return at < end ? Number(at) : undefined;
}

function stateOf(remaining: bigint, reached: readonly string[]): BudgetState {
  if (remaining <= 0n) return "exceeded";
  // What is reached while something remains lies below 100 %.
  return reached.length > 0 ? "warning" : "ok";
}

/**
 * How fast spending goes and what it comes to at the end of its period, linear over what has passed of it. Throws a
 * RangeError where an instant is not a whole number.
 *
 * @example
 * const now = Date.UTC(2026, 3, 11);
 * const bounds = periodAt({ kind: "month", zone: "UTC" }, now);
 * spendingPace({ spent: 150n, periodKind: "month", bounds, nowMs: now }); // { burnPerDay: 15n, projectedSpend: 450n }
 */
export function spendingPace(soFar: SpentSoFar): SpendingPace {
  const elapsed = elapsedMs(soFar);
  return {
    burnPerDay: elapsed === 0n ? undefined : divideHalfEven(soFar.spent * dayMs, elapsed),
    projectedSpend: projectedSpend(soFar, elapsed),
  };
}

/**
 * Says how a budget stands, exactly: no float touches an amount. Pace and projection are linear over what has passed
 * of the period, so they say little in its first moments. Throws a RangeError where the amount or the reserved is
 * negative or an instant is not a whole number, and `InvalidBudget` for a threshold that is none.
 *
 * @example
 * const now = Date.UTC(2026, 3, 11);
 * const bounds = periodAt({ kind: "month", zone: "UTC" }, now);
 * const standing = { amount: 300n, spent: 150n, reserved: 10n, periodKind: "month", bounds, nowMs: now } as const;
 * budgetStatus({ ...standing, thresholds: ["50", "90"] });
 * // { remaining: 140n, utilization: "0.5333", thresholdsReached: ["50"], state: "warning", burnPerDay: 15n,
 * //   projectedSpend: 450n, exhaustedAtMs: Date.UTC(2026, 3, 20, 8) }
 */
export function budgetStatus(standing: BudgetStanding): BudgetStatus {
  const { amount, spent, reserved, thresholds } = standing;
  if (reserved < 0n) throw new RangeError("reserved must not be negative.");
  const used = spent + reserved;
  const remaining = amount - used;
  const reached = thresholdsReached(used, amount, thresholds);
  const elapsed = elapsedMs(standing);
  return {
    remaining,
    utilization: amount === 0n ? undefined : ratioText(used, amount),
    thresholdsReached: reached,
    state: stateOf(remaining, reached),
    ...spendingPace(standing),
    exhaustedAtMs: exhaustedAtMs(standing, remaining, elapsed),
  };
}
