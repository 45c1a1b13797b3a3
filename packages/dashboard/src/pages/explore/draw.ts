import type { EChartsCoreOption } from "echarts/core";
import type { PickedPoint } from "../../chart/chart.tsx";
import type { ChartTheme } from "../../chart/chart-theme.ts";
import type { ChartTable } from "../../chart/download.ts";
import { stackedOption } from "../../chart/stacked.ts";
import { formatDay } from "../../format/instants.ts";
import { formatCount, formatShare } from "../../format/numbers.ts";
import type { DayRange, Period } from "../../url-state/period.ts";
import { type Condition, labelOf, wordsOf } from "./dimensions.ts";
import type { GroupSums, TimeSums } from "./explore-questions.ts";
import { daysOf } from "./explore-state.ts";
import { type FlowNode, flowOf, type GroupNode, groupTree, leavesOf } from "./group-tree.ts";
import { hourLabel, hourMap, weekdays } from "./hour-map.ts";
import { type Measure, type Row, rowsFor, totalOf, type Writing } from "./measures.ts";
import { flowOption, hoursOption, tilesOption } from "./picture-options.ts";
import { timePicture, timeTable } from "./time-picture.ts";

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
  /** The days between two places of the time axis. */
  readonly days?: (from: number, to: number) => DayRange;
}

export interface Picked {
  readonly name: string;
  readonly text: string;
  readonly conditions: readonly Condition[];
  readonly days: DayRange | undefined;
}

interface Look {
  readonly measure: Measure;
  readonly currency: string;
  readonly writing: Writing;
}

const height = 340;
/** What a tile must have, so that an amount fits in it however narrow it is. */
const amountAreaPx = 18_000;

const datesOf = ({ startDate, endDate }: Period): string =>
  `from ${formatDay(startDate, true)} to ${formatDay(endDate, true)}`;

export function drawTime(times: TimeSums, shape: "bar" | "line" | "area" | string, look: Look): Drawing {
  const { measure, currency, writing } = look;
  const { asked, by, now, before } = times;
  const { period } = asked;
  const picture = timePicture({ rows: now.data, before: before?.data, by, period, measure, currency });
  const { buckets, labels, series, left } = picture;
  // What does not add up is never stacked.
  const kind = measure.adds && (shape === "bar" || shape === "area") ? shape : "line";
  const places = series.map((each) =>
    each.name === measure.label && by.length === 0 ? { ...each, name: "All" } : each,
  );
  const option = (theme: ChartTheme) =>
    stackedOption({ kind, labels, series: places, text: writing.short, axis: writing.axis }, theme);
  const total = totalOf(now.totals, measure, currency);
  const notes = [
    by.length < asked.by.length ? "There are too many groups to draw each over time, so this is their sum." : undefined,
    left > 0 ? `${formatCount(left)} more groups are in the table below: averages of parts do not add up.` : undefined,
  ];
  return {
    title:
      by.length === 0
        ? `${measure.label} by ${period.bucket}`
        : `${measure.label} by ${period.bucket}${by.length === 1 ? " and " : ", "}${wordsOf(by)}`,
    summary: `${writing.short(total)} ${datesOf(period)}; most for ${series[0]?.name ?? "nothing"}.`,
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

/** Groups that have an area or a width; those of an average have none. */
const notAdded = (measure: Measure): string | undefined =>
  measure.adds ? undefined : "Averages of parts do not add up: the table below has them.";

/** Sums below zero, as where caching cost more than it saved, have neither an area nor a width. */
function belowZero(rows: readonly Row[], measure: Measure, currency: string): string | undefined {
  const isBelow = rowsFor(rows, measure, currency).some((row) => measure.of(row)?.startsWith("-") === true);
  return measure.adds && isBelow ? "What is below zero cannot be drawn so: the table below has it." : undefined;
}

const pickedGroup =
  (writing: Writing) =>
  (point: PickedPoint): Picked | undefined => {
    const { group } = (point.data ?? {}) as { readonly group?: Pick<GroupNode, "name" | "value" | "conditions"> };
    if (group === undefined) return undefined;
    const { name, value, conditions } = group;
    return { name, text: writing.exact(value), conditions, days: undefined };
  };

export function drawTiles({ asked, now }: GroupSums, { measure, currency, writing }: Look): Drawing {
  const tree = measure.adds ? groupTree(now.data, asked.by, measure, currency) : [];
  const whole = totalOf(now.totals, measure, currency) ?? "0";
  return {
    title: `${measure.label} by ${wordsOf(asked.by) || "nothing"}`,
    summary: `${writing.short(whole)} ${datesOf(asked.period)}; most for ${tree[0]?.name ?? "nothing"}.`,
    option: (theme) =>
      tilesOption(tree, whole, measure.label, writing, theme, amountAreaPx / (window.innerWidth * height)),
    table: {
      columns: [
        ...asked.by.map((id, at) => ({ key: `d${at}`, label: labelOf(id) })),
        { key: "value", label: measure.label, numeric: true },
        { key: "share", label: "Share", numeric: true },
      ],
      rows: leavesOf(tree).map(({ path, value }) => ({
        ...Object.fromEntries(path.map((name, at) => [`d${at}`, name])),
        value: writing.exact(value),
        share: formatShare(value, whole),
      })),
    },
    height,
    note:
      notAdded(measure) ??
      (asked.by.length === 0 ? "Group by something to see its parts." : belowZero(now.data, measure, currency)),
    picked: pickedGroup(writing),
  };
}

export function drawFlow({ asked, now }: GroupSums, { measure, currency, writing }: Look): Drawing {
  const flow = flowOf(measure.adds ? now.data : [], asked.by, measure, currency);
  const most: FlowNode | undefined = flow.nodes[0];
  return {
    title: `${measure.label} from ${asked.by.map((id) => wordsOf([id])).join(" to ")}`,
    summary: `${writing.short(totalOf(now.totals, measure, currency))} ${datesOf(asked.period)}; most from ${most?.name ?? "nothing"}.`,
    // Between two columns there is little room on a telephone.
    option: (theme) => flowOption(flow, measure.label, writing, theme, window.innerWidth < 700 ? 12 : 28),
    table: {
      columns: [
        { key: "from", label: "From" },
        { key: "to", label: "To" },
        { key: "value", label: measure.label, numeric: true },
      ],
      rows: flow.links.map(({ source, target, value }) => ({
        from: source.name,
        to: target.name,
        value: writing.exact(value),
      })),
    },
    height: Math.max(
      height,
      60 + 30 * Math.max(0, ...asked.by.map((_, at) => flow.nodes.filter(({ level }) => level === at).length)),
    ),
    note: notAdded(measure) ?? belowZero(now.data, measure, currency),
    picked: pickedGroup(writing),
  };
}

export function drawHours({ asked, now }: TimeSums, { measure, currency, writing }: Look): Drawing {
  const map = hourMap(measure.adds ? now.data : [], measure, currency);
  return {
    title: `${measure.label} by hour and weekday`,
    summary: `${writing.short(totalOf(now.totals, measure, currency))} ${datesOf(asked.period)}, in hours of ${asked.period.timezone}.`,
    option: (theme) => hoursOption(map, measure.label, writing, theme),
    table: {
      columns: [
        { key: "hour", label: "Hour" },
        ...weekdays.map((name, day) => ({ key: `w${day}`, label: name, numeric: true })),
      ],
      rows: [...Array(24).keys()].map((hour) => ({
        hour: hourLabel(hour),
        ...Object.fromEntries(
          map.cells.map((hours, day) => {
            const value = hours[hour] ?? null;
            return [`w${day}`, value === null ? "" : writing.exact(value)];
          }),
        ),
      })),
    },
    height,
    note: notAdded(measure),
  };
}
