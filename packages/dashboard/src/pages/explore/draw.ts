import type { PickedPoint } from "../../chart/chart.tsx";
import { formatShare } from "../../format/numbers.ts";
import { labelOf, wordsOf } from "./dimensions.ts";
import { type Drawing, datesOf, height, type Look, type Picked } from "./draw-time.ts";
import type { GroupSums, TimeSums } from "./explore-questions.ts";
import { type FlowNode, flowOf, type GroupNode, groupTree, leavesOf } from "./group-tree.ts";
import { dayHours, hourLabel, hourMap, weekdays } from "./hour-map.ts";
import { type Measure, type Row, rowsFor, totalOf, type Writing } from "./measures.ts";
import { flowOption, hoursOption, tilesOption } from "./picture-options.ts";
import { chosenWords } from "./week-hours.ts";

/** What a tile must have, so that an amount fits in it however narrow it is. */
const amountAreaPx = 18_000;

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
    option: (theme) => flowOption(flow, measure.label, writing, theme, window.innerWidth < 700 ? 8 : 28),
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

export function drawHours(
  { asked, now }: TimeSums,
  { measure, currency, writing }: Look,
  chosen: readonly number[],
): Drawing {
  const map = hourMap(measure.adds ? now.data : [], measure, currency);
  return {
    title: `${measure.label} by hour and weekday`,
    summary: [
      `${writing.short(totalOf(now.totals, measure, currency))} ${datesOf(asked.period)}, in hours of ${asked.period.timezone}.`,
      ...(chosen.length === 0 ? [] : [`Chosen: ${chosenWords(chosen)}.`]),
    ].join(" "),
    option: (theme) => hoursOption(map, chosen, measure.label, writing, theme),
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
    note:
      notAdded(measure) ??
      (chosen.length === 0 ? undefined : "The other figures of the page are of the outlined hours alone."),
    hours: {
      ofPoint: ({ data }) => (data as { readonly hour?: number } | undefined)?.hour,
      ofCell: (row, key) => Number(key.slice(1)) * dayHours + row,
      chosen,
    },
  };
}
