import type { Caller, Routes } from "../http/route.ts";
import type { Store } from "../store/operation.ts";
import { decideApproval, decideForTenant, listApprovals } from "./approvals.sql.ts";
import type { BudgetAsker } from "./budget.ts";
import type { Reservations } from "./reservations.ts";
import { askerOfList, type TenantAskers } from "./tenant-askers.ts";
import { runFor } from "./tenant-budgets.sql.ts";

const limitedOf = ({ organizationId, records: within, parentId }: BudgetAsker) => ({
  ...{ organizationId, within },
  ...(parentId === undefined ? {} : { parentId }),
});

const decide =
  (store: Store, tenants: TenantAskers, decision: "approved" | "denied") =>
  async ({ caller, params: { id } }: { readonly caller: Caller; readonly params: { readonly id: string } }) => {
    const named = { kind: "approval", id, access: "write" } as const;
    const data = await tenants.either(caller, named, (asker) =>
      runFor(store, asker, [decideApproval, decideForTenant], { ...limitedOf(asker), id, decision }),
    );
    return { json: { data } };
  };

/** Money set aside before a call, and what became of it after. */
export function reservationRoutes(reservations: Reservations, store: Store, tenants: TenantAskers): Routes {
  return {
    "approvals.list": {
      body: "json",
      handle: async ({ caller, query: { state, tenant_id: tenantId } }) => {
        const asker = await askerOfList(tenants, caller, tenantId);
        return { json: { data: await store.run(listApprovals, { ...limitedOf(asker), state }) } };
      },
    },
    "approvals.approve": { body: "json", handle: decide(store, tenants, "approved") },
    "approvals.deny": { body: "json", handle: decide(store, tenants, "denied") },
    "reservations.create": {
      body: "json",
      handle: async ({ caller, body }) => ({ json: { data: await reservations.reserve(caller, body) } }),
    },
    "reservations.settle": {
      body: "json",
      handle: async ({ caller, params, body }) => ({ json: await reservations.settle(caller, params.id, body) }),
    },
    "reservations.release": {
      body: "json",
      handle: async ({ caller, params }) => ({ json: { data: await reservations.release(caller, params.id) } }),
    },
  };
}
