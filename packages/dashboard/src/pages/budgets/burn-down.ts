import type { BudgetStatus } from "@llm-cost-ops/sdk";
import {
  compareDecimals,
  decimalText,
  multiplyDecimals,
  ratioOf,
  subtractDecimals,
  sumDecimals,
} from "../../format/decimal.ts";
import { formatDay, formatInstant } from "../../format/instants.ts";
import { dayAfter, todayIn } from "../../url-state/period.ts";
import type { SpendByBucket } from "./budget-questions.ts";

const hourMs = 3_600_000;
const hoursDrawnMax = 72;

/** The steps of a time, in order: each by its key in what was spent, and how it is written. */
export interface Steps {
  readonly bucket: "hour" | "day";
  readonly keys: readonly string[];
  readonly labels: readonly string[];
}

/** `21 Nov 14:00`. */
export const hourLabel = (ms: number, zone: string): string =>
  `${formatDay(todayIn(zone, ms))} ${formatInstant(ms, zone).slice(-"14:00".length)}`;

/** By hour up to three days, by day beyond. Both ends are instants; the second is not included. */
export function stepsOf(from: string, to: string, zone: string): Steps {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  if (toMs - fromMs <= hoursDrawnMax * hourMs) {
    const keys: string[] = [];
    for (let at = Math.floor(fromMs / hourMs) * hourMs; at < toMs; at += hourMs) keys.push(String(at));
    return { bucket: "hour", keys, labels: keys.map((key) => hourLabel(Number(key), zone)) };
  }
  const keys: string[] = [];
  const last = todayIn(zone, toMs - 1);
  for (let day = todayIn(zone, fromMs); day <= last; day = dayAfter(day, 1)) keys.push(day);
  const withYear = keys.length > 366;
  return { bucket: "day", keys, labels: keys.map((key) => formatDay(key, withYear)) };
}

/** The step that an instant lies in; of one beyond the end the last. */
export function stepAt({ bucket, keys }: Steps, instant: string, zone: string): number {
  const ms = Date.parse(instant);
  const at = bucket === "day" ? keys.indexOf(todayIn(zone, ms)) : keys.findLastIndex((key) => Number(key) <= ms);
  return at === -1 ? keys.length - 1 : at;
}

/** The sum up to the end of each step. */
export function runningSums(keys: readonly string[], spend: SpendByBucket): readonly string[] {
  let sum = "0";
  return keys.map((key) => {
    const value = spend.get(key);
    if (value !== undefined) sum = sumDecimals([sum, value]);
    return sum;
  });
}

/** Where each threshold, in percent of the amount, was reached first; null where it was not. */
export function crossingsOf(
  sums: readonly string[],
  amount: string,
  thresholds: readonly number[],
): readonly { readonly percent: number; readonly at: number | null }[] {
  return thresholds.map((percent) => {
    const limit = multiplyDecimals(amount, String(percent));
    const at = sums.findIndex((sum) => compareDecimals(multiplyDecimals(sum, "100"), limit) >= 0);
    return { percent, at: at === -1 ? null : at };
  });
}

export interface BurnDown {
  readonly remaining: readonly (string | null)[];
  /** What would remain if the amount were spent evenly; absent where the time has no end. */
  readonly even: readonly (string | null)[] | undefined;
  /** From now to the end at the pace so far; absent where nothing is projected. */
  readonly projected: readonly (string | null)[] | undefined;
}

const part = (whole: string, steps: number, of: number): string =>
  decimalText(ratioOf(multiplyDecimals(whole, String(steps)), String(of), 12) ?? { units: 0n, scale: 0 });

/** What was left of the amount at the end of each step up to `now`, and what will be if the pace goes on. */
export function burnDownOf(sums: readonly string[], now: number, status: BudgetStatus): BurnDown {
  const amount = status.amountExact;
  const last = sums.length - 1;
  const hasEnd = status.period.to !== null && status.period.kind !== "rolling";
  const remaining = sums.map((sum, at) => (at <= now ? subtractDecimals(amount, sum) : null));
  const even = hasEnd ? sums.map((_, at) => subtractDecimals(amount, part(amount, at + 1, sums.length))) : undefined;
  const { projectedExact } = status;
  if (!hasEnd || projectedExact === null || now >= last) return { remaining, even, projected: undefined };
  const left = remaining[now] ?? amount;
  const drop = subtractDecimals(left, subtractDecimals(amount, projectedExact));
  const projected = sums.map((_, at) => (at < now ? null : subtractDecimals(left, part(drop, at - now, last - now))));
  return { remaining, even, projected };
}
