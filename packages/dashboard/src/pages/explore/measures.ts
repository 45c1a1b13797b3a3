import type { AggregateResult } from "@llm-cost-ops/sdk";
import { sumDecimals } from "../../format/decimal.ts";
import { formatMoney, formatMoneyAxis, formatMoneyExact } from "../../format/money.ts";
import { formatCount, formatTokens } from "../../format/numbers.ts";

export type Row = AggregateResult["data"][number];
type Figures = AggregateResult["totals"][number];

/** What can be asked about groups of records. */
export interface Measure {
  readonly id: MeasureId;
  readonly label: string;
  /** Money is of one currency, and never added to that of another. */
  readonly isMoney: boolean;
  /** False for averages: those of parts do not make that of the whole. */
  readonly adds: boolean;
  /** The exact figure of a row or of totals; null where it is not known. */
  readonly of: (figures: Figures) => string | null;
}

export const measureIds = [
  "cost",
  "requests",
  "tokens",
  "input",
  "output",
  "cached",
  "cache-write",
  "saved",
  "reasoning",
  "unpriced",
  "average",
] as const;
export type MeasureId = (typeof measureIds)[number];

const count = (value: number | string | undefined): string => String(value ?? 0);
const ofCounts = { isMoney: false, adds: true } as const;

export const measures: Readonly<Record<MeasureId, Measure>> = {
  cost: { id: "cost", label: "Cost", isMoney: true, adds: true, of: (row) => row.totalCostExact ?? null },
  requests: { id: "requests", label: "Requests", ...ofCounts, of: (row) => count(row.totalRequests) },
  tokens: { id: "tokens", label: "Tokens", ...ofCounts, of: (row) => count(row.totalTokens) },
  input: { id: "input", label: "Input tokens", ...ofCounts, of: (row) => count(row.inputTokens) },
  output: { id: "output", label: "Output tokens", ...ofCounts, of: (row) => count(row.outputTokens) },
  cached: { id: "cached", label: "Cached tokens", ...ofCounts, of: (row) => count(row.cachedTokens) },
  "cache-write": {
    id: "cache-write",
    label: "Cache write tokens",
    ...ofCounts,
    of: (row) => count(row.cacheWriteTokens),
  },
  saved: {
    id: "saved",
    label: "Saved by caching",
    isMoney: true,
    adds: true,
    of: (row) => row.cacheSavingsExact ?? null,
  },
  reasoning: { id: "reasoning", label: "Reasoning tokens", ...ofCounts, of: (row) => count(row.reasoningTokens) },
  unpriced: { id: "unpriced", label: "Unpriced requests", ...ofCounts, of: (row) => count(row.unpricedRequests) },
  average: {
    id: "average",
    label: "Cost per request",
    isMoney: true,
    adds: false,
    of: (row) => row.avgCostPerRequestExact ?? null,
  },
};

export type Metric = "sum" | "count" | "avg";

/**
 * What is asked for so that a measure can be drawn: all that adds up, so that another measure of it needs no question, or the
 * averages, by which quite other groups come first.
 */
export const metricsWith = ({ adds }: Measure): readonly Metric[] => (adds ? ["sum", "count"] : ["avg"]);

/** How a measure's figures are written, in one currency where they are money. */
export interface Writing {
  readonly short: (value: string | null) => string;
  readonly exact: (value: string | null) => string;
  readonly axis: (position: number) => string;
}

export const writingOf = (measure: Measure, currency: string): Writing =>
  measure.isMoney
    ? {
        short: (value) => formatMoney(value, currency),
        exact: (value) => formatMoneyExact(value, currency),
        axis: (position) => formatMoneyAxis(position, currency),
      }
    : { short: formatTokens, exact: formatCount, axis: (position) => formatMoneyAxis(position, "") };

/** The rows that a measure is about: of money those of the currency, of counts all, also of what has no price. */
export const rowsFor = (rows: readonly Row[], measure: Measure, currency: string): readonly Row[] =>
  measure.isMoney ? rows.filter((row) => row.currency === currency) : rows;

/** The exact sum over rows; of an average only where there is one row, else it is not known. */
export function sumOf(rows: readonly Figures[], measure: Measure): string | null {
  const values = rows.map(measure.of).filter((value) => value !== null);
  if (!measure.adds) return values.length === 1 ? (values[0] ?? null) : null;
  return values.length === 0 ? null : sumDecimals(values);
}

/** What the server says of everything together. */
export const totalOf = (totals: AggregateResult["totals"], measure: Measure, currency: string): string | null =>
  sumOf(measure.isMoney ? totals.filter((each) => each.currency === currency) : totals, measure);
