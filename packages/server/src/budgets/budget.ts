import type { Budget, BudgetAmendment, BudgetAtLimit, BudgetPeriod, BudgetScope } from "@llm-cost-ops/contract";
import { isScopeWithin, type RecordScope } from "../identity/record-scope.ts";
import type { ValuedBudget, ValueKey } from "./budget-value.ts";

/** What somebody decides about a budget, checked: an amount in picos or tokens, thresholds in percent, ascending. */
export interface BudgetTerms {
  readonly name: string;
  readonly description: string;
  readonly amount: BudgetAmount;
  /** Without `starts_at` a prepaid budget counts from its creation on. */
  readonly period: BudgetPeriod;
  /** What each value of has the amount by itself; one amount if absent. */
  readonly per?: Budget["per"];
  /** The budget that this one is a part of. */
  readonly parentId: string | null;
  readonly scope: BudgetScope;
  readonly thresholds: readonly number[];
  readonly enforcement: Budget["enforcement"];
  readonly hard: HardTerms;
}

/** What a hard budget does where it cannot simply grant. Kept of a soft one too, of which it means nothing. */
export interface HardTerms {
  readonly atLimit: BudgetAtLimit;
  readonly whenStoreIsAway: NonNullable<Budget["when_store_is_away"]>;
  readonly unpriced: NonNullable<Budget["unpriced"]>;
}

/** The amount in picos, as decimal digits, so that no number ever holds money. */
export type BudgetAmount =
  | { readonly unit: "money"; readonly picos: string; readonly currency: string }
  | { readonly unit: "tokens"; readonly tokens: number };

/** A change of the terms. An amount of money is in the budget's currency, whatever that is. */
export type BudgetChange = Partial<Omit<BudgetTerms, "amount" | "hard" | "per">> & {
  readonly hard?: Partial<HardTerms>;
  readonly picos?: string;
  readonly tokens?: number;
  readonly reason?: string | undefined;
};

/** A budget with the projects that its scope's team has at the moment; undefined where it names none. */
export interface ScopedBudget extends ValuedBudget {
  readonly budget: Budget;
  readonly teamProjects: readonly string[] | undefined;
  /** Of its unit, what is set aside for reservations, by what of it; nothing if absent. */
  readonly reserved?: ReadonlyMap<ValueKey, bigint>;
  /** The budgets that are parts of it, by name, as far as the asker may see them; none if absent. */
  readonly children?: readonly ChildBudget[];
}

/** A part of a budget. The amount is in picos or tokens, as the budget's own. */
export interface ChildBudget {
  readonly id: string;
  readonly name: string;
  readonly amount: bigint;
  /** Whether each value of something has it, so that it is no share of the amount above. */
  readonly isPerValue: boolean;
}

/** What one process knows better than the store of what is reserved: its own reservations, each at once. */
export interface ReservedHere {
  readonly processId: string;
  /** Of a budget, in picos or tokens, by what of it. */
  reserved(organizationId: string, budgetId: string): ReadonlyMap<ValueKey, bigint>;
}

/** Who asks: `records` is the part of the records that they are limited to. */
export interface BudgetAsker {
  readonly organizationId: string;
  readonly records?: RecordScope;
  /** The organization's parent, where that asks: it knows the budgets that it set there, and no others. */
  readonly parentId?: string;
}

/** Which budget is meant: one by its id or name, or the first that was made for the whole organization. */
export interface BudgetChoice {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

export interface AmendmentPage {
  readonly limit: number;
  /** The number behind which the page begins; from the newest on if absent. */
  readonly before?: number | undefined;
}

/**
 * Keeps budgets and what became of them. Who is limited to a part of the records finds and makes budgets within it alone:
 * all others are NOT_FOUND, and to make one is AUTH_002.
 */
export interface Budgets {
  create(asker: BudgetAsker, terms: BudgetTerms): Promise<Budget>;
  list(asker: BudgetAsker): Promise<readonly Budget[]>;
  /** Refuses with NOT_FOUND where there is none. */
  find(asker: BudgetAsker, choice: BudgetChoice): Promise<ScopedBudget>;
  /** All that `list` gives, each as `find` would give it. */
  findAll(asker: BudgetAsker): Promise<readonly ScopedBudget[]>;
  update(asker: BudgetAsker, id: string, change: BudgetChange): Promise<Budget>;
  remove(asker: BudgetAsker, id: string): Promise<void>;
  /** Newest first; one more than the limit where there are more. */
  history(asker: BudgetAsker, id: string, page: AmendmentPage): Promise<readonly BudgetAmendment[]>;
}

/** Whether every record of a team is within a part; never of a team without projects, of which nobody could tell. */
export const isTeamWithin = (projects: readonly string[], within: RecordScope | undefined): boolean =>
  within === undefined ||
  (within.projects !== undefined && projects.length > 0 && projects.every((one) => within.projects?.includes(one)));

/** Whether all that a scope counts is within a part of the records. */
export function isBudgetWithin(
  scope: BudgetScope,
  teamProjects: readonly string[] | undefined,
  within: RecordScope | undefined,
): boolean {
  if (teamProjects !== undefined && !isTeamWithin(teamProjects, within)) return false;
  const projects = scope.project_id ?? teamProjects;
  const counted: RecordScope = {
    ...(projects === undefined ? {} : { projects }),
    ...(scope.user_id === undefined ? {} : { userIds: scope.user_id }),
  };
  return isScopeWithin(counted, within);
}
