import { processActor } from "../audit/actor.ts";
import { readEntriesBehind, readHead, recordChange } from "../audit/audit-entries.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { installationChange, installationRead, type Store, type StoreOperation } from "../store/operation.ts";
import type { BudgetAsker } from "./budget.ts";
import type { Limited } from "./budget-scope.sql.ts";

/** More entries than one change leaves in a trail. */
const entriesMax = 100;

/** Who looks at tenants: `seesStrict` at the strictly isolated ones too. */
interface OfParent {
  readonly parentId: string;
  readonly seesStrict: boolean;
}

const isSeen = "o.parent_id = ? AND (? = 1 OR o.isolation = 'shared')";

/** Whether an organization is a tenant that the parent's caller may look into. */
export const isTenant = installationRead(
  "budgets.isTenant",
  async (connection, { parentId, seesStrict, tenantId }: OfParent & { readonly tenantId: string }): Promise<boolean> =>
    (await connection.get(
      `SELECT o.organization_id FROM organizations o WHERE o.organization_id = ? AND ${isSeen}`,
      tenantId,
      parentId,
      seesStrict ? 1 : 0,
    )) !== undefined,
);

/** The tenant for which the parent set the budget of this id, or for whose approval it was asked; undefined where none is. */
export const findTenant = installationRead(
  "budgets.findTenant",
  async (
    connection,
    { parentId, seesStrict, kind, id }: OfParent & { readonly kind: "budget" | "approval"; readonly id: string },
  ): Promise<string | undefined> => {
    const named =
      kind === "budget"
        ? "b.id = ?"
        : `EXISTS (SELECT 1 FROM budget_approvals a
             WHERE a.organization_id = b.organization_id AND a.budget_id = b.id AND a.id = ?)`;
    const row = await connection.get<{ readonly organization_id: string }>(
      `SELECT b.organization_id FROM budgets b JOIN organizations o ON o.organization_id = b.organization_id
       WHERE ${named} AND b.set_by_parent = 1 AND ${isSeen}`,
      id,
      parentId,
      seesStrict ? 1 : 0,
    );
    return row?.organization_id;
  },
);

/** What a tenant is told of whoever acts for its parent: that it was the parent. */
const asParent = (connection: StoreConnection): StoreConnection => {
  const { kind } = connection.actor ?? processActor;
  return { ...connection, actor: { ...processActor, kind, name: "the parent organization" } };
};

/**
 * A change within a tenant by its parent, in one transaction with what both trails tell of it: the parent's names who did
 * it, the tenant's only that the parent did.
 */
export const byParent = <Args extends Limited, Result>({
  name,
  run,
}: StoreOperation<Args, Result>): StoreOperation<Args, Result> =>
  installationChange(`${name}ByParent`, async (connection, args: Args) => {
    const { organizationId, parentId = "" } = args;
    const tenant = await connection.get(
      "SELECT organization_id FROM organizations WHERE organization_id = ? AND parent_id = ?",
      organizationId,
      parentId,
    );
    if (tenant === undefined) throw new Refusal("NOT_FOUND", "There is no tenant with this id.");
    await lockTenant(connection, organizationId);
    const { seq } = await readHead(connection, organizationId);
    const result = await run(asParent(connection), args);
    for (const entry of await readEntriesBehind(connection, organizationId, seq, entriesMax)) {
      const { action, resourceType: type, resourceId: id } = entry;
      await recordChange(connection, {
        organizationId: parentId,
        action,
        resource: { type, id },
        before: ofTenant(organizationId, entry.before),
        after: ofTenant(organizationId, entry.after),
      });
    }
    return result;
  });

const ofTenant = (tenantId: string, state: string | null): unknown =>
  state === null ? undefined : { tenant_id: tenantId, ...(JSON.parse(state) as object) };

/**
 * On PostgreSQL an operation of the installation does not wait for the tenant's own writes, as they do for each other. The
 * first lock is theirs, the second that of the trail's end: whoever takes both takes them in this order.
 */
export async function lockTenant(connection: StoreConnection, organizationId: string): Promise<void> {
  if (connection.dialect !== "postgres") return;
  for (const which of [1, 2]) {
    await connection.get(
      "SELECT pg_advisory_xact_lock(hashtextextended(CAST(? AS TEXT), CAST(? AS BIGINT))) AS locked",
      organizationId,
      which,
    );
  }
}

/** Runs the first for whoever asks within the organization, the second for its parent. */
export const runFor = <Args, Result>(
  store: Store,
  { parentId }: Pick<BudgetAsker, "parentId">,
  [own, parents]: readonly [StoreOperation<Args, Result>, StoreOperation<Args, Result>],
  args: Args,
): Promise<Result> => store.run(parentId === undefined ? own : parents, args);

/** For the registry. */
export const tenantBudgetOperations = [isTenant, findTenant] as const;
