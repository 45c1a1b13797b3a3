import type { StoreConnection } from "../store/connection.ts";
import { storeRead } from "../store/operation.ts";
import { type ChildBudget, isBudgetWithin, type ScopedBudget } from "./budget.ts";
import { type BudgetRow, columns, placedOf } from "./budget-row.ts";
import type { Limited } from "./budget-scope.sql.ts";
import type { ValueKey } from "./budget-value.ts";
import { scopedEach } from "./scoped-budgets.sql.ts";

export interface AskedBy extends Limited {
  /** Which knows by itself what it has reserved. */
  readonly processId: string | undefined;
}

interface Lease {
  readonly budget_id: string;
  readonly value: ValueKey;
  readonly held: string;
}

/**
 * What processes hold of one budget or of all, but for the one that asks. How much of that they have reserved already they
 * alone know, and nobody else can reserve the rest.
 */
const leasesOf = async (
  connection: StoreConnection,
  { organizationId, processId = "" }: AskedBy,
  budgetId?: string,
): Promise<readonly Lease[]> =>
  connection.all<Lease>(
    `SELECT budget_id, value, held FROM budget_leases
     WHERE organization_id = ? ${budgetId === undefined ? "" : "AND budget_id = ?"} AND expires_at > ? AND process_id <> ?`,
    organizationId,
    ...(budgetId === undefined ? [] : [budgetId]),
    connection.now(),
    processId,
  );

function reservedBy(leases: readonly Lease[]): ReadonlyMap<ValueKey, bigint> {
  const reserved = new Map<ValueKey, bigint>();
  for (const { value, held } of leases) reserved.set(value, (reserved.get(value) ?? 0n) + BigInt(held));
  return reserved;
}

const childOf = (row: BudgetRow): ChildBudget => ({
  ...{ id: row.id, name: row.name, amount: placedOf(row).amount },
  isPerValue: row.per !== null,
});

/** The same with what is reserved of it, and with the budgets that are parts of it, as far as the asker may see them. */
export async function withParts(
  connection: StoreConnection,
  asked: AskedBy,
  found: ScopedBudget,
): Promise<ScopedBudget> {
  const { organization_id: organizationId, id } = found.budget;
  const rows = await connection.all<BudgetRow>(
    `SELECT ${columns} FROM budgets WHERE organization_id = ? AND parent_id = ? ORDER BY lower(name), id`,
    organizationId,
    id,
  );
  const visible = await seenBy(connection, asked, rows);
  const reserved = reservedBy(await leasesOf(connection, { ...asked, organizationId }, id));
  return { ...found, reserved, children: visible.map(({ row }) => childOf(row)) };
}

async function seenBy(connection: StoreConnection, { organizationId, within }: AskedBy, rows: readonly BudgetRow[]) {
  const found = await scopedEach(connection, organizationId, rows);
  return rows.flatMap((row, at) => {
    const scoped = found[at];
    return scoped !== undefined && isBudgetWithin(scoped.budget.scope, scoped.teamProjects, within)
      ? [{ row, scoped }]
      : [];
  });
}

/** All budgets that the asker may see, by name, each as one is found: in a few statements, however many there are. */
export const listStandingBudgets = storeRead(
  "budgets.listStanding",
  async (connection, asked: AskedBy): Promise<readonly ScopedBudget[]> => {
    const rows = await connection.all<BudgetRow>(
      `SELECT ${columns} FROM budgets WHERE organization_id = ? ORDER BY lower(name), id`,
      asked.organizationId,
    );
    const visible = await seenBy(connection, asked, rows);
    const leases = Map.groupBy(await leasesOf(connection, asked), (lease) => lease.budget_id);
    const parts = Map.groupBy(visible, ({ row }) => row.parent_id);
    return visible
      .filter(({ row }) => asked.parentId === undefined || row.set_by_parent === 1)
      .map(({ row, scoped }) => ({
        ...scoped,
        reserved: reservedBy(leases.get(row.id) ?? []),
        children: (parts.get(row.id) ?? []).map((part) => childOf(part.row)),
      }));
  },
);
