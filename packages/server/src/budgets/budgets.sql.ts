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
  type BudgetChange,
  type BudgetChoice,
  type Budgets,
  type BudgetTerms,
  type ChildBudget,
  isBudgetWithin,
  type ReservedHere,
  type ScopedBudget,
} from "./budget.ts";
import { insertAmendment, readAmendments } from "./budget-amendments.sql.ts";
import { type BudgetRow, columns, placedOf, toWire } from "./budget-row.ts";
import { type Limited, placeScope } from "./budget-scope.sql.ts";
import { requireFitting, requireNoChildren } from "./budget-tree.sql.ts";
import type { ValueKey } from "./budget-value.ts";
import { requireHard } from "./read-budget.ts";
import { scoped } from "./scoped-budgets.sql.ts";

export interface Named extends Limited {
  readonly id: string;
}

/**
 * With what processes hold of it, but for the one that asks. How much of that they have reserved already they alone know,
 * and nobody else can reserve the rest.
 */
async function withReserved(
  connection: StoreConnection,
  found: ScopedBudget,
  processId: string | undefined,
): Promise<ScopedBudget> {
  const leases = await connection.all<{ value: string; held: string }>(
    `SELECT value, held FROM budget_leases
     WHERE organization_id = ? AND budget_id = ? AND expires_at > ? AND process_id <> ?`,
    found.budget.organization_id,
    found.budget.id,
    connection.now(),
    processId ?? "",
  );
  const reserved = new Map<ValueKey, bigint>();
  for (const { value, held } of leases) reserved.set(value, (reserved.get(value) ?? 0n) + BigInt(held));
  return { ...found, reserved };
}

/** The same with the budgets that are parts of it, as far as the asker may see them. */
async function withParts(
  connection: StoreConnection,
  { within, processId }: Pick<Asked, "within" | "processId">,
  found: ScopedBudget,
): Promise<ScopedBudget> {
  const children: ChildBudget[] = [];
  for (const row of await connection.all<BudgetRow>(
    `SELECT ${columns} FROM budgets WHERE organization_id = ? AND parent_id = ? ORDER BY lower(name), id`,
    found.budget.organization_id,
    found.budget.id,
  )) {
    const { budget, teamProjects } = await scoped(connection, row);
    if (!isBudgetWithin(budget.scope, teamProjects, within)) continue;
    children.push({ id: row.id, name: row.name, amount: placedOf(row).amount, isPerValue: row.per !== null });
  }
  return { ...(await withReserved(connection, found, processId)), children };
}

const missing = () => new Refusal("NOT_FOUND", "There is no budget with this id.");

export interface FoundBudget extends ScopedBudget {
  readonly row: BudgetRow;
}

/** Undefined also where whoever is limited may not see it. */
async function findBudgetOf(
  connection: StoreConnection,
  { organizationId, within, id }: Named,
): Promise<FoundBudget | undefined> {
  const row = await connection.get<BudgetRow>(
    `SELECT ${columns} FROM budgets WHERE organization_id = ? AND id = ?`,
    organizationId,
    id,
  );
  if (row === undefined) return undefined;
  const found = await scoped(connection, row);
  return isBudgetWithin(found.budget.scope, found.teamProjects, within) ? { ...found, row } : undefined;
}

export async function requireBudget(connection: StoreConnection, named: Named): Promise<FoundBudget> {
  const found = await findBudgetOf(connection, named);
  if (found === undefined) throw missing();
  return found;
}

async function requireFreeName(connection: StoreConnection, organizationId: string, name: string): Promise<void> {
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
async function requireParents(
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
  if (to !== null && (await findBudgetOf(connection, { ...limited, id: to })) === undefined) {
    throw refuse("VALIDATION_ERROR", "names no budget of the organization");
  }
}

/** A prepaid budget that names no start counts from its creation on. */
const startedAt = (period: BudgetPeriod, createdAtMs: number): BudgetPeriod =>
  period.kind !== "prepaid" || period.starts_at !== undefined
    ? period
    : { ...period, starts_at: formatInstant(createdAtMs) };

/** What can be changed about a budget, for the trail and the history. */
const told = ({ id: _, organization_id: _o, created_at: _c, updated_at: _u, ...terms }: Budget) => terms;

const createBudget = storeChange(
  "budgets.create",
  async (connection, { id, terms, ...limited }: Named & { readonly terms: BudgetTerms }): Promise<Budget> => {
    const { organizationId } = limited;
    await requireFreeName(connection, organizationId, terms.name);
    const count = await connection.get<{ present: number }>(
      "SELECT count(*) AS present FROM budgets WHERE organization_id = ?",
      organizationId,
    );
    if (Number(count?.present ?? 0) >= limits.budgets) {
      throw new Refusal("CONFLICT", `An organization has at most ${limits.budgets} budgets.`);
    }
    const { scope, teamId } = await placeScope(connection, limited, terms.scope);
    const { amount } = terms;
    await requireParents(connection, limited, { from: null, to: terms.parentId });
    const nowMs = connection.now();
    await connection.run(
      `INSERT INTO budgets (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
  async (connection, { organizationId, within }: Limited): Promise<readonly Budget[]> => {
    const rows = await connection.all<BudgetRow>(
      `SELECT ${columns} FROM budgets WHERE organization_id = ? ORDER BY lower(name), id`,
      organizationId,
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

interface Asked extends Limited {
  readonly choice: BudgetChoice;
  /** Which knows by itself what it has reserved. */
  readonly processId: string | undefined;
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
    const found = await requireBudget(connection, { ...limited, id });
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
  const { budget } = await requireBudget(connection, named);
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

/** Budgets in a store; `here` is absent where the process makes no reservations. */
export const createBudgets = (store: Store, here?: ReservedHere): Budgets => ({
  create: ({ organizationId, records: within }, terms) =>
    store.run(createBudget, { organizationId, within, id: `budget_${randomUUID()}`, terms }),
  list: ({ organizationId, records: within }) => store.run(listBudgets, { organizationId, within }),
  async find({ organizationId, records: within }, choice) {
    const found = await store.run(findBudget, { organizationId, within, choice, processId: here?.processId });
    const reserved = new Map(found.reserved);
    for (const [key, own] of here?.reserved(organizationId, found.budget.id) ?? []) {
      reserved.set(key, (reserved.get(key) ?? 0n) + own);
    }
    return { ...found, reserved };
  },
  update: ({ organizationId, records: within }, id, change) =>
    store.run(updateBudget, { organizationId, within, id, change }),
  remove: ({ organizationId, records: within }, id) => store.run(deleteBudget, { organizationId, within, id }),
  history: ({ organizationId, records: within }, id, page) =>
    store.run(budgetHistory, { organizationId, within, id, page }),
});

/** For the registry. */
export const budgetOperations = [
  createBudget,
  listBudgets,
  findBudget,
  updateBudget,
  deleteBudget,
  budgetHistory,
] as const;
