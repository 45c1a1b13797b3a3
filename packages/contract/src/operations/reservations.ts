import { z } from "zod";
import { created, data, type Operation, ok } from "../operation.ts";
import { Reservation, ReservationInput, ReservationRelease, Settlement, SettlementInput } from "../reservations.ts";

const reservationId = z.object({ id: z.string().min(1).max(4_096) });

/** Money set aside before a call, and what became of it after. */
export const reservationOperations = {
  "reservations.create": {
    method: "POST",
    path: "/budgets/reservations",
    tag: "Budgets",
    access: "key",
    permission: "budgets:reserve",
    summary: "Set aside what a call may cost, of every hard budget that counts it, or of none.",
    body: ReservationInput,
    success: created(data(Reservation), "Granted."),
    errors: ["BUDGET_EXCEEDED", "VALIDATION_ERROR"],
  },
  "reservations.settle": {
    method: "POST",
    path: "/budgets/reservations/:id/settle",
    tag: "Budgets",
    access: "key",
    permission: "budgets:reserve",
    alsoPermission: "usage:write",
    summary: "Record what the call cost, then end its reservation.",
    params: reservationId,
    body: SettlementInput,
    success: ok(Settlement),
    errors: ["NOT_FOUND", "VALIDATION_ERROR", "USAGE_001", "USAGE_002", "USAGE_003", "USAGE_004"],
  },
  "reservations.release": {
    method: "POST",
    path: "/budgets/reservations/:id/release",
    tag: "Budgets",
    access: "key",
    permission: "budgets:reserve",
    summary: "End the reservation of a call that was not made.",
    params: reservationId,
    success: ok(data(ReservationRelease)),
    errors: ["NOT_FOUND"],
  },
} as const satisfies Record<string, Operation>;
