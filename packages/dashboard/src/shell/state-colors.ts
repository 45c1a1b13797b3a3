import type { Alert, BudgetStatus } from "@llm-cost-ops/sdk";

/** What is urgent has the same colour wherever it is shown. */
export const severityColors = { info: "blue", warning: "yellow", critical: "red" } as const satisfies Record<
  Alert["severity"],
  string
>;

export const budgetColors = { ok: "teal", warning: "yellow", exceeded: "red" } as const satisfies Record<
  BudgetStatus["state"],
  string
>;
