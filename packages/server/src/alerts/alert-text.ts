import type { Alert, AlertMetric, AlertRule, BudgetStatus } from "@llm-cost-ops/contract";
import { cutText, titleLengthMax } from "../channels/notice-text.ts";

/** How an alert reads, wherever it is told. */
export type AlertWords = Pick<Alert, "title" | "text" | "details">;

const minute = (instant: string): string => `${instant.slice(0, 16).replace("T", " ")} UTC`;

export const spanText = ({ from, to }: Alert["period"]): string =>
  to === null ? `since ${minute(from)}` : `from ${minute(from)} to ${minute(to)}`;

/** A budget that reaches a threshold, in percent. */
export function budgetWords(status: BudgetStatus, of: "spent" | "projected", threshold: string): AlertWords {
  const unit = status.currency ?? "tokens";
  const { spent, amount, projected } = status;
  const name = budgetName(status);
  const isSpent = of === "spent";
  return {
    title: titleOf(status, isSpent ? ` has reached ${threshold} %` : ` is on its way to ${threshold} %`),
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

/** With the value that is meant, where the budget has an amount for each. */
function budgetName({ name, per, value }: BudgetStatus, cut: (value: string) => string = (all) => all): string {
  if (per === null) return name;
  return `${name} (${value === null ? `without ${per}` : `${per} ${cut(value)}`})`;
}

/** Of a value at least so much is shown. */
const shownOfValue = 20;

/** Names and values may be long: they are shortened, so that what happened is there to the end. */
function titleOf(status: BudgetStatus, happened: string): string {
  const said = "Budget ";
  const room = titleLengthMax - said.length - happened.length;
  const beside = budgetName(status, () => "").length;
  const name = budgetName(status, (value) => cutText(value, Math.max(shownOfValue, room - beside)));
  if (name.length <= room) return `${said}${name}${happened}`;
  const shorter = cutText(status.name, Math.max(shownOfValue, status.name.length - (name.length - room)));
  const cut = budgetName({ ...status, name: shorter }, (value) => cutText(value, shownOfValue));
  return `${said}${cutText(cut, room)}${happened}`;
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
