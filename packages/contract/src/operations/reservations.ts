import { z } from "zod";
import { created, data, get, id, list, type Operation, ok } from "../operation.ts";
import {
  ApprovalQuery,
  BudgetApproval,
  Reservation,
  ReservationInput,
  ReservationRelease,
  Settlement,
  SettlementInput,
} from "../reservations.ts";

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
  "approvals.list": get("/budgets/approvals", "Budgets", "Requests to go beyond a budget, newest first.", {
    permission: "budgets:write",
    query: ApprovalQuery,
    success: ok(list(BudgetApproval)),
    errors: ["NOT_FOUND", "VALIDATION_ERROR"],
  }),
  "approvals.approve": {
    method: "POST",
    path: "/budgets/approvals/:id/approve",
    tag: "Budgets",
    access: "key",
    permission: "budgets:write",
    summary: "Let one reservation go beyond the budget.",
    params: id,
    success: ok(data(BudgetApproval)),
    errors: ["NOT_FOUND", "CONFLICT"],
  },
  "approvals.deny": {
    method: "POST",
    path: "/budgets/approvals/:id/deny",
    tag: "Budgets",
    access: "key",
    permission: "budgets:write",
    summary: "Refuse a request to go beyond the budget, or take an approval back that is not used.",
    params: id,
    success: ok(data(BudgetApproval)),
    errors: ["NOT_FOUND", "CONFLICT"],
  },
} as const satisfies Record<string, Operation>;
