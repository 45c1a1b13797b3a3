import type { ApiKey, QuantityLimits } from "@llm-cost-ops/sdk";

export const limitWindows = ["Minute", "Hour", "Day"] as const;

/** Limits as somebody types them; empty is none. */
export interface LimitsDraft {
  readonly tokens: Readonly<Record<(typeof limitWindows)[number], string>>;
  readonly cost: Readonly<Record<(typeof limitWindows)[number], string>>;
  readonly currency: string;
}

type KeptLimits = NonNullable<ApiKey["limits"]>;

export function draftOfLimits(limits: Partial<KeptLimits> | null | undefined): LimitsDraft {
  const { tokensPerMinute, tokensPerHour, tokensPerDay, costPerMinute, costPerHour, costPerDay } = limits ?? {};
  const text = (value: number | string | undefined): string => (value === undefined ? "" : String(value));
  return {
    tokens: { Minute: text(tokensPerMinute), Hour: text(tokensPerHour), Day: text(tokensPerDay) },
    cost: { Minute: text(costPerMinute), Hour: text(costPerHour), Day: text(costPerDay) },
    currency: limits?.currency ?? "USD",
  };
}

/** What is sent; undefined where nothing is limited. Amounts stay as they were typed, so that none is rounded on its way. */
export function limitsOfDraft({ tokens, cost, currency }: LimitsDraft): QuantityLimits | undefined {
  const limits: Record<string, number | string> = {};
  for (const window of limitWindows) {
    if (tokens[window].trim() !== "") limits[`tokensPer${window}`] = Number(tokens[window].replaceAll(",", ""));
    if (cost[window].trim() !== "") limits[`costPer${window}`] = cost[window].trim();
  }
  if (limitWindows.some((window) => cost[window].trim() !== "")) limits["currency"] = currency;
  return Object.keys(limits).length === 0 ? undefined : (limits as QuantityLimits);
}
