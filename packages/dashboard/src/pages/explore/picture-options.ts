import type { EChartsCoreOption } from "echarts/core";
import type { ChartTheme } from "../../chart/chart-theme.ts";
import { baseOption, tooltipBase, tooltipElement } from "../../chart/stacked.ts";
import { pixels } from "../../format/decimal.ts";
import { formatShare } from "../../format/numbers.ts";
import type { Flow, FlowNode, GroupNode } from "./group-tree.ts";
import { dayHours, type HourMap, hourName, weekdays } from "./hour-map.ts";
import type { Writing } from "./measures.ts";

/** What a place of a picture knows of itself beside its size. */
interface Told {
  readonly data?: { readonly told?: { readonly title: string; readonly text: string } };
}

/** A tooltip of a single place. */
const tooltipOf = (theme: ChartTheme, label: string) => ({
  ...tooltipBase(theme),
  trigger: "item",
  formatter: (point: unknown) => {
    const told = (point as Told).data?.told;
    if (told === undefined) return "";
    return tooltipElement(told.title, [{ name: label, text: told.text, color: "transparent" }]);
  },
});

/** A colour laid thinly over the ground, so that text upon it is read as on the ground. */
export function tinted(color: string, ground: string, share: number): string {
  const channels = (hex: string): readonly number[] =>
    [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  const [over, under] = [channels(color), channels(ground)];
  const mixed = over.map((channel, at) => Math.round(channel * share + (under[at] ?? 0) * (1 - share)));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

const tintShare = 0.3;

interface Named {
  readonly name: string;
  readonly data?: { readonly amount?: string };
}
const labelOf = ({ name, data }: Named): readonly string[] => [apart(name), data?.amount ?? ""];

/** Areas within areas. Those below a share of the whole have no room for an amount, and a part of one would mislead. */
export function tilesOption(
  nodes: readonly GroupNode[],
  whole: string,
  label: string,
  writing: Writing,
  theme: ChartTheme,
  amountShareMin = 0.04,
): EChartsCoreOption {
  const hasRoom = ({ value, children }: GroupNode): boolean =>
    children.length > 0 || pixels(value) >= pixels(whole) * amountShareMin;
  const tile = (node: GroupNode, color: string, above: string): object => ({
    name: node.name,
    value: pixels(node.value),
    group: node,
    amount: hasRoom(node) ? writing.short(node.value) : "",
    told: {
      title: above === "" ? node.name : `${apart(above)} · ${apart(node.name)}`,
      text: `${writing.exact(node.value)} (${formatShare(node.value, whole)})`,
    },
    itemStyle: { color, borderColor: theme.ground },
    ...(node.children.length === 0
      ? {}
      : {
          children: node.children.map((child) =>
            tile(child, color, above === "" ? node.name : `${above} · ${node.name}`),
          ),
        }),
  });
  const text = { color: theme.text, fontSize: 12, overflow: "truncate", ellipsis: "…" };
  return {
    ...baseOption(theme),
    tooltip: tooltipOf(theme, label),
    series: [
      {
        type: "treemap",
        // It moves by a default of its own, and the headings of what goes lie over one another meanwhile.
        animation: false,
        left: 0,
        right: 0,
        top: 0,
        bottom: 0,
        roam: false,
        nodeClick: false,
        breadcrumb: { show: false },
        visibleMin: 30,
        label: {
          ...text,
          lineHeight: 17,
          position: "insideTopLeft",
          formatter: (point: Named) => labelOf(point).join("\n"),
        },
        upperLabel: { ...text, show: true, height: 24, formatter: (point: Named) => labelOf(point).join("  ") },
        itemStyle: { borderColor: theme.ground, borderWidth: 0 },
        levels: [
          { itemStyle: { gapWidth: 3, borderColor: theme.ground }, upperLabel: { show: false } },
          { itemStyle: { gapWidth: 1, borderColor: theme.ground } },
        ],
        emphasis: { itemStyle: { borderColor: theme.text } },
        data: nodes.map((node, at) => {
          const color = (node.conditions.length === 0 ? undefined : theme.series[at]) ?? theme.muted;
          return tile(node, tinted(color, theme.ground, tintShare), "");
        }),
      },
    ],
  };
}

/**
 * A colour of its own for each value that something flows on from, the largest of every level first. What is left when all
 * are given, the sum of several and the last level have that of no series: no colour of a picture means two things.
 */
export function flowColors(flow: Flow, theme: ChartTheme): ReadonlyMap<FlowNode, string> {
  const sources = new Set(flow.links.map(({ source }) => source));
  const named = flow.nodes.filter((node) => sources.has(node) && node.conditions.length > 0);
  const levels = [...Map.groupBy(named, ({ level }) => level).values()];
  const turns = Math.max(0, ...levels.map(({ length }) => length));
  const byTurns = [...Array(turns).keys()].flatMap((at) => levels.flatMap((nodes) => nodes[at] ?? []));
  return new Map(theme.series.slice(0, byTurns.length).map((color, at) => [byTurns[at] as FlowNode, color]));
}

/** From the values of one dimension to those of the next; names are cut at so many characters. */
export function flowOption(
  flow: Flow,
  label: string,
  writing: Writing,
  theme: ChartTheme,
  nameLengthMax = 28,
): EChartsCoreOption {
  const last = Math.max(0, ...flow.nodes.map(({ level }) => level));
  const colors = flowColors(flow, theme);
  const colorOf = (node: FlowNode): string => colors.get(node) ?? theme.muted;
  return {
    ...baseOption(theme),
    tooltip: tooltipOf(theme, label),
    series: [
      {
        type: "sankey",
        left: 4,
        right: 4,
        top: 8,
        bottom: 8,
        nodeGap: 16,
        nodeWidth: 10,
        draggable: false,
        emphasis: { focus: "adjacency" },
        data: flow.nodes.map((node) => ({
          name: node.id,
          group: node,
          depth: node.level,
          told: { title: node.name, text: writing.exact(node.value) },
          itemStyle: { color: colorOf(node), borderWidth: 0 },
          label: {
            position: node.level === last ? "left" : "right",
            formatter: `${apart(clipped(node.name, nameLengthMax))}  ${writing.short(node.value)}`,
            color: theme.text,
            fontSize: 12,
            textBorderColor: theme.ground,
            textBorderWidth: 3,
          },
        })),
        links: flow.links.map(({ source, target, value }) => ({
          source: source.id,
          target: target.id,
          value: pixels(value),
          group: {
            conditions: [...source.conditions, ...target.conditions],
            value,
            name: `${source.name} → ${target.name}`,
          },
          told: { title: `${source.name} → ${target.name}`, text: writing.exact(value) },
          lineStyle: { color: colorOf(source), opacity: 0.22 },
        })),
      },
    ],
  };
}

/** A name that may turn the direction of writing turns that of no figure beside it. */
const apart = (name: string): string => `\u2068${name}\u2069`;

/** Braces would be read as places of a template. */
const clipped = (name: string, lengthMax: number): string =>
  (name.length > lengthMax ? `${name.slice(0, lengthMax - 1)}…` : name).replace(/[{}]/g, (brace) =>
    brace === "{" ? "(" : ")",
  );

/** The hours of a week, stronger where more is, and outlined where they are chosen. Those without calls have a place as well. */
export function hoursOption(
  { cells }: HourMap,
  chosen: readonly number[],
  label: string,
  writing: Writing,
  theme: ChartTheme,
): EChartsCoreOption {
  const isChosen = new Set(chosen);
  const cellsOf = cells.flatMap((hours, day) =>
    hours.map((value, hour) => ({
      value: [hour, day, value === null ? 0 : pixels(value)],
      hour: day * dayHours + hour,
      told: { title: hourName(day * dayHours + hour), text: value === null ? "nothing" : writing.exact(value) },
      // No colour of the scale, which would say that it came to zero.
      ...(value === null ? { visualMap: false } : {}),
      itemStyle: {
        ...(value === null ? { color: theme.ground, borderColor: theme.line, borderWidth: 1 } : {}),
        ...(isChosen.has(day * dayHours + hour) ? { borderColor: theme.text, borderWidth: 2 } : {}),
      },
    })),
  );
  // What comes last lies above its neighbours, with all of its outline.
  const places = [
    ...cellsOf.filter(({ hour }) => !isChosen.has(hour)),
    ...cellsOf.filter(({ hour }) => isChosen.has(hour)),
  ];
  const sizes = cells.flat().flatMap((value) => (value === null ? [] : [pixels(value)]));
  const axis = { axisLine: { show: false }, axisTick: { show: false } };
  return {
    ...baseOption(theme),
    tooltip: tooltipOf(theme, label),
    grid: { left: 4, right: 8, top: 4, bottom: 40, containLabel: true },
    xAxis: {
      type: "category",
      data: [...Array(dayHours).keys()].map((hour) => String(hour).padStart(2, "0")),
      axisLabel: { color: theme.text, fontSize: 11 },
      splitArea: { show: false },
      ...axis,
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: weekdays.map((name) => name.slice(0, 3)),
      axisLabel: { color: theme.text, fontSize: 11 },
      ...axis,
    },
    visualMap: {
      min: Math.min(0, ...sizes),
      max: Math.max(...sizes, 0) || 1,
      orient: "horizontal",
      left: 0,
      bottom: 0,
      itemWidth: 10,
      itemHeight: 120,
      hoverLink: false,
      formatter: (position: number) => writing.axis(position),
      inRange: { color: [...theme.ramp] },
      textStyle: { color: theme.text, fontSize: 11 },
      calculable: false,
      text: [writing.axis(Math.max(...sizes, 0)), writing.axis(Math.min(0, ...sizes))],
    },
    series: [
      { type: "heatmap", data: places, itemStyle: { borderColor: theme.ground, borderWidth: 2, borderRadius: 3 } },
    ],
  };
}
