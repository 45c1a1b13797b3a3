import type { Budget } from "@llm-cost-ops/sdk";
import { useSession } from "../session/session-context.tsx";
import { useAsk } from "./ask.ts";

/** The organization's own, with what its parent set there; or what it set for a tenant. */
export const useBudgets = (tenantId?: string) => {
  const { may } = useSession();
  return useAsk<readonly Budget[]>(
    ["budgets", "list", tenantId],
    (client, options) => client.budgets.list({ tenantId }, options),
    { enabled: may("budgets:read") },
  );
};

export const useBudget = (id: string, enabled = true) =>
  useAsk<Budget>(["budgets", "one", id], (client, options) => client.budgets.get(id, options), {
    keepsLast: false,
    enabled,
  });
