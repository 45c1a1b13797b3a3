import { weekWindows, weekWindowsMax } from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import type { Period } from "./cost-filter.ts";
import type { Extent } from "./cost-query.ts";

/** A half-open stretch of time, UTC milliseconds. */
export type HourWindow = Pick<Period, "fromMs" | "toMs">;

/** A year of every other hour has 4,400, one of working hours 260. */
const windowsMax = 10_000;
/** Of all questions of a batch together: a hundred about the working hours of a year have 26,500. */
const batchWindowsMax = 30_000;

/**
 * The parts of a period that lie in hours of the week of its zone, ascending and apart from each other; undefined where no
 * hours are named. Refuses with VALIDATION_ERROR a period that the hours cut into more than `windowsMax`.
 */
export function hourWindows(period: Period, hours: readonly number[] | undefined): readonly HourWindow[] | undefined {
  if (hours === undefined) return undefined;
  if (period.fromMs >= period.toMs) return [];
  if (weekWindowsMax(period, hours) > windowsMax) {
    throw tooManyParts(`cut the period into more than ${windowsMax} parts`);
  }
  return weekWindows(period, hours, period.zone);
}

const tooManyParts = (fault: string, field = "hours"): Refusal =>
  new Refusal("VALIDATION_ERROR", `The hours ${fault}: narrow the dates.`, { fieldErrors: { [field]: fault } });

/** Refuses with VALIDATION_ERROR a batch by the question whose hours, with those before it, make more than `batchWindowsMax` windows. */
export function boundBatchHours(
  questions: readonly { readonly period: Period; readonly filter: { readonly hours?: readonly number[] } }[],
  extent: Extent | undefined,
): void {
  let windows = 0;
  for (const [at, { period, filter }] of questions.entries()) {
    const recorded = recordedPart(period, extent);
    if (filter.hours === undefined || recorded.fromMs >= recorded.toMs) continue;
    windows += weekWindowsMax(recorded, filter.hours);
    if (windows <= batchWindowsMax) continue;
    throw tooManyParts(`cut the batch's periods into more than ${batchWindowsMax} parts`, `filters.${at}.hours`);
  }
}

const recordedPart = (period: Period, extent: Extent | undefined): Period => ({
  ...period,
  fromMs: Math.max(period.fromMs, extent?.firstMs ?? 0),
  toMs: Math.min(period.toMs, (extent?.lastMs ?? -1) + 1),
});

/** The same of the part of a period in which anything was recorded. */
export const recordedWindows = (
  period: Period,
  hours: readonly number[] | undefined,
  extent: Extent | undefined,
): readonly HourWindow[] | undefined => hourWindows(recordedPart(period, extent), hours);

/** The place of the first window that ends after an instant. */
function placeOf(windows: readonly HourWindow[], ms: number): number {
  let [low, high] = [0, windows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((windows[middle]?.toMs ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether an instant lies in one of the windows. */
export function isWithinHours(windows: readonly HourWindow[], ms: number): boolean {
  const found = windows[placeOf(windows, ms)];
  return found !== undefined && found.fromMs <= ms;
}

/** The parts of windows that lie in a stretch of time. */
export function windowsWithin(windows: readonly HourWindow[], { fromMs, toMs }: HourWindow): readonly HourWindow[] {
  const parts: HourWindow[] = [];
  for (let place = placeOf(windows, fromMs); place < windows.length; place += 1) {
    const window = windows[place];
    if (window === undefined || window.fromMs >= toMs) break;
    parts.push({ fromMs: Math.max(fromMs, window.fromMs), toMs: Math.min(toMs, window.toMs) });
  }
  return parts;
}

/** Ascending ends, of which SQL's width_bucket gives an odd number within a window and an even one outside. */
export const endsOf = (windows: readonly HourWindow[]): readonly number[] =>
  windows.flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
