import type { Routes } from "../http/route.ts";
import type { Reservations } from "./reservations.ts";

/** Money set aside before a call, and what became of it after. */
export function reservationRoutes(reservations: Reservations): Routes {
  return {
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
