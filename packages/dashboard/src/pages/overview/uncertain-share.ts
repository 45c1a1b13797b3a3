import type { AggregateResult } from "@llm-cost-ops/sdk";
import { sumDecimals } from "../../format/decimal.ts";

/** The statuses of usage whose counts are no provider's whole word. */
export const uncertainStatuses = ["estimated", "partial"] as const;

export interface UncertainShare {
  /** The statuses of which there is something, in words. */
  readonly words: string;
  readonly requests: number;
  readonly allRequests: number;
  /** By currency, of which nothing is left out that such a request was paid in. */
  readonly spent: readonly { readonly currency: string; readonly cost: string; readonly allCost: string }[];
}

type Figures = AggregateResult["totals"][number];

const requestsOf = (some: readonly Figures[]): number =>
  some.reduce((sum, { totalRequests }) => sum + (totalRequests ?? 0), 0);

/** How much of an answer by `usageStatus` is estimated or partial; undefined where nothing is. */
export function uncertainShareOf({ data, totals }: AggregateResult): UncertainShare | undefined {
  const rows = data.filter(({ usageStatus }) => uncertainStatuses.some((status) => status === usageStatus));
  const requests = requestsOf(rows);
  if (requests <= 0) return undefined;
  const spent = totals.flatMap(({ currency, totalCostExact }) => {
    const own = rows.filter((row) => row.currency === currency);
    if (currency === null || own.length === 0) return [];
    const cost = sumDecimals(own.map((row) => row.totalCostExact ?? "0"));
    return [{ currency, cost, allCost: totalCostExact ?? "0" }];
  });
  const there = uncertainStatuses.filter((status) => rows.some(({ usageStatus }) => usageStatus === status));
  return { words: there.join(" or "), requests, allRequests: requestsOf(totals), spent };
}
