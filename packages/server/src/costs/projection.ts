import type { CostProjection, ProjectionQuery } from "@llm-cost-ops/contract";
import { formatInstant, formatMoney, parseMoney, spendingPace } from "@llm-cost-ops/core";
import type { Caller } from "../http/route.ts";
import { invariant } from "../refusal.ts";
import { readPeriod, readRecordFilter } from "./cost-filter.ts";
import type { AggregateAnswer, AggregateQuestion } from "./cost-query.ts";

/** The question that a projection follows from: the sums of the month that is going on. */
export const readProjection = (
  caller: Caller,
  { timezone, ...asked }: ProjectionQuery,
  nowMs: number,
): AggregateQuestion => ({
  period: readPeriod({ timezone, range: "this-month" }, nowMs, "always"),
  filter: readRecordFilter(caller, asked),
  groupBy: [],
  metrics: ["sum", "count"],
});

/** What a month comes to by its sums at an instant (UTC milliseconds), for each currency by itself. */
export function projectionOf(
  { period }: Pick<AggregateQuestion, "period">,
  { totals }: Pick<AggregateAnswer, "totals">,
  nowMs: number,
): Omit<CostProjection, "range"> {
  return {
    as_of: formatInstant(nowMs),
    unpriced_requests: totals.reduce((sum, one) => sum + (one.unpriced_requests ?? 0), 0),
    by_currency: totals.flatMap(({ currency, total_cost: cost = "0" }) => {
      if (currency === null) return [];
      const spent = parseMoney(cost);
      invariant(spent !== undefined, "a sum of the ledger is money");
      const { burnPerDay, projectedSpend } = spendingPace({ spent, periodKind: "month", bounds: period, nowMs });
      return [
        {
          currency,
          spent: cost,
          burn_rate_per_day: burnPerDay === undefined ? null : formatMoney(burnPerDay),
          projected: projectedSpend === undefined ? null : formatMoney(projectedSpend),
        },
      ];
    }),
  };
}
