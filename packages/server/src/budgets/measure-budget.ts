import type { Budget } from "@llm-cost-ops/contract";
import { type BudgetPeriodBounds, formatMoney, parseInstant, parseMoney, periodAt } from "@llm-cost-ops/core";
import { always, readRecordFilter } from "../costs/cost-filter.ts";
import type { AggregateAnswer, AggregateQuestion } from "../costs/cost-query.ts";
import { invariant } from "../refusal.ts";
import type { ScopedBudget } from "./budget.ts";
import { filterOf, type ValueKey, wholeBudget } from "./budget-value.ts";
import { toCorePeriod } from "./read-budget.ts";

/** The period of a budget that runs at an instant (UTC milliseconds). */
export function runningPeriod(budget: Budget, nowMs: number) {
  const period = toCorePeriod(budget.period, parseInstant(budget.period.starts_at ?? budget.created_at) ?? 0);
  return { kind: period.kind, bounds: periodAt(period, nowMs) };
}

export interface BudgetQuestion extends AggregateQuestion {
  /** Only what has no user is meant, which a filter cannot say. */
  readonly ofNobody: boolean;
}

/** The question that `GET /costs/aggregate` would ask of the ledger for the budget's scope and period, or one value of it. */
export function questionOf(
  scoped: ScopedBudget,
  { fromMs, toMs }: BudgetPeriodBounds,
  value: ValueKey = wholeBudget,
): BudgetQuestion {
  const { budget, teamProjects } = scoped;
  const { team: _, tenant_id: _tenant, ...filter } = budget.scope;
  const { exactly, userIds, ofNobody = false } = filterOf(scoped, value);
  const within = { ...(teamProjects && { projects: teamProjects }), ...(userIds && { userIds }) };
  return {
    period: { fromMs, toMs: toMs ?? always.toMs, zone: budget.period.time_zone ?? "UTC" },
    filter: {
      ...readRecordFilter({ organizationId: budget.organization_id, records: within }, filter),
      ...(exactly && { exactly }),
    },
    groupBy: [],
    metrics: ["sum", "count"],
    ofNobody,
  };
}

/** What the ledger says of some records, an entry for each currency. */
export type Totals = AggregateAnswer["totals"];

/** Picos of the currency; 0 where nothing was spent in it. */
function spentIn(totals: Totals, currency: string): bigint {
  const text = totals.find((one) => one.currency === currency)?.total_cost ?? "0";
  const picos = parseMoney(text);
  invariant(picos !== undefined, "a sum of the ledger is money");
  return picos;
}

const tokensOf = (totals: Totals): bigint => totals.reduce((sum, one) => sum + BigInt(one.total_tokens ?? 0), 0n);

/** Amount and spending in one unit, and how that unit is written. */
export function measureBudget(budget: Budget, totals: Totals) {
  const { amount, currency, tokens } = budget;
  if (amount === null || currency === null) {
    const write = (count: bigint): string => count.toString();
    return { unit: "tokens", amount: BigInt(tokens ?? 0), spent: tokensOf(totals), write } as const;
  }
  const picos = parseMoney(amount);
  invariant(picos !== undefined, "a budget's amount is money");
  return { unit: "money", amount: picos, spent: spentIn(totals, currency), write: formatMoney } as const;
}
