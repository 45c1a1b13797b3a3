import type { EChartsCoreOption } from "echarts/core";
import { pixels, sumDecimals } from "../format/decimal.ts";
import { formatCount } from "../format/numbers.ts";
import type { ChartTheme } from "./chart-theme.ts";

/** Series over the same places; each value is a decimal string, or null where there is none. */
export interface Stack {
  readonly kind: "bar" | "line" | "area";
  /** What stands below the axis, one for each value. */
  readonly labels: readonly string[];
  readonly series: readonly {
    readonly name: string;
    readonly values: readonly (string | null)[];
    /** A dashed line, and no part of the sum: what the others are compared with. */
    readonly dashed?: boolean;
    /** Grey, for what is no series of its own. */
    readonly muted?: boolean;
  }[];
  /** Text of a value, exact enough to be read out. */
  readonly text: (value: string) => string;
  /** Text of a position on the axis. */
  readonly axis: (value: number) => string;
  /** False for lines that are compared and do not add up. */
  readonly adds?: boolean;
  /** Where nothing is known of one series but of others there is, it stands at 0: sums of nothing, unlike averages. */
  readonly isSum?: boolean;
  /** What is in no value, such as calls without a price: said of a place, and where there is nothing else no zero is drawn. */
  readonly uncounted?: { readonly name: string; readonly counts: readonly number[] };
}

const dashes = "path://M0,4h2.6v2h-2.6zM3.7,4h2.6v2h-2.6zM7.4,4h2.6v2h-2.6z";

/** The picture of a stack, and what is said of a place that somebody points at. */
export function stackedOption(stack: Stack, theme: ChartTheme): EChartsCoreOption {
  const { kind, labels, series, text, axis, adds = kind !== "line", isSum = false, uncounted } = stack;
  const positions = positionsOf(series, isSum && kind !== "bar", uncounted?.counts);
  const colors = series.map(({ muted }, at) =>
    muted ? theme.muted : (theme.series[at % theme.series.length] as string),
  );
  return {
    ...baseOption(theme),
    legend: {
      show: series.length > 1,
      type: "scroll",
      bottom: 0,
      left: 0,
      icon: "roundRect",
      // What is dashed in the picture is so in its key: its grey alone may be that of what is summed as others.
      data: keysOf(series),
      itemWidth: 10,
      itemHeight: 10,
      textStyle: { color: theme.text, fontSize: 11, width: 140, overflow: "truncate" },
      pageTextStyle: { color: theme.text },
      pageIconColor: theme.text,
      pageIconInactiveColor: theme.line,
    },
    grid: { left: 4, right: 8, top: 12, bottom: series.length > 1 ? 30 : 4, containLabel: true },
    xAxis: {
      type: "category",
      data: labels,
      boundaryGap: kind === "bar",
      axisTick: { show: false },
      axisLine: { lineStyle: { color: theme.line } },
      axisLabel: { color: theme.text, fontSize: 11, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      splitNumber: 4,
      axisLabel: { color: theme.text, fontSize: 11, formatter: axis },
      splitLine: { lineStyle: { color: theme.line, type: "dashed" } },
    },
    tooltip: {
      ...tooltipBase(theme),
      trigger: "axis",
      axisPointer: { type: kind === "bar" ? "shadow" : "line" },
      formatter: (points: unknown) => {
        const at = (points as { readonly dataIndex: number }[])[0]?.dataIndex ?? 0;
        const entries = series.flatMap(({ name, values, dashed = false }, index) => {
          const value = values[at] ?? null;
          return value === null || pixels(value) === 0 ? [] : [{ name, value, color: colors[index] as string, dashed }];
        });
        const parts = entries.filter(({ dashed }) => !dashed).toSorted((a, b) => pixels(b.value) - pixels(a.value));
        const sum =
          adds && parts.length > 1
            ? [{ name: "Sum", value: sumDecimals(parts.map(({ value }) => value)), color: "transparent" }]
            : [];
        const count = uncounted?.counts[at] ?? 0;
        const besides =
          count === 0 || uncounted === undefined
            ? []
            : [{ name: uncounted.name, text: formatCount(count), color: "transparent" }];
        const shown = [...parts, ...sum, ...entries.filter(({ dashed }) => dashed)];
        return tooltipElement(labels[at] ?? "", [
          ...shown.slice(0, tooltipRowsMax).map(({ name, value, color }) => ({ name, text: text(value), color })),
          ...besides,
        ]);
      },
    },
    series: series.map(({ name, dashed = false }, index) => ({
      name,
      type: kind === "bar" && !dashed ? "bar" : "line",
      ...(adds && !dashed ? { stack: "sum" } : {}),
      // No lines around areas: those of layers that are nothing lie on the layer below, and hide its colour.
      ...(kind === "area" && !dashed ? { areaStyle: { opacity: 0.85 } } : {}),
      ...(kind === "bar" && !dashed
        ? { barMaxWidth: 40 }
        : {
            // A click on a line or an area is one on the place of it that is nearest.
            triggerEvent: true,
            showSymbol: hasLonePoint(positions[index] ?? []),
            lineStyle: { width: kind === "area" && !dashed ? 0 : 2, type: dashed ? "dashed" : "solid" },
          }),
      itemStyle: { color: colors[index] },
      emphasis: { disabled: true },
      data: positions[index],
    })),
  };
}

const keysInSight = 4;

/** Where not all keys may be in sight at once, what the others are compared with comes first. */
function keysOf(series: Stack["series"]) {
  const isMany = series.length > keysInSight;
  const sorted = isMany ? series.toSorted((a, b) => Number(b.dashed ?? false) - Number(a.dashed ?? false)) : series;
  return sorted.map(({ name, dashed = false }) => (dashed ? { name, icon: dashes } : name));
}

/** A value between two that are not there makes no line, and would not be seen. */
const hasLonePoint = (places: readonly Position[]): boolean =>
  places.some((place, at) => place !== gap && (places[at - 1] ?? gap) === gap && (places[at + 1] ?? gap) === gap);

/** Where a series has nothing to show, as the picture takes it. */
const gap = "-";
type Position = number | typeof gap;

/**
 * Where the values stand. Zeros are filled in only between the first and the last place of which anything is known, and not
 * where all that there was is uncounted: what is unknown did not come to zero.
 */
export function positionsOf(
  series: Stack["series"],
  fillsZeros: boolean,
  uncounted: readonly number[] = [],
): readonly (readonly Position[])[] {
  const counted = series.filter(({ dashed = false }) => !dashed);
  const isKnown = (at: number): boolean => counted.some(({ values }) => (values[at] ?? null) !== null);
  const known = (counted[0]?.values ?? []).flatMap((_, at) => (isKnown(at) ? [at] : []));
  const [first = 0, last = -1] = [known[0], known.at(-1)];
  return series.map(({ values, dashed = false }) =>
    values.map((value, at) => {
      if (value !== null) return pixels(value);
      const isUnknown = !isKnown(at) && (uncounted[at] ?? 0) > 0;
      return fillsZeros && !dashed && !isUnknown && at >= first && at <= last ? 0 : gap;
    }),
  );
}

/** What every picture starts from. */
export const baseOption = (theme: ChartTheme): EChartsCoreOption => ({
  color: [...theme.series],
  textStyle: { fontFamily: "system-ui, sans-serif", color: theme.text },
  animation: false,
});

export const tooltipBase = (theme: ChartTheme) => ({
  confine: true,
  backgroundColor: theme.ground,
  borderColor: theme.line,
  textStyle: { color: theme.text, fontSize: 12 },
});

/** Of what is pointed at; more would not be seen. */
const tooltipRowsMax = 14;

/** A tooltip made of elements: the page's policy allows no style in markup, and names may be anything. */
export function tooltipElement(
  title: string,
  rows: readonly { readonly name: string; readonly text: string; readonly color: string }[],
): HTMLElement {
  const box = document.createElement("div");
  const head = document.createElement("strong");
  head.textContent = title;
  box.append(head);
  for (const { name, text, color } of rows) {
    const row = document.createElement("div");
    row.className = "tooltip-row";
    const mark = document.createElement("span");
    mark.className = "tooltip-mark";
    mark.style.background = color;
    const label = document.createElement("span");
    label.className = "clip";
    label.textContent = name;
    const amount = document.createElement("span");
    amount.className = "amount";
    amount.textContent = text;
    row.append(mark, label, amount);
    box.append(row);
  }
  return box;
}
