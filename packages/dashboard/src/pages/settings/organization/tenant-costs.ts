import type { TenantCosts } from "@llm-cost-ops/sdk";

/** What was spent in one currency, exactly. */
export interface Spent {
  readonly amount: string;
  readonly currency: string;
}

/** What each organization spent, a sum for each currency, as the answer has a row for each of them. */
export function spentByOrganization(rows: TenantCosts["data"]): ReadonlyMap<string, readonly Spent[]> {
  const spent = new Map<string, readonly Spent[]>();
  for (const { organizationId, totalCostExact, currency } of rows) {
    if (typeof organizationId !== "string" || typeof totalCostExact !== "string" || typeof currency !== "string")
      continue;
    spent.set(organizationId, [...(spent.get(organizationId) ?? []), { amount: totalCostExact, currency }]);
  }
  return spent;
}
