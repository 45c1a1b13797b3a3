import type { AlertMetric, AlertRule, AlertRuleInput, AlertRuleUpdate, AlertWindow } from "@llm-cost-ops/contract";
import { formatMoney, isTimeZone, picoDigits } from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import { readMoney } from "../usage/money-input.ts";

/** What a rule asks for, by its kind, as it is kept. */
export type RuleTerms = Pick<
  AlertRule,
  | "budget_id"
  | "thresholds"
  | "of"
  | "metric"
  | "comparison"
  | "threshold"
  | "currency"
  | "window"
  | "scope"
  | "requests_min"
>;

/** What a rule may be made or changed with, but for its name and its manner of telling. */
export type TermsInput = Pick<
  AlertRuleInput,
  | "thresholds"
  | "of"
  | "metric"
  | "comparison"
  | "threshold"
  | "currency"
  | "window"
  | "scope"
  | "requests_min"
  | "budget"
>;

const budgetFields = ["budget", "thresholds", "of"] as const;
const metricFields = ["metric", "comparison", "threshold", "currency", "window", "scope", "requests_min"] as const;

export const costMetrics: ReadonlySet<AlertMetric> = new Set(["daily_cost", "hourly_cost", "cost_per_request"]);
/** Metrics that are a share of the requests, in percent. */
export const shareMetrics: ReadonlySet<AlertMetric> = new Set(["error_rate", "unpriced_share"]);
const ofRequests: ReadonlySet<AlertMetric> = new Set([...shareMetrics, "cost_per_request"]);

const hundredPercent = 100n * 10n ** BigInt(picoDigits);
const defaultMinutes = 60;
const none = {
  budget_id: null,
  thresholds: null,
  of: null,
  metric: null,
  comparison: null,
  threshold: null,
  currency: null,
  window: null,
  scope: null,
  requests_min: null,
} as const satisfies RuleTerms;

export const wrong = (field: string, text: string): Refusal =>
  new Refusal("VALIDATION_ERROR", `${field} ${text}.`, { fieldErrors: { [field]: text } });

/** The terms of a rule. `budgetId` is of the budget that it names; undefined where it names none. */
export function readTerms(kind: AlertRule["kind"], input: TermsInput, budgetId: string | undefined): RuleTerms {
  if (kind === "metric") return { ...none, ...readMetric(input) };
  const thresholds = input.thresholds == null ? null : [...new Set(input.thresholds)].sort((a, b) => a - b);
  return { ...none, budget_id: budgetId ?? null, thresholds, of: input.of ?? "spent" };
}

/** What a changed rule is made of: a metric that changes brings its own window and currency. */
export function changedInput(rule: AlertRule, update: AlertRuleUpdate): TermsInput {
  const strange = (rule.kind === "budget" ? metricFields : budgetFields).find((name) => update[name] !== undefined);
  if (strange !== undefined) throw wrong(strange, `does not belong to a rule of kind ${rule.kind}`);
  if (rule.kind === "budget") {
    return {
      thresholds: update.thresholds === undefined ? rule.thresholds : update.thresholds,
      of: update.of ?? rule.of ?? undefined,
    };
  }
  const isOther = update.metric !== undefined && update.metric !== rule.metric;
  if (isOther && update.threshold === undefined) throw wrong("threshold", "is required where the metric changes");
  const kept: TermsInput = isOther
    ? {}
    : {
        threshold: rule.threshold ?? undefined,
        currency: rule.currency ?? undefined,
        window: rule.window ?? undefined,
        requests_min: rule.requests_min ?? undefined,
      };
  return {
    ...kept,
    metric: update.metric ?? rule.metric ?? undefined,
    comparison: update.comparison ?? rule.comparison ?? undefined,
    scope: update.scope ?? rule.scope ?? undefined,
    ...(update.threshold !== undefined && { threshold: update.threshold }),
    ...(update.currency !== undefined && { currency: update.currency }),
    ...(update.window !== undefined && { window: update.window }),
    ...(update.requests_min !== undefined && { requests_min: update.requests_min }),
  };
}

function readMetric(input: TermsInput): Partial<RuleTerms> {
  const { metric, comparison = ">=", scope = {} } = input;
  if (metric === undefined) throw wrong("metric", "is required");
  if (input.currency !== undefined && !costMetrics.has(metric)) throw wrong("currency", `does not belong to ${metric}`);
  if (input.requests_min !== undefined && !ofRequests.has(metric)) {
    throw wrong("requests_min", `does not belong to ${metric}`);
  }
  return {
    metric,
    comparison,
    threshold: readThreshold(metric, comparison, input.threshold),
    currency: costMetrics.has(metric) ? (input.currency ?? "USD") : null,
    window: readWindow(metric, input.window),
    scope,
    requests_min: ofRequests.has(metric) ? (input.requests_min ?? 1) : null,
  };
}

function readThreshold(
  metric: AlertMetric,
  comparison: NonNullable<AlertRule["comparison"]>,
  threshold: string | number | undefined,
): string {
  const picos = threshold === undefined ? undefined : readMoney(threshold);
  if (picos === undefined || picos < 0n) {
    throw wrong("threshold", 'must be a decimal number that is not negative, with at most 12 decimals, such as "100"');
  }
  // Nothing at all would be at or above it.
  if (picos === 0n && comparison === ">=") throw wrong("threshold", "must be above 0 where it is compared by >=");
  if (picos > hundredPercent && shareMetrics.has(metric)) throw wrong("threshold", "must be a percent up to 100");
  return formatMoney(picos);
}

function readWindow(metric: AlertMetric, given: AlertWindow | undefined): AlertWindow {
  const kind = given?.kind ?? (metric === "daily_cost" ? "day" : metric === "hourly_cost" ? "hour" : "rolling");
  if (metric === "daily_cost" && kind !== "day") throw wrong("window.kind", "must be day of a daily_cost");
  if (kind === "rolling") {
    const minutes = given?.minutes ?? defaultMinutes;
    if (metric === "hourly_cost" && minutes !== 60) throw wrong("window.minutes", "must be 60 of an hourly_cost");
    return { kind, minutes };
  }
  if (metric === "hourly_cost" && kind !== "hour")
    throw wrong("window.kind", "must be hour or rolling of an hourly_cost");
  const zone = given?.time_zone ?? "UTC";
  if (!isTimeZone(zone)) throw wrong("window.time_zone", "must be an IANA time zone, such as Europe/Berlin");
  return { kind, time_zone: zone };
}
