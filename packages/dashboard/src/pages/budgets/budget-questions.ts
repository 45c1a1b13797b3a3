import type {
  AggregateResult,
  Budget,
  BudgetAmendment,
  BudgetApproval,
  BudgetStatus,
  BudgetValue,
  CostFilters,
  ListedBudgetStatus,
  Organization,
} from "@llm-cost-ops/sdk";
import { useAsk, useAskPages } from "../../data/ask.ts";
import { sumDecimals } from "../../format/decimal.ts";
import { useSession } from "../../session/session-context.tsx";
import type { Measure } from "./budget-words.ts";
import type { Picked } from "./per.ts";

/** What the parent set, it alone changes; within the organization it is only seen. */
export function useMayChange(): (budget: Budget) => boolean {
  const { may } = useSession();
  const tenantOf = useTenantOf();
  return (budget) =>
    may("budgets:write") && (tenantOf(budget) === undefined ? budget.setBy !== "parent" : may("organizations:write"));
}

/** The tenant that the organization set a budget for; undefined of one that is its own. */
export function useTenantOf(): (budget: Budget) => string | undefined {
  const { organizationId } = useSession();
  return (budget) => (budget.organizationId === organizationId ? undefined : budget.organizationId);
}

/** The tenants of the organization that one may look into, by name. */
export function useTenants() {
  const { may, organizationId } = useSession();
  const all = useAsk<readonly Organization[]>(
    ["organizations"],
    (client, options) => client.organizations.list(options),
    { enabled: may("organizations:read") },
  );
  return (all.data ?? [])
    .filter(({ id }) => id !== organizationId)
    .filter(({ isolation }) => isolation === "shared" || may("organizations:write"));
}

/** Of the value that is picked; of a budget with an amount for each and none picked, of the one that used most. */
export const useStatus = (id: string, picked: Picked) =>
  useAsk<BudgetStatus>(
    ["budgets", "status", id, picked],
    (client, options) => client.budgets.status(id, picked, options),
    {
      keepsLast: false,
      everyMs: 30_000,
    },
  );

/** How all budgets stand, by id, in one question; those of the organization, or those that it set for a tenant. */
export const useStandings = (tenantId?: string) => {
  const { may } = useSession();
  return useAsk<ReadonlyMap<string, ListedBudgetStatus>>(
    ["budgets", "standings", tenantId],
    async (client, options) => {
      const all = await client.budgets.statuses({ tenantId }, options);
      return new Map(all.map((one) => [one.budgetId, one]));
    },
    { enabled: may("budgets:read"), everyMs: 60_000 },
  );
};

/** How a budget stands for each of its values, page by page, most used first. */
export const useValues = (id: string) =>
  useAskPages<BudgetValue>(["budgets", "values", id], (client, { cursor, ...options }) =>
    client.budgets.values(id, { cursor, limit: 50 }, options),
  );

export interface HistoryPage {
  readonly rows: readonly BudgetAmendment[];
  readonly nextCursor: string | null;
}

export const useHistory = (id: string, cursor: string) =>
  useAsk<HistoryPage>(["budgets", "history", id, cursor], async (client, options) => {
    const page = await client.budgets.history(id, { limit: 20, ...(cursor === "" ? {} : { cursor }) }, options);
    return { rows: page.data, nextCursor: page.nextCursor };
  });

/** Of the organization's own budgets, or of those that it set for a tenant. */
export const useApprovals = (tenantId?: string) => {
  const { may } = useSession();
  return useAsk<readonly BudgetApproval[]>(
    ["budgets", "approvals", tenantId],
    (client, options) => client.budgets.approvals({ tenantId }, options),
    // Who may not decide may not see them.
    { enabled: may("budgets:write"), everyMs: 15_000 },
  );
};

/** Which records, over which time, in which steps. */
export interface SpendQuestion {
  /** Null where no record can be meant. */
  readonly filters: CostFilters | null;
  /** An instant, or a day of the zone. */
  readonly startDate: string;
  /** An instant, which is not included, or a day, which is. */
  readonly endDate: string;
  readonly timezone: string;
  readonly bucket: "hour" | "day";
  /** Only what was sent under this name. */
  readonly sentModel?: string | undefined;
}

/** What was spent in each hour (by its first millisecond) or each day (`2026-11-21`), as exact decimal strings. */
export type SpendByBucket = ReadonlyMap<string, string>;

/** An answer with its question: the last one stays while the next is under way, and may be of other steps. */
export interface SpendAnswer {
  readonly question: SpendQuestion;
  readonly spend: SpendByBucket;
}

export const useSpend = (question: SpendQuestion | undefined, measure: Measure) =>
  useAsk<SpendAnswer>(
    ["costs", "of-a-budget", question, measure.currency],
    async (client, options) => {
      const asked = question as SpendQuestion;
      const { filters, startDate, endDate, timezone, bucket, sentModel } = asked;
      if (filters === null) return { question: asked, spend: new Map() };
      const result = await client.costs.aggregate(
        { ...filters, startDate, endDate, timezone, groupBy: sentModel === undefined ? [bucket] : [bucket, "model"] },
        options,
      );
      return { question: asked, spend: spendOf(result, bucket, measure, sentModel) };
    },
    { enabled: question !== undefined },
  );

/** The sums of a currency, or all tokens, by bucket. */
export function spendOf(
  result: AggregateResult,
  bucket: "hour" | "day",
  { currency }: Measure,
  sentModel?: string,
): SpendByBucket {
  const spend = new Map<string, string>();
  for (const row of result.data) {
    if (currency !== null && row.currency !== currency) continue;
    if (sentModel !== undefined && row["model"] !== sentModel) continue;
    const label = String(row[bucket]);
    const key = bucket === "hour" ? String(Date.parse(label)) : label;
    const value = currency === null ? String(row.totalTokens ?? 0) : (row.totalCostExact ?? "0");
    spend.set(key, sumDecimals([spend.get(key) ?? "0", value]));
  }
  return spend;
}
