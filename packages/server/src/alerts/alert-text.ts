import type { Alert, AlertMetric, AlertRule, BudgetStatus } from "@llm-cost-ops/contract";

/** How an alert reads, wherever it is told. */
export type AlertWords = Pick<Alert, "title" | "text" | "details">;

const minute = (instant: string): string => `${instant.slice(0, 16).replace("T", " ")} UTC`;

export const spanText = ({ from, to }: Alert["period"]): string =>
  to === null ? `since ${minute(from)}` : `from ${minute(from)} to ${minute(to)}`;

/** A budget that reaches a threshold, in percent. */
export function budgetWords(status: BudgetStatus, of: "spent" | "projected", threshold: string): AlertWords {
  const unit = status.currency ?? "tokens";
  const { spent, amount, projected, per, value } = status;
  const name = per === null ? status.name : `${status.name} (${value === null ? `without ${per}` : `${per} ${value}`})`;
  const isSpent = of === "spent";
  return {
    title: isSpent ? `Budget ${name} has reached ${threshold} %` : `Budget ${name} is on its way to ${threshold} %`,
    text: isSpent
      ? `${spent} of ${amount} ${unit} are spent ${spanText(status.period)}.`
      : `At the present pace ${projected} of ${amount} ${unit} will be spent ${spanText(status.period)}.`,
    details: [
      { label: "Budget", value: name },
      { label: "Threshold", value: `${threshold} %` },
      { label: "Spent", value: `${spent} ${unit}` },
      ...(projected === null ? [] : [{ label: "Projected", value: `${projected} ${unit}` }]),
      { label: "Amount", value: `${amount} ${unit}` },
      { label: "Period", value: spanText(status.period) },
    ],
  };
}

const metricNames: Readonly<Record<AlertMetric, string>> = {
  daily_cost: "Daily cost",
  hourly_cost: "Hourly cost",
  cost_per_request: "Cost per request",
  tokens: "Tokens",
  error_rate: "Error rate",
  unpriced_share: "Share of unpriced requests",
};

/** A metric that reaches what a rule compares it with. */
export function metricWords(
  rule: AlertRule & { readonly metric: AlertMetric },
  { value, requests, period }: Pick<Alert, "value" | "period"> & { readonly requests: string },
): AlertWords {
  const unit = rule.currency ?? (rule.metric === "tokens" ? "" : "%");
  const written = (text: string): string => `${text} ${unit}`.trimEnd();
  const name = metricNames[rule.metric];
  const limit = `${rule.comparison} ${written(rule.threshold ?? "")}`;
  return {
    title: `${rule.name}: ${name.toLowerCase()} is ${written(value)}`,
    text: `${name} is ${written(value)}, which is ${limit}, ${spanText(period)}.`,
    details: [
      { label: "Rule", value: rule.name },
      { label: name, value: written(value) },
      { label: "Threshold", value: limit },
      { label: "Requests", value: requests },
      { label: "Time", value: spanText(period) },
    ],
  };
}
