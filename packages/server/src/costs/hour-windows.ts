import { weekWindows, weekWindowsMax } from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import type { Period } from "./cost-filter.ts";
import type { Extent } from "./cost-query.ts";

/** A half-open stretch of time, UTC milliseconds. */
export type HourWindow = Pick<Period, "fromMs" | "toMs">;

/** A year of every other hour has 4,400, one of working hours 260. */
const windowsMax = 10_000;

/**
 * The parts of a period that lie in hours of the week of its zone, ascending and apart from each other; undefined where no
 * hours are named. Refuses with VALIDATION_ERROR a period that the hours cut into more than `windowsMax`.
 */
export function hourWindows(period: Period, hours: readonly number[] | undefined): readonly HourWindow[] | undefined {
  if (hours === undefined) return undefined;
  if (period.fromMs >= period.toMs) return [];
  if (weekWindowsMax(period, hours) > windowsMax) {
    throw new Refusal(
      "VALIDATION_ERROR",
      `The hours cut the period into more than ${windowsMax} parts: narrow the dates.`,
      {
        fieldErrors: { hours: `cut the period into more than ${windowsMax} parts` },
      },
    );
  }
  return weekWindows(period, hours, period.zone);
}

/** The same of the part of a period in which anything was recorded. */
export const recordedWindows = (
  period: Period,
  hours: readonly number[] | undefined,
  extent: Extent | undefined,
): readonly HourWindow[] | undefined =>
  hourWindows(
    {
      ...period,
      fromMs: Math.max(period.fromMs, extent?.firstMs ?? 0),
      toMs: Math.min(period.toMs, (extent?.lastMs ?? -1) + 1),
    },
    hours,
  );

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
