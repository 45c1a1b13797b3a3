import {
  Budget,
  BudgetAmendment,
  BudgetInput,
  BudgetStatus,
  BudgetTransfer,
  BudgetTransferInput,
  BudgetUpdate,
  CurrentBudgetQuery,
} from "../budgets.ts";
import { CursorPage } from "../fields.ts";
import { created, data, get, id, list, type Operation, ok, page } from "../operation.ts";

/** Budgets: what may be spent in a period, and how much of it is. */
export const budgetOperations = {
  "budgets.create": {
    method: "POST",
    path: "/budgets",
    tag: "Budgets",
    access: "key",
    permission: "budgets:write",
    summary: "Make a budget in money or tokens, of the organization or of a part of its records.",
    body: BudgetInput,
    success: created(data(Budget)),
    errors: ["CONFLICT", "VALIDATION_ERROR"],
  },
  "budgets.list": get("/budgets", "Budgets", "Budgets by name.", {
    permission: "budgets:read",
    success: ok(list(Budget)),
  }),
  "budgets.getCurrent": get(
    "/budgets/current",
    "Budgets",
    "How the budget stands that is named by id or name; without either, the first that was made for the whole organization.",
    {
      permission: "budgets:read",
      query: CurrentBudgetQuery,
      success: ok(data(BudgetStatus)),
      errors: ["NOT_FOUND", "VALIDATION_ERROR"],
    },
  ),
  "budgets.get": get("/budgets/:id", "Budgets", "One budget.", {
    permission: "budgets:read",
    params: id,
    success: ok(data(Budget)),
    errors: ["NOT_FOUND"],
  }),
  "budgets.update": {
    method: "PATCH",
    path: "/budgets/:id",
    tag: "Budgets",
    access: "key",
    permission: "budgets:write",
    summary:
      "Change a budget, from now on and for the period that is going on; its history keeps what changed and why.",
    params: id,
    body: BudgetUpdate,
    success: ok(data(Budget)),
    errors: ["NOT_FOUND", "CONFLICT", "VALIDATION_ERROR"],
  },
  "budgets.delete": {
    method: "DELETE",
    path: "/budgets/:id",
    tag: "Budgets",
    access: "key",
    permission: "budgets:write",
    summary: "Delete a budget and its history. The audit trail keeps what it was.",
    params: id,
    success: { status: 204, description: "Gone." },
    errors: ["NOT_FOUND"],
  },
  "budgets.transfer": {
    method: "POST",
    path: "/budgets/:id/transfer",
    tag: "Budgets",
    access: "key",
    permission: "budgets:write",
    summary: "Move a part of a budget's amount to another budget; both histories tell of it.",
    params: id,
    body: BudgetTransferInput,
    success: ok(data(BudgetTransfer)),
    errors: ["NOT_FOUND", "CONFLICT", "VALIDATION_ERROR"],
  },
  "budgets.status": get("/budgets/:id/status", "Budgets", "What is spent of a budget in the present period.", {
    permission: "budgets:read",
    params: id,
    success: ok(data(BudgetStatus)),
    errors: ["NOT_FOUND"],
  }),
  "budgets.history": get("/budgets/:id/history", "Budgets", "Changes of a budget, newest first.", {
    permission: "budgets:read",
    params: id,
    query: CursorPage.pick({ limit: true, cursor: true }).strict(),
    success: ok(page(BudgetAmendment)),
    errors: ["NOT_FOUND", "VALIDATION_ERROR"],
  }),
} as const satisfies Record<string, Operation>;
