import { sumLedger } from "../costs/ledger-sum.ts";
import { invariant, Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, promptRead, type Store, storeWrite } from "../store/operation.ts";
import type { ScopedBudget } from "./budget.ts";
import type { BudgetLeases, LeaseAnswer, LeaseAsk } from "./budget-leases.ts";
import { type ValueKey, wholeBudget } from "./budget-value.ts";
import { type BudgetMeasure, grantLease, type HeldLease } from "./lease-grant.ts";
import { measureBudget, questionOf, runningPeriod } from "./measure-budget.ts";
import { findScoped } from "./scoped-budgets.sql.ts";

interface LeaseRow {
  readonly value: ValueKey;
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

/** Of more values all of a budget's leases are read. */
const namedMax = 50;

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
    const answers: LeaseAnswer[] = [];
    for (const [budgetId, own] of Map.groupBy(asks, (ask) => ask.budgetId)) {
      const scoped = await findScoped(connection, organizationId, budgetId);
      if (scoped === undefined) continue;
      const leases = await leasesOf(connection, organizationId, budgetId, own);
      for (const ask of own) {
        const held = (leases.get(ask.value ?? wholeBudget) ?? []).map(fromRow);
        answers.push(await renewOne(connection, { organizationId, processId, scoped, ask, held, nowMs }));
      }
    }
    return answers;
  },
  "it says what a process may reserve, and nothing that anybody decided; budgets and usage are told of themselves",
);

/** What is asked for alone, where it is little: a budget may have many values. */
async function leasesOf(
  connection: StoreConnection,
  organizationId: string,
  budgetId: string,
  asks: readonly LeaseAsk[],
): Promise<ReadonlyMap<ValueKey, readonly LeaseRow[]>> {
  const named = asks.length > namedMax ? [] : asks.map(({ value = wholeBudget }) => value);
  const isNamed = named.length === 0 ? "" : `AND value IN (${named.map(() => "?").join(", ")})`;
  const rows = await connection.all<LeaseRow>(
    `SELECT value, process_id, held, allocated, seen_at, recalled_at FROM budget_leases
     WHERE organization_id = ? AND budget_id = ? ${isNamed} ORDER BY value, process_id`,
    organizationId,
    budgetId,
    ...named,
  );
  return Map.groupBy(rows, (row) => row.value);
}

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
  const { budgetId, value = wholeBudget } = ask;
  invariant(ask.allocated >= 0n, "what is set aside is not negative");
  const own = leases.find((lease) => lease.processId === processId);
  const others = leases.filter((lease) => lease !== own);
  const isRecalled = own?.recalledAtMs !== undefined;
  const { kind, bounds } = runningPeriod(scoped.budget, nowMs);
  const measure = await measureOf(connection, scoped, nowMs, value);
  const { held, heldByOthers, recalled } = grantLease(measure, ask, others, { isRecalled, nowMs });
  for (const other of recalled) {
    await connection.run(
      `UPDATE budget_leases SET recalled_at = ? WHERE organization_id = ? AND budget_id = ? AND value = ? AND process_id = ?
       AND recalled_at IS NULL`,
      nowMs,
      organizationId,
      budgetId,
      value,
      other.processId,
    );
  }
  if (held === 0n) {
    await connection.run(
      "DELETE FROM budget_leases WHERE organization_id = ? AND budget_id = ? AND value = ? AND process_id = ?",
      organizationId,
      budgetId,
      value,
      processId,
    );
  } else {
    await connection.run(
      `INSERT INTO budget_leases (organization_id, budget_id, value, process_id, held, allocated, seen_at, expires_at,
         recalled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (organization_id, budget_id, value, process_id) DO UPDATE SET held = excluded.held,
         allocated = excluded.allocated, seen_at = excluded.seen_at, expires_at = excluded.expires_at,
         recalled_at = excluded.recalled_at`,
      organizationId,
      budgetId,
      value,
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
    value,
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
  value: ValueKey = wholeBudget,
): Promise<BudgetMeasure> {
  const { bounds } = runningPeriod(scoped.budget, nowMs);
  const { organization_id: organizationId, currency } = scoped.budget;
  const { amount: limit } = measureBudget(scoped.budget, []);
  try {
    const { ofNobody = false, ...question } = questionOf(scoped, bounds, value);
    const unit = { currency: currency ?? undefined, ofNobody };
    return { limit, spent: await sumLedger(connection, organizationId, question, unit) };
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "COST_002") throw error;
    return { limit, spent: limit };
  }
}

const recalledLeases = promptRead(
  "budgets.recalls",
  async (connection, { processId }: { readonly processId: string }) =>
    (
      await connection.all<{ organization_id: string; budget_id: string; value: ValueKey }>(
        `SELECT organization_id, budget_id, value FROM budget_leases WHERE process_id = ? AND recalled_at IS NOT NULL
       ORDER BY organization_id, budget_id, value`,
        processId,
      )
    ).map((row) => ({ organizationId: row.organization_id, budgetId: row.budget_id, value: row.value })),
);

/** What processes hold of budgets, in a store. */
export const createBudgetLeases = (store: Store): BudgetLeases => ({
  renew: (organizationId, processId, asks) => store.run(renewLeases, { organizationId, processId, asks }),
  recalls: (processId) => store.run(recalledLeases, { processId }),
});

/** For the registry. */
export const budgetLeaseOperations = [renewLeases, recalledLeases] as const;
