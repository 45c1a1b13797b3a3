import type { Caller, Routes } from "../http/route.ts";
import type { Store } from "../store/operation.ts";
import { decideApproval, listApprovals } from "./approvals.sql.ts";
import type { Reservations } from "./reservations.ts";

const decide =
  (store: Store, decision: "approved" | "denied") =>
  async ({ caller, params }: { readonly caller: Caller; readonly params: { readonly id: string } }) => {
    const { organizationId, records: within } = caller;
    return { json: { data: await store.run(decideApproval, { organizationId, within, id: params.id, decision }) } };
  };

/** Money set aside before a call, and what became of it after. */
export function reservationRoutes(reservations: Reservations, store: Store): Routes {
  return {
    "approvals.list": {
      body: "json",
      handle: async ({ caller, query: { state } }) => {
        const { organizationId, records: within } = caller;
        return { json: { data: await store.run(listApprovals, { organizationId, within, state }) } };
      },
    },
    "approvals.approve": { body: "json", handle: decide(store, "approved") },
    "approvals.deny": { body: "json", handle: decide(store, "denied") },
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
