import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { Store } from "../store/operation.ts";
import type { BudgetAsker } from "./budget.ts";
import { findTenant, isTenant } from "./tenant-budgets.sql.ts";

/** Whether a question only reads what the parent set, or changes it: then administrators of the parent alone may ask. */
type Access = "read" | "write";

/** Callers as the parent of a tenant, for the budgets that they set there. */
export interface TenantAskers {
  /**
   * As the parent of this tenant; undefined where it is none that the caller may look into. Refuses with AUTH_002 whoever
   * may not ask about tenants at all, whatever they name.
   */
  of(caller: Caller, tenantId: string, access: Access): Promise<BudgetAsker | undefined>;
  /**
   * Asks within the caller's organization first, and where that has nothing of this id, within the tenant for which the
   * parent set the budget that is meant.
   */
  either<Result>(
    caller: Caller,
    named: { readonly kind: "budget" | "approval"; readonly id: string; readonly access: Access },
    ask: (asker: BudgetAsker) => Promise<Result>,
  ): Promise<Result>;
}

const permissionOf = { read: "organizations:read", write: "organizations:write" } as const;

/** Whoever is limited to a part of the organization has nothing to say about its tenants. */
const has = ({ permissions, scopes, records }: Caller, access: Access): boolean =>
  records === undefined && permissions.has(permissionOf[access]) && scopes?.has(permissionOf[access]) !== true;

function requirePermission(caller: Caller, access: Access): void {
  if (has(caller, access)) return;
  throw new Refusal(
    "AUTH_002",
    `Budgets of tenants need the permission ${permissionOf[access]} for the whole organization as well.`,
  );
}

export function createTenantAskers(store: Store): TenantAskers {
  const viewer = (caller: Caller) => ({ parentId: caller.organizationId, seesStrict: has(caller, "write") });
  return {
    async of(caller, tenantId, access) {
      requirePermission(caller, access);
      const viewing = viewer(caller);
      if (!(await store.run(isTenant, { ...viewing, tenantId }))) return undefined;
      return { organizationId: tenantId, parentId: viewing.parentId };
    },
    async either(caller, { kind, id, access }, ask) {
      try {
        return await ask(caller);
      } catch (error) {
        if (!(error instanceof Refusal) || error.code !== "NOT_FOUND" || !has(caller, "read")) throw error;
        const viewing = viewer(caller);
        const organizationId = await store.run(findTenant, { ...viewing, kind, id });
        if (organizationId === undefined) throw error;
        requirePermission(caller, access);
        return ask({ organizationId, parentId: viewing.parentId });
      }
    },
  };
}

/** The asker of a list: the caller, or the parent of the tenant that is named. */
export async function askerOfList(
  tenants: TenantAskers,
  caller: Caller,
  tenantId: string | undefined,
): Promise<BudgetAsker> {
  const asker = tenantId === undefined ? caller : await tenants.of(caller, tenantId, "read");
  if (asker === undefined) throw new Refusal("NOT_FOUND", "There is no tenant with this id.");
  return asker;
}
