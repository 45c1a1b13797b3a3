import type { PriceRecord } from "@llm-cost-ops/sdk";
import type { EChartsCoreOption } from "echarts/core";
import type { ChartTheme } from "../../chart/chart-theme.ts";
import type { ChartTable } from "../../chart/download.ts";
import { baseOption, tooltipBase, tooltipElement } from "../../chart/stacked.ts";
import { pixels } from "../../format/decimal.ts";
import { formatDay, formatInstant } from "../../format/instants.ts";
import { formatMoneyAxis, formatMoneyExact } from "../../format/money.ts";
import { todayIn } from "../../url-state/period.ts";
import { type Span, timelineOf } from "./price-table.ts";
import { kindLabel, kindRank, perText, plainRate } from "./price-words.ts";

/** The prices of a model over time, of those kinds that have a plain price. */
export interface PriceHistory {
  readonly spans: readonly Span[];
  readonly kinds: readonly string[];
  readonly currency: string;
  readonly per: number;
  readonly startMs: number;
  readonly endMs: number;
}

const dayMs = 86_400_000;
const seriesMax = 6;

/** Undefined where there is nothing to draw: the price never changed, or each version is of another currency. */
export function historyOf(versions: readonly PriceRecord[], nowMs: number): PriceHistory | undefined {
  const spans = timelineOf(versions);
  const last = spans.findLast(({ price }) => price !== undefined)?.price;
  const changes = spans.flatMap(({ fromMs, toMs }) => [fromMs, toMs]).filter((ms) => ms !== null);
  if (last === undefined || spans.length < 2 || changes.length === 0) return undefined;
  const { currency } = last;
  // One axis has one unit: the unit of most kinds, which for models of language is a million tokens.
  const per = last.rates.some((rate) => rate.per === 1_000_000) ? 1_000_000 : (last.rates[0]?.per ?? 1);
  const drawn = spans.flatMap(({ price }) => (price?.currency === currency ? price.rates : []));
  const kinds = [...new Set(drawn.filter((rate) => rate.per === per).map(({ kind }) => kind))]
    .filter((kind) => spans.some(({ price }) => price !== undefined && plainRate(price, kind)?.per === per))
    .toSorted((a, b) => kindRank(a) - kindRank(b))
    .slice(0, seriesMax);
  const [first, end] = [Math.min(...changes), Math.max(nowMs, ...changes)];
  const margin = Math.max(dayMs, (end - first) * 0.08);
  return { spans, kinds, currency, per, startMs: first - margin, endMs: end + margin / 4 };
}

const priceIn = ({ price }: Span, kind: string, { currency, per }: PriceHistory): string | undefined => {
  if (price === undefined || price.currency !== currency) return undefined;
  const rate = plainRate(price, kind);
  return rate?.per === per ? rate.price : undefined;
};

export function historyOption(history: PriceHistory, zone: string, theme: ChartTheme): EChartsCoreOption {
  const { spans, kinds, currency, per, startMs, endMs } = history;
  const dayOf = (ms: number, withYear: boolean): string => formatDay(todayIn(zone, ms), withYear);
  return {
    ...baseOption(theme),
    legend: {
      type: "scroll",
      bottom: 0,
      left: 0,
      icon: "roundRect",
      itemWidth: 10,
      itemHeight: 10,
      textStyle: { color: theme.text, fontSize: 11 },
    },
    grid: { left: 4, right: 16, top: 12, bottom: 30, containLabel: true },
    xAxis: {
      type: "time",
      min: startMs,
      max: endMs,
      splitNumber: 5,
      axisLine: { lineStyle: { color: theme.line } },
      axisLabel: { color: theme.text, fontSize: 11, hideOverlap: true, formatter: (ms: number) => dayOf(ms, true) },
    },
    yAxis: {
      type: "value",
      splitNumber: 4,
      axisLabel: { color: theme.text, fontSize: 11, formatter: (value: number) => formatMoneyAxis(value, currency) },
      splitLine: { lineStyle: { color: theme.line, type: "dashed" } },
    },
    tooltip: {
      ...tooltipBase(theme),
      trigger: "axis",
      formatter: (points: unknown) => {
        const ms = (points as { readonly axisValue?: number }[])[0]?.axisValue ?? startMs;
        const span = spans.find(
          ({ fromMs, toMs }) => (fromMs === null || fromMs <= ms) && (toMs === null || ms < toMs),
        );
        return tooltipElement(
          `${dayOf(ms, true)}, ${perText(kinds[0] ?? "", per)}`,
          kinds.flatMap((kind, at) => {
            const price = span === undefined ? undefined : priceIn(span, kind, history);
            const color = theme.series[at % theme.series.length] as string;
            return price === undefined
              ? []
              : [{ name: kindLabel(kind), text: formatMoneyExact(price, currency), color }];
          }),
        );
      },
    },
    series: kinds.map((kind, at) => ({
      name: kindLabel(kind),
      type: "line",
      step: "end",
      showSymbol: false,
      lineStyle: { width: 2 },
      itemStyle: { color: theme.series[at % theme.series.length] },
      emphasis: { disabled: true },
      data: spans.flatMap((span, place) => {
        const price = priceIn(span, kind, history);
        const point = [span.fromMs ?? startMs, price === undefined ? null : pixels(price)];
        const next = spans[place + 1];
        // A step needs no end but before a gap, and at the edge.
        const goesOn = next !== undefined && priceIn(next, kind, history) !== undefined;
        return price === undefined || goesOn ? [point] : [point, [span.toMs ?? endMs, pixels(price)]];
      }),
    })),
  };
}

/** The same as rows, the latest first. */
export function historyTable(history: PriceHistory, zone: string): ChartTable {
  const { spans, kinds, currency } = history;
  return {
    columns: [
      { key: "from", label: "From" },
      { key: "to", label: "Until" },
      { key: "whose", label: "Source" },
      ...kinds.map((kind) => ({ key: kind, label: kindLabel(kind), numeric: true })),
    ],
    rows: spans.toReversed().map((span) => ({
      from: span.fromMs === null ? "ever" : formatInstant(span.fromMs, zone),
      to: span.toMs === null ? "" : formatInstant(span.toMs, zone),
      whose: span.price === undefined ? "no price" : span.price.source === "catalogue" ? "catalogue" : "ours",
      ...Object.fromEntries(
        kinds.map((kind) => {
          const price = priceIn(span, kind, history);
          return [kind, price === undefined ? "–" : formatMoneyExact(price, currency)];
        }),
      ),
    })),
  };
}
