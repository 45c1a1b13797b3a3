import type { AlertRule, CreateAlertRuleParams, UpdateAlertRuleParams } from "@llm-cost-ops/sdk";
import { emptyScope, type ScopeDraft, scopeDraftOf, scopeOfDraft } from "../../scope/scope.ts";
import { type Metric, metrics } from "./alert-words.ts";

type WindowKind = NonNullable<AlertRule["window"]>["kind"];

/** A rule as it is edited: what was typed, as it was typed. */
export interface RuleDraft {
  readonly name: string;
  readonly kind: AlertRule["kind"];
  /** Empty is every budget. */
  readonly budget: string;
  /** Empty are the budget's own. */
  readonly thresholds: readonly string[];
  readonly of: "spent" | "projected";
  readonly metric: Metric;
  readonly comparison: ">=" | ">";
  readonly threshold: string;
  readonly currency: string;
  readonly windowKind: WindowKind;
  readonly windowMinutes: string;
  readonly windowZone: string;
  readonly scope: ScopeDraft;
  readonly requestsMin: string;
  readonly severity: AlertRule["severity"];
  readonly channels: readonly string[];
  readonly quietMinutes: string;
  /** Empty is never. */
  readonly escalateAfterMinutes: string;
  readonly escalateTo: readonly string[];
  readonly isEnabled: boolean;
}

/** What a new rule begins as. */
export const newRule = (zone: string, budget = ""): RuleDraft => ({
  name: "",
  kind: "budget",
  budget,
  thresholds: [],
  of: "spent",
  metric: "daily_cost",
  comparison: ">=",
  threshold: "",
  currency: "USD",
  windowKind: "day",
  windowMinutes: "60",
  windowZone: zone,
  scope: emptyScope,
  requestsMin: "1",
  severity: "warning",
  channels: [],
  quietMinutes: "60",
  escalateAfterMinutes: "",
  escalateTo: [],
  isEnabled: true,
});

export function ruleDraftOf(rule: AlertRule): RuleDraft {
  const { window } = rule;
  const absent = newRule(window?.timeZone ?? "UTC");
  return {
    ...absent,
    name: rule.name,
    kind: rule.kind,
    budget: rule.budgetId ?? "",
    thresholds: (rule.thresholds ?? []).map(String),
    of: rule.of ?? absent.of,
    metric: rule.metric ?? absent.metric,
    comparison: rule.comparison ?? absent.comparison,
    threshold: rule.threshold ?? "",
    currency: rule.currency ?? absent.currency,
    windowKind: window?.kind ?? absent.windowKind,
    windowMinutes: String(window?.minutes ?? absent.windowMinutes),
    scope: rule.scope === null ? emptyScope : scopeDraftOf(rule.scope),
    requestsMin: String(rule.requestsMin ?? 1),
    severity: rule.severity,
    channels: rule.channels,
    quietMinutes: String(rule.quietPeriodMinutes),
    escalateAfterMinutes: rule.escalateAfterMinutes === null ? "" : String(rule.escalateAfterMinutes),
    escalateTo: rule.escalateTo,
    isEnabled: rule.enabled,
  };
}

/** The windows that mean something to a metric, the usual one first. */
export function windowKindsOf(metric: Metric): readonly [WindowKind, ...WindowKind[]] {
  if (metric === "daily_cost") return ["day"];
  if (metric === "hourly_cost") return ["hour", "rolling"];
  return ["rolling", "hour", "day"];
}

/** The kind that was chosen where the metric knows it, else its usual one. */
export const windowKindOf = ({ metric, windowKind }: Pick<RuleDraft, "metric" | "windowKind">): WindowKind => {
  const kinds = windowKindsOf(metric);
  return kinds.includes(windowKind) ? windowKind : kinds[0];
};

/** Whether so few requests that they say nothing can be left aside. */
export const countsRequests = (metric: Metric): boolean =>
  metric === "cost_per_request" || metric === "error_rate" || metric === "unpriced_share";

function windowOfDraft(draft: RuleDraft): CreateAlertRuleParams["window"] {
  const kind = windowKindOf(draft);
  if (kind !== "rolling") return { kind, timeZone: draft.windowZone };
  return { kind, minutes: draft.metric === "hourly_cost" ? 60 : Number(draft.windowMinutes) };
}

/** What the server is asked to make. What is wrong with it the server says, by field. */
export function ruleParamsOf(draft: RuleDraft): CreateAlertRuleParams {
  const { kind, budget, thresholds, metric } = draft;
  const subject: Partial<CreateAlertRuleParams> =
    kind === "budget"
      ? {
          budget: budget === "" ? null : budget,
          thresholds: thresholds.length === 0 ? null : thresholds.map(Number).toSorted((a, b) => a - b),
          of: draft.of,
        }
      : {
          metric,
          comparison: draft.comparison,
          threshold: draft.threshold.trim(),
          ...(metrics[metric].unit === "money" ? { currency: draft.currency.trim().toUpperCase() } : {}),
          window: windowOfDraft(draft),
          scope: scopeOfDraft(draft.scope),
          ...(countsRequests(metric) ? { requestsMin: Number(draft.requestsMin) } : {}),
        };
  return {
    name: draft.name.trim(),
    kind,
    ...subject,
    severity: draft.severity,
    channels: draft.channels,
    quietPeriodMinutes: Number(draft.quietMinutes),
    escalateAfterMinutes: draft.escalateAfterMinutes.trim() === "" ? null : Number(draft.escalateAfterMinutes),
    escalateTo: draft.escalateTo,
    enabled: draft.isEnabled,
  };
}

/** The fields that a draft changes of a rule; undefined where it changes none. A rule's kind stays what it is. */
export function ruleUpdateOf(draft: RuleDraft, rule: AlertRule): UpdateAlertRuleParams | undefined {
  const before = ruleParamsOf(ruleDraftOf(rule)) as Readonly<Record<string, unknown>>;
  const changed = Object.entries(ruleParamsOf(draft)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]),
  );
  if (changed.length === 0) return undefined;
  const update = Object.fromEntries(changed) as UpdateAlertRuleParams;
  // Another metric takes none of the old one's terms over.
  return update.metric === undefined ? update : { ...update, ...termsOf(draft) };
}

function termsOf(draft: RuleDraft): UpdateAlertRuleParams {
  const { name: _, kind: _kind, severity: _severity, channels: _channels, ...terms } = ruleParamsOf(draft);
  return terms;
}
