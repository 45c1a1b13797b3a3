import type { Alert, AlertRule, CreateAlertRuleParams } from "@llm-cost-ops/sdk";
import { formatInstant } from "../../format/instants.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { formatCount } from "../../format/numbers.ts";
import { scopeText } from "../../scope/scope.ts";

export const severityLabels = { info: "Info", warning: "Warning", critical: "Critical" } as const satisfies Record<
  Alert["severity"],
  string
>;

export const stateLabels = {
  open: "Open",
  acknowledged: "Acknowledged",
  resolved: "Resolved",
} as const satisfies Record<Alert["state"], string>;

export const endingLabels = {
  below: "no longer reached",
  period_over: "its period ended",
  changed: "rule or budget changed or went",
  by_hand: "by hand",
} as const satisfies Record<NonNullable<Alert["resolvedBecause"]>, string>;

export const stepLabels = {
  triggered: "Opened",
  escalated: "Escalated",
  acknowledged: "Acknowledged",
  resolved: "Resolved",
} as const satisfies Record<Alert["history"][number]["step"], string>;

/** Whether a rule that is on watches the thresholds of budgets; of one budget where it is named. */
export const isWatched = (rules: readonly AlertRule[], budgetId?: string): boolean =>
  rules.some(
    (rule) =>
      rule.enabled &&
      rule.kind === "budget" &&
      (budgetId === undefined || rule.budgetId === null || rule.budgetId === budgetId),
  );

/** The time that an alert's value is of. */
export const spanText = ({ from, to }: Alert["period"], zone: string): string =>
  to === null ? `since ${formatInstant(from, zone)}` : `${formatInstant(from, zone)} – ${formatInstant(to, zone)}`;

export type Metric = NonNullable<CreateAlertRuleParams["metric"]>;

/** Every metric, what it is called, and what its threshold is written in. */
export const metrics = {
  daily_cost: { label: "Daily cost", unit: "money" },
  hourly_cost: { label: "Hourly cost", unit: "money" },
  cost_per_request: { label: "Cost per request", unit: "money" },
  tokens: { label: "Tokens", unit: "tokens" },
  error_rate: { label: "Error rate", unit: "percent" },
  unpriced_share: { label: "Share of unpriced requests", unit: "percent" },
} as const satisfies Record<Metric, { label: string; unit: "money" | "tokens" | "percent" }>;

export function minutesText(minutes: number): string {
  if (minutes % 1_440 === 0 && minutes > 0) return minutes === 1_440 ? "a day" : `${minutes / 1_440} days`;
  if (minutes % 60 === 0 && minutes > 0) return minutes === 60 ? "an hour" : `${minutes / 60} hours`;
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}

function windowText(window: AlertRule["window"]): string {
  if (window === null) return "";
  switch (window.kind) {
    case "rolling":
      return `in the last ${minutesText(window.minutes ?? 60).replace(/^an? /, "")}`;
    case "hour":
      return "in the present hour";
    case "day":
      return window.timeZone === undefined || window.timeZone === "UTC" ? "today" : `today, ${window.timeZone}`;
    default:
      return window.kind satisfies never;
  }
}

/** What a rule watches, in a sentence; `budgetName` is that of its budget, where it has one. */
export function ruleText(rule: AlertRule, budgetName: string | undefined): string {
  if (rule.kind === "budget") {
    const whose = rule.budgetId === null ? "any budget" : (budgetName ?? "a budget");
    const at = rule.thresholds === null ? "its thresholds" : rule.thresholds.map((percent) => `${percent}%`).join(", ");
    return `${rule.of === "projected" ? "The projection of" : "What is spent of"} ${whose} reaches ${at}`;
  }
  if (rule.metric === null) return "";
  const { label, unit } = metrics[rule.metric];
  const threshold = rule.threshold ?? "0";
  const written =
    unit === "money"
      ? formatMoneyExact(threshold, rule.currency)
      : unit === "percent"
        ? `${threshold}%`
        : formatCount(threshold);
  const scope = rule.scope === null || Object.keys(rule.scope).length === 0 ? "" : `, ${scopeText(rule.scope)}`;
  return `${label} ${windowText(rule.window)} ${rule.comparison === ">" ? "is above" : "reaches"} ${written}${scope}`;
}
