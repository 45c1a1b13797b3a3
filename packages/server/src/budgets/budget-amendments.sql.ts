import type { BudgetAmendment } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import { type Actor, processActor } from "../audit/actor.ts";
import type { StoreConnection } from "../store/connection.ts";
import type { OfOrganization } from "../store/operation.ts";
import type { AmendmentPage } from "./budget.ts";

interface AmendmentRow {
  readonly budget_id: string;
  readonly seq: number;
  readonly changed_at: number;
  readonly actor_kind: Actor["kind"];
  readonly actor_id: string | null;
  readonly actor_name: string | null;
  readonly state_before: string;
  readonly state_after: string;
  readonly reason: string | null;
  readonly transfer: string | null;
}

const columns = `organization_id, budget_id, seq, changed_at, actor_kind, actor_id, actor_name, state_before, state_after,
  reason, transfer`;

const toWire = (row: AmendmentRow): BudgetAmendment => ({
  number: row.seq,
  budget_id: row.budget_id,
  changed_at: formatInstant(row.changed_at),
  changed_by: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
  before: JSON.parse(row.state_before) as BudgetAmendment["before"],
  after: JSON.parse(row.state_after) as BudgetAmendment["after"],
  reason: row.reason,
  transfer: row.transfer === null ? null : (JSON.parse(row.transfer) as BudgetAmendment["transfer"]),
});

interface NewAmendment extends OfOrganization {
  readonly id: string;
  readonly before: object;
  readonly after: object;
  readonly reason: string | undefined;
  readonly transfer?: NonNullable<BudgetAmendment["transfer"]> | undefined;
}

/** Adds a change to a budget's history, by whoever acts. */
export async function insertAmendment(
  connection: StoreConnection,
  { organizationId, id, before, after, reason, transfer }: NewAmendment,
): Promise<void> {
  const { kind, id: actorId, name } = connection.actor ?? processActor;
  const last = await connection.get<{ seq: number | null }>(
    "SELECT max(seq) AS seq FROM budget_amendments WHERE organization_id = ? AND budget_id = ?",
    organizationId,
    id,
  );
  await connection.run(
    `INSERT INTO budget_amendments (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    organizationId,
    id,
    (last?.seq ?? 0) + 1,
    connection.now(),
    kind,
    actorId,
    name,
    JSON.stringify(before),
    JSON.stringify(after),
    reason ?? null,
    transfer === undefined ? null : JSON.stringify(transfer),
  );
}

/** Newest first; one more than the page has where there are more. */
export async function readAmendments(
  connection: StoreConnection,
  { organizationId, id, page }: OfOrganization & { readonly id: string; readonly page: AmendmentPage },
): Promise<readonly BudgetAmendment[]> {
  const rows = await connection.all<AmendmentRow>(
    `SELECT ${columns} FROM budget_amendments
     WHERE organization_id = ? AND budget_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
    organizationId,
    id,
    page.before ?? Number.MAX_SAFE_INTEGER,
    page.limit + 1,
  );
  return rows.map(toWire);
}
