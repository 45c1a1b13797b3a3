import type { EChartsCoreOption } from "echarts/core";
import type { PickedPoint } from "../../chart/chart.tsx";
import type { ChartTheme } from "../../chart/chart-theme.ts";
import type { ChartTable } from "../../chart/download.ts";
import { stackedOption } from "../../chart/stacked.ts";
import { formatDay } from "../../format/instants.ts";
import { formatCount } from "../../format/numbers.ts";
import type { DayRange, Period } from "../../url-state/period.ts";
import { type Condition, wordsOf } from "./dimensions.ts";
import type { TimeSums } from "./explore-questions.ts";
import { daysOf, type Shape } from "./explore-state.ts";
import { type Measure, totalOf, type Writing } from "./measures.ts";
import { timePicture, timeTable, unpricedLabel } from "./time-picture.ts";

/** What a picture is given to the chart as. */
export interface Drawing {
  readonly title: string;
  readonly summary: string;
  readonly option: (theme: ChartTheme) => EChartsCoreOption;
  readonly table: ChartTable;
  readonly height: number;
  /** Said below the picture, such as what is not in it. */
  readonly note?: string | undefined;
  /** What somebody picked out of it. */
  readonly picked?: (point: PickedPoint) => Picked | undefined;
  /** The hours of the week that can be picked out of it. */
  readonly hours?: {
    readonly ofPoint: (point: PickedPoint) => number | undefined;
    readonly ofCell: (row: number, key: string) => number;
    readonly chosen: readonly number[];
  };
  /** The days between two places of the time axis. */
  readonly days?: (from: number, to: number) => DayRange;
}

export interface Picked {
  readonly name: string;
  readonly text: string;
  readonly conditions: readonly Condition[];
  readonly days: DayRange | undefined;
}

export interface Look {
  readonly measure: Measure;
  readonly currency: string;
  readonly writing: Writing;
}

export const height = 340;

export const datesOf = ({ startDate, endDate }: Period): string =>
  `from ${formatDay(startDate, true)} to ${formatDay(endDate, true)}`;

export function drawTime(times: TimeSums, shape: Shape, look: Look): Drawing {
  const { measure, currency, writing } = look;
  const { asked, by, now, before } = times;
  const { period } = asked;
  const picture = timePicture({ rows: now.data, before: before?.data, by, period, measure, currency });
  const { buckets, labels, series, left, unpriced } = picture;
  // What does not add up is never stacked.
  const kind = measure.adds && (shape === "bar" || shape === "area") ? shape : "line";
  const places = series.map((each) =>
    each.name === measure.label && by.length === 0 ? { ...each, name: "All" } : each,
  );
  const option = (theme: ChartTheme) =>
    stackedOption(
      {
        kind,
        labels,
        series: places,
        text: writing.short,
        axis: writing.axis,
        isSum: measure.adds,
        uncounted: { name: unpricedLabel, counts: unpriced },
      },
      theme,
    );
  const total = totalOf(now.totals, measure, currency);
  const most = by.length === 0 ? "" : `; most for ${series[0]?.name ?? "nothing"}`;
  const notes = [
    by.length < asked.by.length ? "There are too many groups to draw each over time, so this is their sum." : undefined,
    left > 0 ? `${formatCount(left)} more groups are in the table below: averages of parts do not add up.` : undefined,
  ];
  return {
    title:
      by.length === 0
        ? `${measure.label} by ${period.bucket}`
        : `${measure.label} by ${period.bucket}${by.length === 1 ? " and " : ", "}${wordsOf(by)}`,
    summary: `${writing.short(total)} ${datesOf(period)}${most}.`,
    option,
    table: timeTable({ ...picture, series: places }, measure, writing),
    height,
    note: notes.filter((text) => text !== undefined).join(" ") || undefined,
    picked: ({ seriesName, index }) => {
      const found = places.find(({ name, dashed }) => name === seriesName && dashed !== true);
      const bucket = buckets[index];
      const value = found?.values[index] ?? null;
      if (found === undefined || bucket === undefined || value === null) return undefined;
      const name = `${found.name}, ${labels[index] ?? ""}`;
      return { name, text: writing.exact(value), conditions: found.conditions, days: daysOf(period, bucket, bucket) };
    },
    days: (from, to) => {
      const last = buckets.length - 1;
      const at = (place: number): string => buckets[Math.min(last, Math.max(0, Math.round(place)))] ?? period.startDate;
      return daysOf(period, at(from), at(to));
    },
  };
}
