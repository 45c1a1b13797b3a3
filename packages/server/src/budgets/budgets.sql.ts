import { randomUUID } from "node:crypto";
import type { Budget, BudgetAmendment, BudgetPeriod, BudgetScope } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { formatInstant } from "@llm-cost-ops/core";
import { watchedChanged } from "../alerts/watched-changes.ts";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type Store, storeChange, storeRead } from "../store/operation.ts";
import { emitEvent } from "../webhooks/outbox.sql.ts";
import {
  type AmendmentPage,
  type BudgetAsker,
  type BudgetChange,
  type BudgetChoice,
  type Budgets,
  type BudgetTerms,
  isBudgetWithin,
  type ReservedHere,
  type ScopedBudget,
} from "./budget.ts";
import { insertAmendment, readAmendments } from "./budget-amendments.sql.ts";
import { type BudgetRow, columns, placedOf, toWire } from "./budget-row.ts";
import { type Limited, placeScope } from "./budget-scope.sql.ts";
import { requireFitting, requireNoChildren } from "./budget-tree.sql.ts";
import {
  type FoundBudget,
  type Named,
  requireBudget,
  requireFreeName,
  requireOwnBudget,
  requireParents,
} from "./found-budget.sql.ts";
import { requireHard } from "./read-budget.ts";
import { scoped } from "./scoped-budgets.sql.ts";
import { type AskedBy, listStandingBudgets, withParts } from "./standing-budgets.sql.ts";
import { byParent, runFor } from "./tenant-budgets.sql.ts";

/** A prepaid budget that names no start counts from its creation on. */
const startedAt = (period: BudgetPeriod, createdAtMs: number): BudgetPeriod =>
  period.kind !== "prepaid" || period.starts_at !== undefined
    ? period
    : { ...period, starts_at: formatInstant(createdAtMs) };

/** What can be changed about a budget, for the trail and the history. */
const told = ({ id: _, organization_id: _o, set_by: _s, created_at: _c, updated_at: _u, ...terms }: Budget) => terms;

const createBudget = storeChange(
  "budgets.create",
  async (connection, { id, terms, ...limited }: Named & { readonly terms: BudgetTerms }): Promise<Budget> => {
    const { organizationId } = limited;
    const setByParent = limited.parentId === undefined ? 0 : 1;
    await requireFreeName(connection, organizationId, terms.name);
    const count = await connection.get<{ present: number }>(
      // Neither takes the room of the other.
      "SELECT count(*) AS present FROM budgets WHERE organization_id = ? AND set_by_parent = ?",
      organizationId,
      setByParent,
    );
    if (Number(count?.present ?? 0) >= limits.budgets) {
      throw new Refusal("CONFLICT", `An organization has at most ${limits.budgets} budgets.`);
    }
    const { scope, teamId } = await placeScope(connection, limited, terms.scope);
    const { amount } = terms;
    await requireParents(connection, limited, { from: null, to: terms.parentId });
    const nowMs = connection.now();
    await connection.run(
      `INSERT INTO budgets (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      organizationId,
      id,
      terms.name,
      terms.description,
      amount.unit === "money" ? amount.picos : null,
      amount.unit === "money" ? amount.currency : null,
      amount.unit === "tokens" ? amount.tokens : null,
      JSON.stringify(startedAt(terms.period, nowMs)),
      terms.per ?? null,
      terms.parentId,
      JSON.stringify(scope),
      teamId,
      JSON.stringify(terms.thresholds),
      terms.enforcement,
      JSON.stringify(terms.hard.atLimit),
      terms.hard.whenStoreIsAway,
      terms.hard.unpriced,
      nowMs,
      nowMs,
      setByParent,
    );
    const { budget, row } = await requireBudget(connection, { ...limited, id });
    await requireFitting(connection, placedOf(row), limited.within !== undefined);
    const resource = { type: "budget", id };
    await recordChange(connection, { organizationId, action: "budgets.create", resource, after: told(budget) });
    await emitEvent(connection, { organizationId, type: "budget.created", data: budget });
    await watchedChanged(connection, organizationId);
    return budget;
  },
);

const listBudgets = storeRead(
  "budgets.list",
  async (connection, { organizationId, within, parentId }: Limited): Promise<readonly Budget[]> => {
    const rows = await connection.all<BudgetRow>(
      `SELECT ${columns} FROM budgets WHERE organization_id = ? AND set_by_parent >= ? ORDER BY lower(name), id`,
      organizationId,
      parentId === undefined ? 0 : 1,
    );
    if (within === undefined) return rows.map(toWire);
    const visible: Budget[] = [];
    for (const row of rows) {
      const { budget, teamProjects } = await scoped(connection, row);
      if (isBudgetWithin(budget.scope, teamProjects, within)) visible.push(budget);
    }
    return visible;
  },
);

interface Asked extends AskedBy {
  readonly choice: BudgetChoice;
}

const findBudget = storeRead(
  "budgets.find",
  async (connection, { choice, ...limited }: Asked): Promise<ScopedBudget> => {
    const { organizationId } = limited;
    const { id, name } = choice;
    if (id !== undefined) {
      const { row: _, ...found } = await requireBudget(connection, { ...limited, id });
      return withParts(connection, limited, found);
    }
    const row = await connection.get<BudgetRow>(
      name === undefined
        ? `SELECT ${columns} FROM budgets WHERE organization_id = ? AND scope = ? AND per IS NULL
           ORDER BY created_at, id LIMIT 1`
        : `SELECT ${columns} FROM budgets WHERE organization_id = ? AND name = ?`,
      organizationId,
      name ?? "{}",
    );
    const found = row === undefined ? undefined : await scoped(connection, row);
    if (found === undefined || !isBudgetWithin(found.budget.scope, found.teamProjects, limited.within)) {
      throw new Refusal(
        "NOT_FOUND",
        name === undefined
          ? "There is no budget of the whole organization: name one by ?name= or ?id=."
          : "There is no budget with this name.",
      );
    }
    return withParts(connection, limited, found);
  },
);

/** The fields in which two states differ. */
function differing(before: ReturnType<typeof told>, after: ReturnType<typeof told>) {
  const names = (Object.keys(before) as (keyof typeof before)[]).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  const pick = (state: ReturnType<typeof told>) => Object.fromEntries(names.map((name) => [name, state[name]]));
  return { count: names.length, before: pick(before), after: pick(after) };
}

function requireUnit({ amount }: BudgetRow, change: BudgetChange): void {
  const [field, text] =
    amount === null
      ? ["amount", "cannot be set: the budget is in tokens"]
      : ["tokens", "cannot be set: the budget is in money"];
  if ((amount === null ? change.picos : change.tokens) === undefined) return;
  throw new Refusal("VALIDATION_ERROR", `${field} ${text}.`, { fieldErrors: { [field]: text } });
}

const updateBudget = storeChange(
  "budgets.update",
  async (connection, { id, change, ...limited }: Named & { readonly change: BudgetChange }): Promise<Budget> => {
    const { organizationId } = limited;
    const found = await requireOwnBudget(connection, { ...limited, id });
    const { row, budget: before } = found;
    requireUnit(row, change);
    requireHard(change.enforcement ?? row.enforcement, change.hard ?? {});
    if (change.name !== undefined && change.name !== row.name) {
      await requireFreeName(connection, organizationId, change.name);
    }
    const place =
      change.scope === undefined
        ? { scope: before.scope, teamId: row.team_id }
        : await placeScope(connection, limited, change.scope);
    const { parentId = row.parent_id } = change;
    await requireParents(connection, limited, { from: row.parent_id, to: parentId });
    const after = await changeBudget(connection, { ...found, place }, change);
    const { row: changed } = await requireBudget(connection, { organizationId, within: undefined, id });
    await requireFitting(connection, placedOf(changed), limited.within !== undefined);
    return after;
  },
);

interface PlacedFound extends FoundBudget {
  readonly place?: { readonly scope: BudgetScope; readonly teamId: string | null };
}

/**
 * Changes a budget, and tells of it in its history and to webhooks; not at all where nothing is different. The audit trail
 * is told here too, but of a transfer by whoever makes it.
 */
export async function changeBudget(
  connection: StoreConnection,
  { row, budget: before, place = { scope: before.scope, teamId: row.team_id } }: PlacedFound,
  change: BudgetChange,
  transfer?: NonNullable<BudgetAmendment["transfer"]>,
): Promise<Budget> {
  const { organization_id: organizationId, id } = row;
  const nowMs = connection.now();
  const next: BudgetRow = {
    ...row,
    name: change.name ?? row.name,
    description: change.description ?? row.description,
    amount: change.picos ?? row.amount,
    tokens: change.tokens ?? row.tokens,
    period: change.period === undefined ? row.period : JSON.stringify(startedAt(change.period, row.created_at)),
    parent_id: change.parentId === undefined ? row.parent_id : change.parentId,
    scope: JSON.stringify(place.scope),
    team_id: place.teamId,
    thresholds: change.thresholds === undefined ? row.thresholds : JSON.stringify(change.thresholds),
    enforcement: change.enforcement ?? row.enforcement,
    at_limit: change.hard?.atLimit === undefined ? row.at_limit : JSON.stringify(change.hard.atLimit),
    when_store_is_away: change.hard?.whenStoreIsAway ?? row.when_store_is_away,
    unpriced: change.hard?.unpriced ?? row.unpriced,
    updated_at: nowMs,
  };
  const after = toWire(next);
  const changed = differing(told(before), told(after));
  if (changed.count === 0) return before;
  await connection.run(
    `UPDATE budgets SET name = ?, description = ?, amount = ?, tokens = ?, period = ?, parent_id = ?, scope = ?,
       team_id = ?, thresholds = ?, enforcement = ?, at_limit = ?, when_store_is_away = ?, unpriced = ?, updated_at = ?
     WHERE organization_id = ? AND id = ?`,
    next.name,
    next.description,
    next.amount,
    next.tokens,
    next.period,
    next.parent_id,
    next.scope,
    next.team_id,
    next.thresholds,
    next.enforcement,
    next.at_limit,
    next.when_store_is_away,
    next.unpriced,
    nowMs,
    organizationId,
    id,
  );
  const { reason } = change;
  await insertAmendment(connection, { organizationId, id, ...changed, reason, transfer });
  if (transfer === undefined) {
    await recordChange(connection, {
      organizationId,
      action: "budgets.update",
      resource: { type: "budget", id },
      before: changed.before,
      after: { ...changed.after, ...(reason === undefined ? {} : { reason }) },
    });
  }
  await emitEvent(connection, { organizationId, type: "budget.updated", data: after });
  return after;
}

const deleteBudget = storeChange("budgets.delete", async (connection, named: Named): Promise<void> => {
  const { organizationId, id } = named;
  const { budget } = await requireOwnBudget(connection, named);
  // It could be made anew without a parent.
  await requireParents(connection, named, { from: budget.parent_id, to: null });
  await requireNoChildren(connection, named);
  await connection.run("DELETE FROM budget_amendments WHERE organization_id = ? AND budget_id = ?", organizationId, id);
  await connection.run("DELETE FROM budget_leases WHERE organization_id = ? AND budget_id = ?", organizationId, id);
  await connection.run("DELETE FROM budgets WHERE organization_id = ? AND id = ?", organizationId, id);
  const resource = { type: "budget", id };
  await recordChange(connection, { organizationId, action: "budgets.delete", resource, before: told(budget) });
  await emitEvent(connection, { organizationId, type: "budget.deleted", data: budget });
});

const budgetHistory = storeRead(
  "budgets.history",
  async (connection, { page, ...named }: Named & { readonly page: AmendmentPage }) => {
    await requireBudget(connection, named);
    return readAmendments(connection, { ...named, page });
  },
);

const changeTenants = {
  create: byParent(createBudget),
  update: byParent(updateBudget),
  remove: byParent(deleteBudget),
};

const limitedOf = ({ organizationId, records: within, parentId }: BudgetAsker): Limited => ({
  ...{ organizationId, within },
  ...(parentId === undefined ? {} : { parentId }),
});

/** Budgets in a store; `here` is absent where the process makes no reservations. */
export function createBudgets(store: Store, here?: ReservedHere): Budgets {
  const withOwn = (found: ScopedBudget, { organizationId }: BudgetAsker): ScopedBudget => {
    const reserved = new Map(found.reserved);
    for (const [key, own] of here?.reserved(organizationId, found.budget.id) ?? []) {
      reserved.set(key, (reserved.get(key) ?? 0n) + own);
    }
    return { ...found, reserved };
  };
  return {
    create: (asker, terms) =>
      runFor(store, asker, [createBudget, changeTenants.create], {
        ...limitedOf(asker),
        id: `budget_${randomUUID()}`,
        terms,
      }),
    list: (asker) => store.run(listBudgets, limitedOf(asker)),
    async find(asker, choice) {
      const processId = here?.processId;
      return withOwn(await store.run(findBudget, { ...limitedOf(asker), choice, processId }), asker);
    },
    async findAll(asker) {
      const processId = here?.processId;
      const all = await store.run(listStandingBudgets, { ...limitedOf(asker), processId });
      return all.map((found) => withOwn(found, asker));
    },
    update: (asker, id, change) =>
      runFor(store, asker, [updateBudget, changeTenants.update], { ...limitedOf(asker), id, change }),
    remove: (asker, id) => runFor(store, asker, [deleteBudget, changeTenants.remove], { ...limitedOf(asker), id }),
    history: (asker, id, page) => store.run(budgetHistory, { ...limitedOf(asker), id, page }),
  };
}

/** For the registry. */
export const budgetOperations = [
  createBudget,
  listBudgets,
  findBudget,
  listStandingBudgets,
  updateBudget,
  deleteBudget,
  budgetHistory,
  ...Object.values(changeTenants),
] as const;
