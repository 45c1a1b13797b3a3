import type { Budget, BudgetStatus } from "@llm-cost-ops/contract";
import {
  type BudgetPeriodBounds,
  budgetStatus,
  formatInstant,
  formatMoney,
  parseInstant,
  parseMoney,
  periodAt,
} from "@llm-cost-ops/core";
import { always, readRecordFilter } from "../costs/cost-filter.ts";
import type { AggregateAnswer, AggregateQuestion, CostQuery } from "../costs/cost-query.ts";
import { invariant } from "../refusal.ts";
import type { ScopedBudget } from "./budget.ts";
import { toCorePeriod } from "./read-budget.ts";

/** The period of a budget that runs at an instant (UTC milliseconds). */
export function runningPeriod(budget: Budget, nowMs: number) {
  const period = toCorePeriod(budget.period, parseInstant(budget.period.starts_at ?? budget.created_at) ?? 0);
  return { kind: period.kind, bounds: periodAt(period, nowMs) };
}

/** The question that `GET /costs/aggregate` would ask of the ledger for the budget's scope and period. */
export function questionOf(
  { budget, teamProjects }: ScopedBudget,
  { fromMs, toMs }: BudgetPeriodBounds,
): AggregateQuestion {
  const { team: _, ...filter } = budget.scope;
  const records = teamProjects === undefined ? {} : { records: { projects: teamProjects } };
  return {
    period: { fromMs, toMs: toMs ?? always.toMs, zone: budget.period.time_zone ?? "UTC" },
    filter: readRecordFilter({ organizationId: budget.organization_id, ...records }, filter),
    groupBy: [],
    metrics: ["sum", "count"],
  };
}

type Totals = AggregateAnswer["totals"];

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

const orNull = <T, U>(value: T | undefined, write: (value: T) => U): U | null =>
  value === undefined ? null : write(value);

/**
 * How a budget stands at an instant (UTC milliseconds), from what the ledger sums for it then. What is reserved was read
 * before: what is settled meanwhile counts twice for a moment and never not at all.
 */
export async function standingOf(query: CostQuery, scoped: ScopedBudget, nowMs: number): Promise<BudgetStatus> {
  const { budget } = scoped;
  const { kind, bounds } = runningPeriod(budget, nowMs);
  const { reserved = 0n, children = [] } = scoped;
  const { totals } = await query.aggregate(budget.organization_id, questionOf(scoped, bounds));
  const { unit, amount, spent, write } = measureBudget(budget, totals);
  const status = budgetStatus({
    amount,
    spent,
    reserved,
    periodKind: kind,
    bounds,
    nowMs,
    thresholds: budget.thresholds,
  });
  return {
    budget_id: budget.id,
    name: budget.name,
    unit,
    currency: budget.currency,
    period: {
      kind,
      time_zone: budget.period.time_zone ?? null,
      from: formatInstant(bounds.fromMs),
      to: orNull(bounds.toMs, formatInstant),
    },
    amount: write(amount),
    spent: write(spent),
    reserved: write(reserved),
    remaining: write(status.remaining),
    utilization: status.utilization ?? null,
    thresholds_reached: status.thresholdsReached.map(Number),
    state: status.state,
    burn_rate_per_day: orNull(status.burnPerDay, write),
    projected: orNull(status.projectedSpend, write),
    exhausted_at: orNull(status.exhaustedAtMs, formatInstant),
    unpriced_requests: totals.reduce((sum, one) => sum + (one.unpriced_requests ?? 0), 0),
    other_currencies: unit === "tokens" ? [] : othersThan(budget.currency, totals),
    children: children.map((child) => ({ budget_id: child.id, name: child.name, amount: write(child.amount) })),
    unallocated: children.length === 0 ? null : write(children.reduce((left, child) => left - child.amount, amount)),
    as_of: formatInstant(nowMs),
  };
}

const othersThan = (currency: string | null, totals: Totals): BudgetStatus["other_currencies"] =>
  totals.flatMap((one) =>
    one.currency === null || one.currency === currency
      ? []
      : [{ currency: one.currency, spent: one.total_cost ?? "0" }],
  );
