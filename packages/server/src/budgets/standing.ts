import type { BudgetStatus, BudgetValue, ListedBudgetStatus } from "@llm-cost-ops/contract";
import { budgetStatus, formatInstant } from "@llm-cost-ops/core";
import { askedTogether } from "../costs/asked-together.ts";
import type { CostQuery } from "../costs/cost-query.ts";
import { Refusal } from "../refusal.ts";
import type { ScopedBudget } from "./budget.ts";
import { shownValue, type ValueKey, wholeBudget, withoutValue } from "./budget-value.ts";
import { measureBudget, questionOf, runningPeriod, type Totals } from "./measure-budget.ts";
import { readUsed, type UsedValue } from "./used-values.ts";

const orNull = <T, U>(value: T | undefined, write: (value: T) => U): U | null =>
  value === undefined ? null : write(value);

/**
 * How a budget stands at an instant (UTC milliseconds), from what the ledger sums for it then. What is reserved was read
 * before: what is settled meanwhile counts twice for a moment and never not at all. Of a budget that has an amount for each
 * value it is that of the value which is named, else of the one that used most.
 */
export async function standingOf(
  query: CostQuery,
  scoped: ScopedBudget,
  nowMs: number,
  value?: ValueKey,
): Promise<BudgetStatus> {
  const { budget } = scoped;
  if (budget.per !== null && (value === undefined || value === withoutValue)) {
    const used = await readUsed(query, scoped, nowMs);
    const one = value === undefined ? used[0] : used.find(({ key }) => key === value);
    return standingFrom(scoped, one ?? { key: withoutValue, totals: [] }, nowMs);
  }
  const { bounds } = runningPeriod(budget, nowMs);
  const key = value ?? wholeBudget;
  const { totals } = await query.aggregate(budget.organization_id, questionOf(scoped, bounds, key));
  return standingFrom(scoped, { key, totals }, nowMs);
}

/**
 * How each of several budgets of one organization stands, asked of the ledger together. One about which it refuses to answer,
 * such as one with too many values, takes nobody else's answer away.
 */
export async function standingsOf(
  query: CostQuery,
  all: readonly ScopedBudget[],
  nowMs: number,
): Promise<readonly ListedBudgetStatus[]> {
  const together = askedTogether(query);
  const stand = async (scoped: ScopedBudget): Promise<ListedBudgetStatus> => {
    const { id, name } = scoped.budget;
    try {
      return { budget_id: id, name, status: await standingOf(together, scoped, nowMs), error: null };
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === "UNAVAILABLE") throw error;
      return { budget_id: id, name, status: null, error: { code: error.code, message: error.message } };
    }
  };
  // All begin before one waits.
  return Promise.all(all.map(stand));
}

/** How a budget stands, or one value of it, by what the ledger says of that. */
export function standingFrom(
  scoped: ScopedBudget,
  { key, totals }: { readonly key: ValueKey; readonly totals: Totals },
  nowMs: number,
): BudgetStatus {
  const { budget } = scoped;
  const { kind, bounds } = runningPeriod(budget, nowMs);
  const { children = [] } = scoped;
  const reserved = scoped.reserved?.get(key) ?? 0n;
  const shares = children.filter(({ isPerValue }) => !isPerValue);
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
    unallocated: shares.length === 0 ? null : write(shares.reduce((left, child) => left - child.amount, amount)),
    per: budget.per,
    value: shownValue(scoped, key),
    as_of: formatInstant(nowMs),
  };
}

const othersThan = (currency: string | null, totals: Totals): BudgetStatus["other_currencies"] =>
  totals.flatMap((one) =>
    one.currency === null || one.currency === currency
      ? []
      : [{ currency: one.currency, spent: one.total_cost ?? "0" }],
  );

/** One value as a list shows it. */
export function valueStandingOf(scoped: ScopedBudget, one: UsedValue, nowMs: number): BudgetValue {
  const status = standingFrom(scoped, one, nowMs);
  return {
    value: status.value,
    amount: status.amount,
    spent: status.spent,
    reserved: status.reserved,
    remaining: status.remaining,
    utilization: status.utilization,
    thresholds_reached: status.thresholds_reached,
    state: status.state,
    unpriced_requests: status.unpriced_requests,
  };
}
