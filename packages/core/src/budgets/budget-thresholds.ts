import { formatDecimal, parseDecimal } from "../money/money.ts";
import { InvalidBudget } from "./invalid-budget.ts";

/** A share of a budget's amount in percent, with at most two decimals: `"75"`, `99.5`. */
export type ThresholdPercent = string | number;

export const thresholdPercentMax = 1_000;
export const thresholdsMax = 20;

/** Percents are compared as whole hundredths of a percent; the amount has 10,000 of them. */
const hundredthsScale = 2;
const hundredthsOfAmount = 10_000n;
const hundredthsMax = BigInt(thresholdPercentMax) * 100n;

/** Undefined for anything but a positive percent up to 1,000 with at most two decimals. */
function hundredthsOf(percent: unknown): bigint | undefined {
  if (typeof percent !== "string" && typeof percent !== "number") return undefined;
  const decimal = parseDecimal(String(percent));
  if (decimal === undefined || decimal.scale > hundredthsScale) return undefined;
  const hundredths = decimal.coefficient * 10n ** BigInt(hundredthsScale - decimal.scale);
  return hundredths > 0n && hundredths <= hundredthsMax ? hundredths : undefined;
}

/** The different thresholds in hundredths of a percent, ascending. */
function readThresholds(thresholds: readonly unknown[]): bigint[] {
  if (thresholds.length > thresholdsMax) {
    throw new InvalidBudget("thresholds", `must be at most ${thresholdsMax}`);
  }
  const read = thresholds.map((percent, index) => {
    const hundredths = hundredthsOf(percent);
    if (hundredths !== undefined) return hundredths;
    throw new InvalidBudget(
      `thresholds[${index}]`,
      `must be a percent above 0 and up to ${thresholdPercentMax} with at most two decimals`,
    );
  });
  return [...new Set(read)].sort((a, b) => (a < b ? -1 : 1));
}

const percentText = (hundredths: bigint): string => formatDecimal({ coefficient: hundredths, scale: hundredthsScale });

const isReached = (total: bigint, amount: bigint, hundredths: bigint): boolean =>
  total * hundredthsOfAmount >= amount * hundredths;

function requireAmount(amount: bigint): void {
  if (amount < 0n) throw new RangeError("amount must not be negative.");
}

/**
 * Checks a budget's thresholds and gives them back as they are written everywhere: ascending, each once, the shortest
 * decimal (`"75.50"` → `"75.5"`). Throws `InvalidBudget` with the field `thresholds[i]` (or `thresholds` for more than
 * 20) for anything but percents above 0 and up to 1,000 with at most two decimals.
 *
 * @example parseThresholds(["90", 50, "50.00"]) // ["50", "90"]
 */
export function parseThresholds(thresholds: readonly unknown[]): string[] {
  return readThresholds(thresholds).map(percentText);
}

/**
 * The thresholds (percent) that a total reaches, ascending; equality reaches. Total and amount are in the same unit:
 * Pico, or tokens. Of an amount of 0, every threshold is reached by a total of 0. Throws `InvalidBudget` for a threshold
 * that is none, and a RangeError for a negative amount.
 *
 * @example thresholdsReached(75n, 100n, ["50", "75", "90"]) // ["50", "75"]
 */
export function thresholdsReached(total: bigint, amount: bigint, thresholds: readonly ThresholdPercent[]): string[] {
  requireAmount(amount);
  return readThresholds(thresholds)
    .filter((hundredths) => isReached(total, amount, hundredths))
    .map(percentText);
}

/** Thresholds in percent, ascending. At most one of the two lists has any. */
export interface ThresholdCrossings {
  /** Reached by the later total and not by the earlier. */
  readonly reached: readonly string[];
  /** Reached by the earlier total and not by the later, for example after a correction. */
  readonly left: readonly string[];
}

/**
 * The thresholds (percent) between two totals of one budget: newly reached, or left again. A chain of totals says each
 * crossing once, whatever steps it is cut into. Units and errors as `thresholdsReached`. Where the amount itself
 * changed, compare what `thresholdsReached` says of the total before and after.
 *
 * @example thresholdsCrossed(40n, 90n, 100n, ["50", "75", "90"]) // { reached: ["50", "75", "90"], left: [] }
 */
export function thresholdsCrossed(
  before: bigint,
  after: bigint,
  amount: bigint,
  thresholds: readonly ThresholdPercent[],
): ThresholdCrossings {
  requireAmount(amount);
  const reached: string[] = [];
  const left: string[] = [];
  for (const hundredths of readThresholds(thresholds)) {
    const was = isReached(before, amount, hundredths);
    const is = isReached(after, amount, hundredths);
    if (is && !was) reached.push(percentText(hundredths));
    if (was && !is) left.push(percentText(hundredths));
  }
  return { reached, left };
}
