import { limits } from "@llm-cost-ops/contract/limits";
import { nextStart, offsetAt, startOf } from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import type { Period } from "./cost-filter.ts";

export const timeDimensions = ["hour", "day", "week", "month"] as const;
export type TimeDimension = (typeof timeDimensions)[number];

const hourMs = 3_600_000;

/** The shortest that a unit gets where clocks change, to bound the number of buckets before making them. */
const shortestMs: Readonly<Record<TimeDimension, number>> = {
  hour: hourMs / 2,
  day: 23 * hourMs,
  week: 7 * 24 * hourMs - hourMs,
  month: 28 * 24 * hourMs - hourMs,
};

/**
 * The ends of the buckets that the units cut a period into, first and last end included: bucket `i` is
 * `[bounds[i], bounds[i + 1])`. Days, weeks and months follow the zone's clocks. Without units the period is one bucket.
 * Refuses with VALIDATION_ERROR more buckets than an answer may have rows.
 */
export function bucketBounds(period: Period, units: readonly TimeDimension[]): readonly number[] {
  const { fromMs, toMs, zone } = period;
  if (fromMs >= toMs) return [];
  const bounds = new Set([fromMs, toMs]);
  for (const unit of units) {
    if ((toMs - fromMs) / shortestMs[unit] > limits.groupRows * 2) throw tooManyGroups();
    for (let at = nextStart(unit, fromMs, zone); at < toMs; at = nextStart(unit, at, zone)) bounds.add(at);
  }
  return [...bounds].sort((a, b) => a - b);
}

/** The refusal of a question whose answer would be too long. */
export const tooManyGroups = (): Refusal =>
  new Refusal(
    "VALIDATION_ERROR",
    `The answer would have more than ${limits.groupRows} rows: narrow the dates or filters, or group by less.`,
    { fieldErrors: { group_by: `gives more than ${limits.groupRows} rows` } },
  );

/** The same of the answers of several questions. */
export const tooManyGroupsTogether = (): Refusal =>
  new Refusal(
    "VALIDATION_ERROR",
    `The answers would have more than ${limits.groupRows} rows together: ask for fewer at once, or narrow them.`,
    { fieldErrors: { filters: `give more than ${limits.groupRows} rows together` } },
  );

/**
 * What an instant's bucket is called: a day `2026-11-16`, a week by its Monday `2026-11-16`, a month `2026-11`, an hour
 * as the instant at which it begins, with the zone's offset (`2026-11-16T08:00:00-05:00`) or `Z` in UTC.
 */
export function bucketLabel(unit: TimeDimension, ms: number, zone: string): string {
  const start = startOf(unit, ms, zone);
  const offset = offsetAt(start, zone);
  const wall = new Date(start + offset).toISOString();
  switch (unit) {
    case "hour":
      return `${wall.slice(0, 19)}${zone === "UTC" ? "Z" : offsetText(offset)}`;
    case "day":
    case "week":
      return wall.slice(0, 10);
    case "month":
      return wall.slice(0, 7);
    default:
      return unit satisfies never;
  }
}

function offsetText(offsetMs: number): string {
  const minutes = Math.abs(Math.round(offsetMs / 60_000));
  const two = (value: number): string => value.toString().padStart(2, "0");
  return `${offsetMs < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
