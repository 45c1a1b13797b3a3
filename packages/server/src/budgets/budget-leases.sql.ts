import { sumLedger } from "../costs/ledger-sum.ts";
import { invariant, Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, promptRead, type Store, storeWrite } from "../store/operation.ts";
import type { ScopedBudget } from "./budget.ts";
import type { BudgetLeases, LeaseAnswer, LeaseAsk } from "./budget-leases.ts";
import { findScoped } from "./budgets.sql.ts";
import { type BudgetMeasure, grantLease, type HeldLease } from "./lease-grant.ts";
import { measureBudget, questionOf, runningPeriod } from "./standing.ts";

interface LeaseRow {
  readonly budget_id: string;
  readonly process_id: string;
  readonly held: string;
  readonly allocated: string;
  readonly seen_at: number;
  readonly recalled_at: number | null;
}

interface Renewal extends OfOrganization {
  readonly processId: string;
  readonly asks: readonly LeaseAsk[];
}

/** What a lease was before its renewal, in the words of the grant. */
const fromRow = (row: LeaseRow): HeldLease => ({
  processId: row.process_id,
  held: BigInt(row.held),
  allocated: BigInt(row.allocated),
  seenAtMs: row.seen_at,
  recalledAtMs: row.recalled_at ?? undefined,
});

/**
 * The order of the statements is what nothing overshoots by: what is held is read before what is spent. Whoever holds less
 * than before has what it settled in the ledger already, and this sees it there.
 */
const renewLeases = storeWrite(
  "budgets.renewLeases",
  async (connection, { organizationId, processId, asks }: Renewal): Promise<readonly LeaseAnswer[]> => {
    const nowMs = connection.now();
    await connection.run(
      "DELETE FROM budget_leases WHERE organization_id = ? AND expires_at <= ?",
      organizationId,
      nowMs,
    );
    const rows = await connection.all<LeaseRow>(
      `SELECT budget_id, process_id, held, allocated, seen_at, recalled_at FROM budget_leases
       WHERE organization_id = ? ORDER BY budget_id, process_id`,
      organizationId,
    );
    const leases = Map.groupBy(rows, (row) => row.budget_id);
    const answers: LeaseAnswer[] = [];
    for (const ask of asks) {
      const scoped = await findScoped(connection, organizationId, ask.budgetId);
      if (scoped === undefined) continue;
      const held = (leases.get(ask.budgetId) ?? []).map(fromRow);
      answers.push(await renewOne(connection, { organizationId, processId, scoped, ask, held, nowMs }));
    }
    return answers;
  },
  "it says what a process may reserve, and nothing that anybody decided; budgets and usage are told of themselves",
);

interface OneRenewal extends OfOrganization {
  readonly processId: string;
  readonly scoped: ScopedBudget;
  readonly ask: LeaseAsk;
  readonly held: readonly HeldLease[];
  readonly nowMs: number;
}

async function renewOne(
  connection: StoreConnection,
  { organizationId, processId, scoped, ask, held: leases, nowMs }: OneRenewal,
): Promise<LeaseAnswer> {
  const { budgetId } = ask;
  invariant(ask.allocated >= 0n, "what is set aside is not negative");
  const own = leases.find((lease) => lease.processId === processId);
  const others = leases.filter((lease) => lease !== own);
  const isRecalled = own?.recalledAtMs !== undefined;
  const { kind, bounds } = runningPeriod(scoped.budget, nowMs);
  const measure = await measureOf(connection, scoped, nowMs);
  const { held, heldByOthers, recalled } = grantLease(measure, ask, others, { isRecalled, nowMs });
  for (const other of recalled) {
    await connection.run(
      `UPDATE budget_leases SET recalled_at = ? WHERE organization_id = ? AND budget_id = ? AND process_id = ?
       AND recalled_at IS NULL`,
      nowMs,
      organizationId,
      budgetId,
      other.processId,
    );
  }
  if (held === 0n) {
    await connection.run(
      "DELETE FROM budget_leases WHERE organization_id = ? AND budget_id = ? AND process_id = ?",
      organizationId,
      budgetId,
      processId,
    );
  } else {
    await connection.run(
      `INSERT INTO budget_leases (organization_id, budget_id, process_id, held, allocated, seen_at, expires_at,
         recalled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (organization_id, budget_id, process_id) DO UPDATE SET held = excluded.held,
         allocated = excluded.allocated, seen_at = excluded.seen_at, expires_at = excluded.expires_at,
         recalled_at = excluded.recalled_at`,
      organizationId,
      budgetId,
      processId,
      held.toString(),
      ask.allocated.toString(),
      nowMs,
      ask.expiresAtMs,
      held > ask.allocated ? (own?.recalledAtMs ?? null) : null,
    );
  }
  return {
    budgetId,
    held,
    ...measure,
    heldByOthers,
    recalled: recalled.map((other) => `${other.processId} ${other.seenAtMs}`),
    isRecalled,
    periodEndsAtMs: kind === "rolling" ? undefined : bounds.toMs,
  };
}

/** Where nobody knows what is spent, because the records that would tell are no longer kept, nothing more is granted. */
export async function measureOf(
  connection: StoreConnection,
  scoped: ScopedBudget,
  nowMs: number,
): Promise<BudgetMeasure> {
  const { bounds } = runningPeriod(scoped.budget, nowMs);
  const { organization_id: organizationId, currency } = scoped.budget;
  const { amount: limit } = measureBudget(scoped.budget, []);
  try {
    const unit = { currency: currency ?? undefined };
    return { limit, spent: await sumLedger(connection, organizationId, questionOf(scoped, bounds), unit) };
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "COST_002") throw error;
    return { limit, spent: limit };
  }
}

const recalledLeases = promptRead(
  "budgets.recalls",
  async (connection, { processId }: { readonly processId: string }) =>
    (
      await connection.all<{ organization_id: string; budget_id: string }>(
        `SELECT organization_id, budget_id FROM budget_leases WHERE process_id = ? AND recalled_at IS NOT NULL
       ORDER BY organization_id, budget_id`,
        processId,
      )
    ).map((row) => ({ organizationId: row.organization_id, budgetId: row.budget_id })),
);

/** What processes hold of budgets, in a store. */
export const createBudgetLeases = (store: Store): BudgetLeases => ({
  renew: (organizationId, processId, asks) => store.run(renewLeases, { organizationId, processId, asks }),
  recalls: (processId) => store.run(recalledLeases, { processId }),
});

/** For the registry. */
export const budgetLeaseOperations = [renewLeases, recalledLeases] as const;
