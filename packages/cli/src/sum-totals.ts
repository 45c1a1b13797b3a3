import type { AggregateRow, Totals } from "@llm-cost-ops/contract";
import { formatMoney } from "@llm-cost-ops/core";
import { pico } from "./terminal/amounts.ts";

const counted = [
  "total_requests",
  "unpriced_requests",
  "input_tokens",
  "output_tokens",
  "total_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
] as const;

/** Exact sums of rows, for each currency. Averages do not sum and are left out. */
export function sumTotals(rows: readonly AggregateRow[]): Totals[] {
  const byCurrency = Map.groupBy(rows, (row) => row.currency);
  return [...byCurrency].map(([currency, group]) => {
    const sums = counted
      .filter((name) => group.some((row) => row[name] !== undefined))
      .map((name) => [name, exactCount(group.reduce((sum, row) => sum + BigInt(row[name] ?? 0), 0n))] as const);
    const cost = group.reduce((sum, row) => sum + pico(row.total_cost), 0n);
    const saved = group.reduce((sum, row) => sum + pico(row.cache_savings), 0n);
    const priced = group.some((row) => row.total_cost !== undefined);
    return {
      currency,
      ...(priced ? { total_cost: formatMoney(cost), cache_savings: formatMoney(saved) } : {}),
      ...Object.fromEntries(sums),
    };
  });
}

const exactCount = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
