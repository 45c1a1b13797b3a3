import type { ChartTable } from "../../chart/download.ts";
import { compareDecimals, isZero, sumDecimals } from "../../format/decimal.ts";
import { formatDay } from "../../format/instants.ts";
import { formatCount } from "../../format/numbers.ts";
import { bucketsOf, dayAfter, type Period } from "../../url-state/period.ts";
import type { Condition } from "./dimensions.ts";
import { nameOf, othersIn, seriesMax, standsForOthers } from "./groups.ts";
import { type Measure, type Row, rowsFor, sumOf, type Writing } from "./measures.ts";

export interface Series {
  readonly name: string;
  /** What the series is of; empty for the sum of several. */
  readonly conditions: readonly Condition[];
  readonly values: readonly (string | null)[];
  readonly dashed?: boolean;
  readonly muted?: boolean;
}

/** A measure over time, in series. */
export interface TimePicture {
  /** The places of the axis as the server names them (an hour by its first thirteen characters), and as they are written. */
  readonly buckets: readonly string[];
  readonly labels: readonly string[];
  readonly series: readonly Series[];
  /** Of how many groups no series is drawn, because they do not add up. */
  readonly left: number;
  /** How many calls of each place have no price and so are in no sum of money; of counts nobody asks. */
  readonly unpriced: readonly number[];
}

export const unpricedLabel = "Calls without a price";

/** Beside groups it must not be taken for one of them. */
export const beforeNames = { alone: "The period before", ofGroups: "All, the period before" } as const;

interface Drawn {
  readonly rows: readonly Row[];
  /** Sums of the period before by time alone. */
  readonly before: readonly Row[] | undefined;
  readonly by: readonly string[];
  readonly period: Period;
  readonly measure: Measure;
  readonly currency: string;
}

/**
 * Series of rows by time and group, the largest first. Beyond the eighth they are one of their own, so that the sum stays the
 * sum; of averages the others are left out and counted.
 */
export function timePicture({ rows, before, by, period, measure, currency }: Drawn): TimePicture {
  const buckets = period.bucket === "hour" ? hoursOf(period) : bucketsOf(period);
  const ours = rowsFor(rows, measure, currency);
  const [own, summed] = [ours.filter((row) => !standsForOthers(row)), ours.filter(standsForOthers)];
  const groups = [...Map.groupBy(own, (row) => JSON.stringify(by.map((id) => row[id] ?? null)))].map(
    ([key, members]) => ({ values: JSON.parse(key) as (string | null)[], members, size: sizeOf(members, measure) }),
  );
  const ranked = groups
    .filter(({ size }) => !isZero(size))
    .toSorted((a, b) => compareDecimals(magnitude(b.size), magnitude(a.size)));
  const kept = ranked.length > seriesMax + (summed.length > 0 ? 0 : 1) ? ranked.slice(0, seriesMax) : ranked;
  const rest = ranked.slice(kept.length);
  const otherCount = rest.length + othersIn(summed);
  const along = (members: readonly Row[]): readonly (string | null)[] => {
    const at = Map.groupBy(members, (row) => bucketOf(row, period.bucket));
    return buckets.map((bucket) => sumOf(at.get(bucket) ?? [], measure));
  };
  const series = kept.map(
    ({ values, members }): Series => ({
      name: by.length === 0 ? measure.label : values.map(nameOf).join(" · "),
      conditions: by.map((dimension, index) => ({ dimension, value: values[index] ?? null })),
      values: along(members),
    }),
  );
  if (measure.adds && otherCount > 0) {
    const members = [...rest.flatMap((group) => group.members), ...summed];
    series.push({ name: `${formatCount(otherCount)} others`, conditions: [], values: along(members), muted: true });
  }
  if (before !== undefined)
    series.push(
      beforeSeries(
        before,
        period,
        measure,
        currency,
        buckets.length,
        beforeNames[by.length > 0 ? "ofGroups" : "alone"],
      ),
    );
  const labels = buckets.map((bucket) => labelOf(bucket, period));
  return {
    buckets,
    labels,
    series,
    left: measure.adds ? 0 : otherCount,
    unpriced: measure.isMoney ? unpricedAlong(rows, buckets, period.bucket) : buckets.map(() => 0),
  };
}

function unpricedAlong(rows: readonly Row[], buckets: readonly string[], unit: Period["bucket"]): readonly number[] {
  const found = new Map<string, number>();
  for (const row of rows) {
    const count = row.unpricedRequests ?? 0;
    if (count > 0) found.set(bucketOf(row, unit), (found.get(bucketOf(row, unit)) ?? 0) + count);
  }
  return buckets.map((bucket) => found.get(bucket) ?? 0);
}

/** What groups are ranked by: of averages the largest that there is. */
function sizeOf(rows: readonly Row[], measure: Measure): string {
  const values = rows.map(measure.of).filter((value) => value !== null);
  if (measure.adds) return sumDecimals(values);
  return values.toSorted(compareDecimals).at(-1) ?? "0";
}

const magnitude = (text: string): string => text.replace(/^-/, "");

/** The first place of the period before above the first of this one, and so on. */
function beforeSeries(
  rows: readonly Row[],
  period: Period,
  measure: Measure,
  currency: string,
  places: number,
  name: string,
): Series {
  const { previous, bucket } = period;
  const earlier = { ...period, ...previous };
  const buckets = bucket === "hour" ? hoursOf(earlier) : bucketsOf(earlier);
  const at = Map.groupBy(rowsFor(rows, measure, currency), (row) => bucketOf(row, bucket));
  const values = buckets.slice(0, places).map((place) => sumOf(at.get(place) ?? [], measure));
  const padding = Array<null>(Math.max(0, places - values.length)).fill(null);
  return { name, conditions: [], values: [...values, ...padding], dashed: true, muted: true };
}

const hourLength = "2026-11-16T08".length;
const bucketOf = (row: Row, unit: Period["bucket"]): string =>
  unit === "hour" ? String(row[unit]).slice(0, hourLength) : String(row[unit]);

/** Every hour of the clock. That which is twice when clocks go back has one place, with the sum of both. */
export function hoursOf({ startDate, endDate }: Pick<Period, "startDate" | "endDate">): readonly string[] {
  const found: string[] = [];
  for (let day = startDate; day <= endDate; day = dayAfter(day, 1)) {
    for (let hour = 0; hour < 24; hour += 1) found.push(`${day}T${String(hour).padStart(2, "0")}`);
  }
  return found;
}

function labelOf(bucket: string, { bucket: unit, days, startDate, endDate }: Period): string {
  // Fewer days than are drawn by the week never come to the same date twice.
  if (unit === "week") return `Week of ${formatDay(bucket, startDate.slice(0, 4) !== endDate.slice(0, 4))}`;
  if (unit === "day") return formatDay(bucket);
  const clock = `${bucket.slice(11)}:00`;
  return days === 1 ? clock : `${formatDay(bucket)} ${clock}`;
}

/** The same figures as a table, exact: a row for each place in time, a column for each series. */
export function timeTable({ buckets, series, unpriced }: TimePicture, measure: Measure, writing: Writing): ChartTable {
  const added = series.filter(({ dashed }) => dashed !== true);
  const withSum = measure.adds && added.length > 1;
  const withUnpriced = unpriced.some((count) => count > 0);
  const rowOf = (bucket: string, at: number): Readonly<Record<string, string>> => {
    const cells = series.map(({ values }, index) => [`s${index}`, cellOf(values[at] ?? null, writing)]);
    const parts = added.map(({ values }) => values[at] ?? null).filter((value) => value !== null);
    const sum = parts.length === 0 ? "" : writing.exact(sumDecimals(parts));
    return {
      time: bucket.replace("T", " "),
      ...Object.fromEntries(cells),
      ...(withSum ? { sum } : {}),
      ...(withUnpriced ? { unpriced: countOf(unpriced[at] ?? 0) } : {}),
    };
  };
  let rows: ChartTable["rows"] | undefined;
  return {
    columns: [
      { key: "time", label: "Time" },
      ...series.map(({ name }, at) => ({ key: `s${at}`, label: name, numeric: true })),
      ...(withSum ? [{ key: "sum", label: "Sum", numeric: true }] : []),
      ...(withUnpriced ? [{ key: "unpriced", label: unpricedLabel, numeric: true }] : []),
    ],
    // Written when somebody looks at it: hundreds of exact figures are no part of what a picture waits for.
    get rows() {
      rows ??= buckets.map(rowOf);
      return rows;
    },
  };
}

const countOf = (count: number): string => (count === 0 ? "" : formatCount(count));

const cellOf = (value: string | null, writing: Writing): string => (value === null ? "" : writing.exact(value));
