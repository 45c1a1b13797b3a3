import type { BudgetApproval } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { formatInstant, formatMoney } from "@llm-cost-ops/core";
import { processActor } from "../audit/actor.ts";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, storeChange, storeRead } from "../store/operation.ts";
import { isBudgetWithin } from "./budget.ts";
import type { Limited } from "./budget-scope.sql.ts";
import { type ValueKey, wholeBudget } from "./budget-value.ts";
import type { EstimateLabels } from "./estimate-labels.ts";
import { requireDecider } from "./found-budget.sql.ts";
import { findScoped } from "./scoped-budgets.sql.ts";
import { byParent } from "./tenant-budgets.sql.ts";

/** What was asked for, as it is kept. The quantity is picos or tokens in decimal digits. */
interface AskedFor extends EstimateLabels {
  readonly quantity: string;
  /** Absent of a budget with one amount. */
  readonly value?: ValueKey;
}

interface ApprovalRow {
  readonly id: string;
  readonly budget_id: string;
  readonly estimate: string;
  readonly state: BudgetApproval["state"];
  readonly requested_at: number;
  readonly requested_by: string;
  readonly decided_at: number | null;
  readonly decided_by: string | null;
  readonly used_at: number | null;
}

export interface Named extends OfOrganization {
  readonly id: string;
}

const columns = "id, budget_id, estimate, state, requested_at, requested_by, decided_at, decided_by, used_at";
const dayMs = 86_400_000;

const orNull = (atMs: number | null): string | null => (atMs === null ? null : formatInstant(atMs));
const nameOf = (text: string | null): string | null => (text === null || text === "" ? null : text);
const actorName = ({ actor = processActor }: StoreConnection): string => actor.name ?? "";

/** Undefined where the budget is gone, or none that the asker may see. */
async function toWire(
  connection: StoreConnection,
  organizationId: string,
  row: ApprovalRow,
  { within, parentId }: Pick<Limited, "within" | "parentId">,
): Promise<BudgetApproval | undefined> {
  const found = await findScoped(connection, organizationId, row.budget_id);
  if (parentId !== undefined && found?.budget.set_by !== "parent") return undefined;
  if (found === undefined || !isBudgetWithin(found.budget.scope, found.teamProjects, within)) return undefined;
  const { name, currency, tokens } = found.budget;
  const asked = JSON.parse(row.estimate) as AskedFor;
  return {
    id: row.id,
    budget_id: row.budget_id,
    budget_name: name,
    state: row.state,
    unit: tokens === null ? "money" : "tokens",
    currency,
    requested: tokens === null ? formatMoney(BigInt(asked.quantity)) : asked.quantity,
    provider: asked.provider,
    model: asked.model,
    project_id: asked.projectId,
    user_id: asked.userId,
    tags: asked.tags,
    requested_at: formatInstant(row.requested_at),
    requested_by: nameOf(row.requested_by),
    decided_at: orNull(row.decided_at),
    decided_by: nameOf(row.decided_by),
    used_at: orNull(row.used_at),
  };
}

const readRow = async (connection: StoreConnection, { organizationId, id }: Named): Promise<ApprovalRow | undefined> =>
  connection.get<ApprovalRow>(
    `SELECT ${columns} FROM budget_approvals WHERE organization_id = ? AND id = ?`,
    organizationId,
    id,
  );

export interface Request extends OfOrganization {
  /** Of the request, if it is a new one. */
  readonly id: string;
  readonly budgetId: string;
  /** `wholeBudget` if absent. */
  readonly value?: ValueKey;
  readonly labels: EstimateLabels;
  readonly quantity: bigint;
}

/** A request that waits, or why no more may, as the end of a sentence. */
export type ApprovalAsked =
  | { readonly kind: "waiting"; readonly id: string }
  | { readonly kind: "full"; readonly text: string };

/** The request that waits for the same, or a new one. No one key or person takes the room of all others. */
export const requestApproval = storeChange(
  "approvals.request",
  async (
    connection,
    { organizationId, id, budgetId, value = wholeBudget, labels, quantity }: Request,
  ): Promise<ApprovalAsked> => {
    const ofValue = value === wholeBudget ? {} : { value };
    const estimate = JSON.stringify({ ...labels, quantity: quantity.toString(), ...ofValue });
    const nowMs = connection.now();
    const keptFromMs = nowMs - limits.approvalDays * dayMs;
    const known = await connection.get<{ id: string }>(
      `SELECT id FROM budget_approvals
       WHERE organization_id = ? AND budget_id = ? AND state = 'pending' AND estimate = ? AND requested_at >= ?`,
      organizationId,
      budgetId,
      estimate,
      keptFromMs,
    );
    if (known !== undefined) return { kind: "waiting", id: known.id };
    await connection.run(
      "DELETE FROM budget_approvals WHERE organization_id = ? AND requested_at < ?",
      organizationId,
      keptFromMs,
    );
    const { kind, id: actorId } = connection.actor ?? processActor;
    const asker = `${kind} ${actorId ?? ""}`;
    const text = await fullOf(connection, { organizationId, budgetId, asker });
    if (text !== undefined) return { kind: "full", text };
    await connection.run(
      `INSERT INTO budget_approvals (organization_id, ${columns}, asker)
       VALUES (?, ?, ?, ?, 'pending', ?, ?, NULL, NULL, NULL, ?)`,
      organizationId,
      id,
      budgetId,
      estimate,
      nowMs,
      actorName(connection),
      asker,
    );
    const resource = { type: "budget_approval", id };
    const after = { budget_id: budgetId, ...labels, quantity: quantity.toString() };
    await recordChange(connection, { organizationId, action: "approvals.request", resource, after });
    return { kind: "waiting", id };
  },
);

/** Who has as many requests that nobody decided as there may be; undefined where there is room for one more. */
async function fullOf(
  connection: StoreConnection,
  { organizationId, budgetId, asker }: OfOrganization & { readonly budgetId: string; readonly asker: string },
): Promise<string | undefined> {
  const waiting = await connection.get<{ every: number; budget: number | null; own: number | null }>(
    `SELECT count(*) AS every, sum(CASE WHEN budget_id = ? THEN 1 ELSE 0 END) AS budget,
       sum(CASE WHEN asker = ? THEN 1 ELSE 0 END) AS own
     FROM budget_approvals WHERE organization_id = ? AND state = 'pending'`,
    budgetId,
    asker,
    organizationId,
  );
  const { pendingApprovalsOfAsker, pendingApprovalsOfBudget, pendingApprovals } = limits;
  if (Number(waiting?.own ?? 0) >= pendingApprovalsOfAsker) return `whoever asks has ${pendingApprovalsOfAsker}`;
  if (Number(waiting?.budget ?? 0) >= pendingApprovalsOfBudget) return `the budget has ${pendingApprovalsOfBudget}`;
  return Number(waiting?.every ?? 0) >= pendingApprovals ? `the organization has ${pendingApprovals}` : undefined;
}

export interface ApprovalFacts {
  readonly budgetId: string;
  readonly value: ValueKey;
  /** Of the call that it was asked for. */
  readonly projectId: string | null;
  readonly state: BudgetApproval["state"];
  readonly quantity: bigint;
}

export const readApproval = storeRead("approvals.read", async (connection, named: Named) => {
  const row = await readRow(connection, named);
  if (row === undefined) return undefined;
  const { quantity, value = wholeBudget, projectId } = JSON.parse(row.estimate) as AskedFor;
  const asked = { value, projectId, quantity: BigInt(quantity) };
  return { budgetId: row.budget_id, state: row.state, ...asked } satisfies ApprovalFacts;
});

/** Uses an approval up; false where somebody did before, or it was taken back. */
export const consumeApproval = storeChange("approvals.use", async (connection, { organizationId, id }: Named) => {
  const changed = await connection.run(
    "UPDATE budget_approvals SET state = 'used', used_at = ? WHERE organization_id = ? AND id = ? AND state = 'approved'",
    connection.now(),
    organizationId,
    id,
  );
  if (changed === 0) return false;
  const states = { before: { state: "approved" }, after: { state: "used" } };
  const resource = { type: "budget_approval", id };
  await recordChange(connection, { organizationId, action: "approvals.use", resource, ...states });
  return true;
});

export const listApprovals = storeRead(
  "approvals.list",
  async (connection, args: Limited & { readonly state: BudgetApproval["state"] | undefined }) => {
    const { organizationId, state } = args;
    const rows = await connection.all<ApprovalRow>(
      `SELECT ${columns} FROM budget_approvals WHERE organization_id = ? AND (CAST(? AS TEXT) IS NULL OR state = ?)
       ORDER BY requested_at DESC, id LIMIT 1000`,
      organizationId,
      state ?? null,
      state ?? "",
    );
    const found: BudgetApproval[] = [];
    for (const row of rows) {
      const approval = await toWire(connection, organizationId, row, args);
      if (approval !== undefined) found.push(approval);
    }
    return found;
  },
);

/** Approves or denies. Refuses with NOT_FOUND, and with CONFLICT what is used, or denied and to be approved. */
export const decideApproval = storeChange(
  "approvals.decide",
  async (connection, args: Limited & Named & { readonly decision: "approved" | "denied" }): Promise<BudgetApproval> => {
    const { organizationId, id, decision } = args;
    const row = await readRow(connection, args);
    const before = row && (await toWire(connection, organizationId, row, args));
    if (row === undefined || before === undefined) throw new Refusal("NOT_FOUND", "There is no approval with this id.");
    const found = await findScoped(connection, organizationId, row.budget_id);
    if (found !== undefined) requireDecider(found.budget, args);
    if (row.state === decision) return before;
    if (row.state === "used" || row.state === "denied") {
      throw new Refusal("CONFLICT", `The approval is ${row.state === "used" ? "used up" : "denied"} already.`);
    }
    const nowMs = connection.now();
    await connection.run(
      "UPDATE budget_approvals SET state = ?, decided_at = ?, decided_by = ? WHERE organization_id = ? AND id = ?",
      decision,
      nowMs,
      actorName(connection),
      organizationId,
      id,
    );
    await recordChange(connection, {
      organizationId,
      action: decision === "approved" ? "approvals.approve" : "approvals.deny",
      resource: { type: "budget_approval", id },
      before: { state: row.state },
      after: { state: decision },
    });
    const decided = { state: decision, decided_at: nowMs, decided_by: actorName(connection) };
    return (await toWire(connection, organizationId, { ...row, ...decided }, args)) ?? before;
  },
);

/** Of budgets that the parent set. */
export const decideForTenant = byParent(decideApproval);

/** For the registry. */
export const approvalOperations = [
  requestApproval,
  readApproval,
  consumeApproval,
  listApprovals,
  decideApproval,
  decideForTenant,
] as const;
