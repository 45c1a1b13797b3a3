import type { Budget } from "@llm-cost-ops/contract";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { isBudgetWithin, type ScopedBudget } from "./budget.ts";
import { type BudgetRow, columns } from "./budget-row.ts";
import type { Limited } from "./budget-scope.sql.ts";
import { scoped } from "./scoped-budgets.sql.ts";

export interface Named extends Limited {
  readonly id: string;
}

const missing = () => new Refusal("NOT_FOUND", "There is no budget with this id.");

export interface FoundBudget extends ScopedBudget {
  readonly row: BudgetRow;
}

/** Undefined also where whoever is limited may not see it, or the parent did not set it. */
async function findBudgetOf(
  connection: StoreConnection,
  { organizationId, within, parentId, id }: Named,
): Promise<FoundBudget | undefined> {
  const row = await connection.get<BudgetRow>(
    `SELECT ${columns} FROM budgets WHERE organization_id = ? AND id = ?`,
    organizationId,
    id,
  );
  if (row === undefined || (parentId !== undefined && row.set_by_parent !== 1)) return undefined;
  const found = await scoped(connection, row);
  return isBudgetWithin(found.budget.scope, found.teamProjects, within) ? { ...found, row } : undefined;
}

export async function requireBudget(connection: StoreConnection, named: Named): Promise<FoundBudget> {
  const found = await findBudgetOf(connection, named);
  if (found === undefined) throw missing();
  return found;
}

/** The same, to be changed: refuses with AUTH_002 where the parent set it and somebody else asks. */
export async function requireOwnBudget(connection: StoreConnection, named: Named): Promise<FoundBudget> {
  const found = await requireBudget(connection, named);
  requireDecider(found.budget, named);
  return found;
}

/** Refuses with AUTH_002 whoever asks within a tenant about what its parent decides. */
export function requireDecider(
  { set_by: setBy }: Pick<Budget, "set_by">,
  { parentId }: Pick<Limited, "parentId">,
): void {
  if (setBy === "organization" || parentId !== undefined) return;
  throw new Refusal("AUTH_002", "The parent of this organization set this budget: it alone can change or approve it.");
}

export async function requireFreeName(
  connection: StoreConnection,
  organizationId: string,
  name: string,
): Promise<void> {
  const taken = await connection.get(
    "SELECT id FROM budgets WHERE organization_id = ? AND name = ?",
    organizationId,
    name,
  );
  if (taken !== undefined) {
    throw new Refusal("CONFLICT", "There is a budget with this name already.", { fieldErrors: { name: "is taken" } });
  }
}

/** What a limited asker does not see is no parent to them either, and they do not take theirs out from under it. */
export async function requireParents(
  connection: StoreConnection,
  limited: Limited,
  { from, to }: { readonly from: string | null; readonly to: string | null },
): Promise<void> {
  if (from === to) return;
  const refuse = (code: "AUTH_002" | "VALIDATION_ERROR", text: string): Refusal =>
    new Refusal(code, `parent_id ${text}.`, { fieldErrors: { parent_id: text } });
  if (from !== null && (await findBudgetOf(connection, { ...limited, id: from })) === undefined) {
    throw refuse("AUTH_002", "must stay: the budget above is beyond the credential's part of the records");
  }
  const above = to === null ? undefined : await findBudgetOf(connection, { ...limited, id: to });
  if (to !== null && above === undefined) throw refuse("VALIDATION_ERROR", "names no budget of the organization");
  // Parts stand in the way of whoever lowers or deletes the whole.
  if (above !== undefined && above.budget.set_by === "parent" && limited.parentId === undefined) {
    throw refuse("AUTH_002", "must name a budget of the organization's own: its parent set that one");
  }
}
