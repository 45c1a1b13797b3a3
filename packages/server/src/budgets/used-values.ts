import type { Dimension, Totals } from "@llm-cost-ops/contract";
import { formatMoney, parseMoney } from "@llm-cost-ops/core";
import type { AnswerRow, CostQuery } from "../costs/cost-query.ts";
import { invariant } from "../refusal.ts";
import type { ScopedBudget } from "./budget.ts";
import { keyOf, keysOfProject, type ValueKey } from "./budget-value.ts";
import { measureBudget, questionOf, runningPeriod } from "./measure-budget.ts";

/** A value of a budget with what the ledger says of it. */
export interface UsedValue {
  readonly key: ValueKey;
  readonly totals: readonly Totals[];
  /** Spent and reserved, in picos or tokens. */
  readonly used: bigint;
}

/**
 * All values of which something is spent or reserved, the most used first, by one question of the ledger. Refuses as that
 * does where there are more than it answers.
 */
export async function readUsed(query: CostQuery, scoped: ScopedBudget, nowMs: number): Promise<readonly UsedValue[]> {
  const { budget, reserved = new Map<ValueKey, bigint>() } = scoped;
  const { per } = budget;
  invariant(per !== null, "a budget with values says of what");
  const { bounds } = runningPeriod(budget, nowMs);
  const dimension = (per === "team" ? "project" : per) as Dimension;
  const question = { ...questionOf(scoped, bounds), groupBy: [dimension] };
  const { rows } = await query.aggregate(budget.organization_id, question);
  const found = new Map<ValueKey, Totals[]>([...reserved.keys()].map((key) => [key, []]));
  for (const row of rows) {
    const value = (row[dimension] ?? null) as string | null;
    for (const key of per === "team" ? keysOfProject(scoped.teams ?? [], value) : [keyOf(value)]) {
      add(found, key, row);
    }
  }
  return [...found]
    .map(([key, totals]) => ({
      key,
      totals,
      used: measureBudget(budget, totals).spent + (reserved.get(key) ?? 0n),
    }))
    .sort(byUse);
}

/** The most used first; the keys of the same use in their order. */
const byUse = (a: UsedValue, b: UsedValue): number => {
  if (a.used !== b.used) return a.used > b.used ? -1 : 1;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
};

/** Projects of one team are one: an entry for each currency. */
function add(found: Map<ValueKey, Totals[]>, key: ValueKey, row: AnswerRow): void {
  const totals = found.get(key) ?? [];
  found.set(key, totals);
  const at = totals.findIndex(({ currency }) => currency === row.currency);
  const before = totals[at];
  if (before === undefined) totals.push(row);
  else totals[at] = sum(before, row);
}

function sum(a: Totals, b: Totals): Totals {
  const cost = (totals: Totals): bigint => parseMoney(totals.total_cost ?? "0") ?? 0n;
  const tokens = (totals: Totals): bigint => BigInt(totals.total_tokens ?? 0);
  return {
    currency: a.currency,
    ...((a.total_cost ?? b.total_cost) !== undefined && { total_cost: formatMoney(cost(a) + cost(b)) }),
    total_tokens: (tokens(a) + tokens(b)).toString(),
    unpriced_requests: (a.unpriced_requests ?? 0) + (b.unpriced_requests ?? 0),
  };
}
