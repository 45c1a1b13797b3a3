import type { Budget } from "@llm-cost-ops/sdk";
import { scopeText } from "../../scope/scope.ts";

/** A budget in a list: below the one that it is a part of, and how deep. */
export interface ListedBudget {
  readonly budget: Budget;
  readonly depth: number;
  readonly parentName: string | undefined;
}

/** Parts stand right below the whole, both by name. What matches is kept, wherever it stands; a search of nothing keeps all. */
export function listed(budgets: readonly Budget[], search: string): readonly ListedBudget[] {
  const ids = new Map(budgets.map((budget) => [budget.id, budget]));
  const isTop = ({ parentId }: Budget): boolean => parentId === null || !ids.has(parentId);
  const children = Map.groupBy(budgets, (budget) => (isTop(budget) ? "" : (budget.parentId as string)));
  const rows: ListedBudget[] = [];
  const seen = new Set<string>();
  const walk = (id: string, depth: number): void => {
    for (const budget of children.get(id) ?? []) {
      if (seen.has(budget.id)) continue;
      seen.add(budget.id);
      const parentName = budget.parentId === null ? undefined : ids.get(budget.parentId)?.name;
      rows.push({ budget, depth, parentName });
      walk(budget.id, depth + 1);
    }
  };
  walk("", 0);
  const wanted = search.trim().toLowerCase();
  if (wanted === "") return rows;
  return rows.filter(({ budget }) => `${budget.name} ${scopeText(budget.scope)}`.toLowerCase().includes(wanted));
}

/** The budgets above one, the outermost first. */
export function ancestorsOf(budget: Budget, budgets: readonly Budget[]): readonly Budget[] {
  const found: Budget[] = [];
  for (let at: Budget | undefined = budget; at?.parentId != null; ) {
    const { parentId }: Budget = at;
    at = budgets.find(({ id }) => id === parentId);
    if (at === undefined || found.includes(at)) break;
    found.unshift(at);
  }
  return found;
}

/**
 * What may stand above a budget: neither itself nor its parts, in the same unit, set by the same organization; what is per
 * value has no parts.
 */
export function possibleParents(
  { id, currency, setBy }: Pick<Budget, "currency" | "setBy"> & { readonly id: string | undefined },
  budgets: readonly Budget[],
): readonly Budget[] {
  return budgets.filter(
    (one) =>
      one.currency === currency &&
      one.per === null &&
      one.setBy === setBy &&
      one.id !== id &&
      !ancestorsOf(one, budgets).some((above) => above.id === id),
  );
}
