import type { Dimension, Totals } from "@llm-cost-ops/contract";
import { divideHalfEven, formatMoney, type Pico } from "@llm-cost-ops/core";
import type { AnswerRow, Metric } from "./cost-query.ts";
import { type Measure, measures } from "./exact-sums.ts";

/** Exact sums under a combination of values, as a store computes them. */
export interface SummedRow {
  readonly values: readonly (string | null)[];
  readonly currency: string | null;
  /** Position of its time among the answer's times; 0 where the question does not ask for time. */
  readonly bucket: number;
  /** In the order of `measures`. */
  readonly sums: readonly bigint[];
  /** Of a row that stands for several groups, how many of its currency there are; its values of them are null. */
  readonly otherGroups?: number;
}

const positionOf = Object.fromEntries(measures.map((name, at) => [name, at])) as Readonly<Record<Measure, number>>;
const sumOf = (row: Pick<SummedRow, "sums">, measure: Measure): bigint => row.sums[positionOf[measure]] ?? 0n;

/** Money of the row in picos; null where it has no currency, because nothing in it has a price. */
export const costOf = (row: Pick<SummedRow, "sums" | "currency">): Pico | null =>
  row.currency === null ? null : sumOf(row, "costMilli") * 1_000_000_000n + sumOf(row, "costPico");

/** What caching saved in the row's currency, of the records of which it is known. */
const savedOf = (row: SummedRow): Pico => sumOf(row, "savedMilli") * 1_000_000_000n + sumOf(row, "savedPico");

/** A count as it goes over the wire: a number, or a decimal string where a number would lose digits. */
const countOnWire = (count: bigint): number | string =>
  count <= BigInt(Number.MAX_SAFE_INTEGER) && count >= BigInt(Number.MIN_SAFE_INTEGER)
    ? Number(count)
    : count.toString();

/** The fields of each metric, in the order in which an answer shows them. */
const metricFields: Readonly<Record<Metric, (row: SummedRow) => Partial<Totals>>> = {
  sum: (row) => {
    const cost = costOf(row);
    const input = sumOf(row, "inputTokens");
    const output = sumOf(row, "outputTokens");
    return {
      ...(cost !== null && { total_cost: formatMoney(cost), cache_savings: formatMoney(savedOf(row)) }),
      input_tokens: countOnWire(input),
      output_tokens: countOnWire(output),
      total_tokens: countOnWire(input + output),
      cached_tokens: countOnWire(sumOf(row, "cachedTokens")),
      cache_write_tokens: countOnWire(sumOf(row, "cacheWriteTokens")),
      reasoning_tokens: countOnWire(sumOf(row, "reasoningTokens")),
    };
  },
  count: (row) => ({
    total_requests: Number(sumOf(row, "requests")),
    unpriced_requests: Number(sumOf(row, "unpricedRequests")),
  }),
  avg: (row) => {
    const cost = costOf(row);
    const requests = sumOf(row, "requests");
    const average = cost === null || requests <= 0n ? null : divideHalfEven(cost, requests);
    return { avg_cost_per_request: average === null ? null : formatMoney(average) };
  },
};

/** The metrics of a row; money has 12 decimals, averages are rounded half to even at the twelfth. */
export function toTotals(row: SummedRow, metrics: readonly Metric[]): Totals {
  return Object.assign({ currency: row.currency }, ...metrics.map((metric) => metricFields[metric](row))) as Totals;
}

/** A row with the value of each dimension under its name. */
export function toAnswerRow(row: SummedRow, groupBy: readonly Dimension[], metrics: readonly Metric[]): AnswerRow {
  const values = Object.fromEntries(groupBy.map((name, at) => [name, row.values[at] ?? null]));
  const others = row.otherGroups === undefined ? {} : { other_groups: row.otherGroups };
  return { ...values, ...others, ...toTotals(row, metrics) };
}

/** Adds rows up by some of their values and by currency, over all time. */
export function foldRows(
  rows: readonly SummedRow[],
  keep: (values: readonly (string | null)[]) => readonly (string | null)[],
): SummedRow[] {
  const folded = new Map<
    string,
    { values: readonly (string | null)[]; currency: string | null; bucket: 0; sums: bigint[] }
  >();
  for (const row of rows) {
    const values = keep(row.values);
    const key = JSON.stringify([values, row.currency]);
    const known = folded.get(key);
    if (known === undefined) folded.set(key, { values, currency: row.currency, bucket: 0, sums: [...row.sums] });
    else for (const [at, sum] of row.sums.entries()) known.sums[at] = (known.sums[at] ?? 0n) + sum;
  }
  return [...folded.values()];
}

/** The order of names, of which none comes last. */
export const compareText = (a: string | null, b: string | null): number => {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
};

/**
 * The order of an answer's rows: time ascending, what stands for several groups last, then the highest cost first (what has
 * no price last), then by the values and the currency, so that the same question always gives the same order.
 */
export function sortRows(rows: readonly SummedRow[]): SummedRow[] {
  const keyed = rows.map((row) => ({ row, cost: costOf(row) }));
  keyed.sort((a, b) => {
    if (a.row.bucket !== b.row.bucket) return a.row.bucket - b.row.bucket;
    const [isOthers, areOthers] = [a.row.otherGroups !== undefined, b.row.otherGroups !== undefined];
    if (isOthers !== areOthers) return isOthers ? 1 : -1;
    if (a.cost !== b.cost) {
      if (a.cost === null) return 1;
      if (b.cost === null) return -1;
      return a.cost > b.cost ? -1 : 1;
    }
    for (const [at, value] of a.row.values.entries()) {
      const byValue = compareText(value, b.row.values[at] ?? null);
      if (byValue !== 0) return byValue;
    }
    return compareText(a.row.currency, b.row.currency);
  });
  return keyed.map(({ row }) => row);
}
