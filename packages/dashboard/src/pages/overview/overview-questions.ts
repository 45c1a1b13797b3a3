import type { AggregateResult, Alert, Budget, BudgetStatus, CostProjection, CostSummary } from "@llm-cost-ops/sdk";
import { type AskKey, useAsk } from "../../data/ask.ts";
import { useBudgets } from "../../data/budgets.ts";
import { useSession } from "../../session/session-context.tsx";
import { dayAfter, monthStart, type Period, resolvePeriod } from "../../url-state/period.ts";
import { useStandings } from "../budgets/budget-questions.ts";

export const dimensionChoices = ["model", "provider", "project", "user"] as const;
export type DimensionChoice = (typeof dimensionChoices)[number];

/** Sums of one currency: exact strings, and how many requests are behind them. */
export interface Sum {
  readonly cost: string;
  readonly requests: number;
}

/** The sums of a stretch of days by currency. */
type Sums = ReadonlyMap<string, Sum>;

export interface Glance {
  readonly today: Sums;
  readonly yesterday: Sums;
  readonly month: Sums;
  readonly monthBefore: Sums;
}

const sumsOf = (result: AggregateResult | undefined): Sums =>
  new Map(
    (result?.totals ?? []).flatMap(({ currency, totalCostExact, totalRequests }) =>
      currency === null ? [] : [[currency, { cost: totalCostExact ?? "0", requests: totalRequests ?? 0 }]],
    ),
  );

const inPeriod = ({ startDate, endDate, timezone }: Period) => ({ startDate, endDate, timezone });
const keyOf = ({ startDate, endDate, timezone }: Period): AskKey => ["costs", startDate, endDate, timezone];

/** Today, yesterday, the month and the month before: four ranges in one request. */
export function useGlance(today: string, timezone: string) {
  return useAsk<Glance>(["costs", "glance", today, timezone], async (client, options) => {
    const yesterday = dayAfter(today, -1);
    const { previous } = resolvePeriod("mtd", today, timezone);
    const ranges = [
      { startDate: today, endDate: today },
      { startDate: yesterday, endDate: yesterday },
      { startDate: monthStart(today), endDate: today },
      previous,
    ];
    const results = await client.costs.batchQuery(
      { filters: ranges.map((range) => ({ ...range, timezone })) },
      options,
    );
    const [now, before, month, monthBefore] = results.map(sumsOf) as [Sums, Sums, Sums, Sums];
    return { today: now, yesterday: before, month, monthBefore };
  });
}

export const useSummary = (period: Period) =>
  useAsk<CostSummary>(["costs", "summary", ...keyOf(period)], (client, options) =>
    client.costs.summary(inPeriod(period), options),
  );

/** Of the groups those that most was spent on, so many of them, and the others as one. */
export const useSums = (period: Period, groupBy: readonly string[], top: number) =>
  useAsk<AggregateResult>(["costs", "sums", groupBy, top, ...keyOf(period)], (client, options) =>
    client.costs.aggregate({ ...inPeriod(period), metrics: ["sum", "count"], groupBy, top }, options),
  );

/** What the month comes to at its pace so far. */
export const useProjection = (timezone: string) =>
  useAsk<CostProjection>(["costs", "projection", timezone], (client, options) =>
    client.costs.projection({ timezone }, options),
  );

/** The first budget that was made for a month of the whole organization in this currency. */
export const monthBudgetOf = (budgets: readonly Budget[], currency: string): Budget | undefined =>
  budgets
    .filter((one) => one.currency === currency && one.period.kind === "month" && one.per === null)
    // A budget over a tenant is in the tenant.
    .filter(({ scope }) => Object.keys(scope).every((name) => name === "tenantId"))
    .toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1))[0];

/** How that one stands. */
export function useMonthBudget(currency: string): BudgetStatus | undefined {
  const budgets = useBudgets();
  const standings = useStandings();
  const budget = monthBudgetOf(budgets.data ?? [], currency);
  return budget === undefined ? undefined : (standings.data?.get(budget.id)?.status ?? undefined);
}

export function useLatestAlerts() {
  const { may } = useSession();
  return useAsk<readonly Alert[]>(
    ["alerts", "latest"],
    async (client, options) => [...(await client.alerts.list({ limit: 5 }, options))],
    { enabled: may("alerts:read") },
  );
}
