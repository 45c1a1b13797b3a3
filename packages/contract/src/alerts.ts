import { z } from "zod";
import { BudgetScope, BudgetScopeInput, BudgetThresholds } from "./budgets.ts";
import { Currency, CursorPage, freeText, Id, limits, MoneyInput, MoneyString, Name } from "./fields.ts";

export const alertKinds = ["budget", "metric"] as const;
export const alertSeverities = ["info", "warning", "critical"] as const;
export const alertStates = ["open", "acknowledged", "resolved"] as const;
/** What an alert goes through, in its order; each step once at most. */
export const alertSteps = ["triggered", "escalated", "acknowledged", "resolved"] as const;
/** Why an alert is resolved. */
export const alertEndings = ["below", "period_over", "changed", "by_hand"] as const;

export const alertMetrics = [
  "daily_cost",
  "hourly_cost",
  "cost_per_request",
  "tokens",
  "error_rate",
  "unpriced_share",
] as const;
export type AlertMetric = (typeof alertMetrics)[number];

/** A month of minutes. */
const minutesMax = 31 * 24 * 60;
const minutes = (from: number) => {
  const message = `must be a whole number of minutes from ${from} to ${minutesMax}`;
  return z.number(message).int(message).min(from, message).max(minutesMax, message);
};

const windowShape = {
  kind: z
    .enum(["rolling", "hour", "day"])
    .meta({ description: "rolling: the last minutes. hour, day: the present one of the calendar." }),
  minutes: minutes(1).optional().meta({ description: "Of a rolling window; 60 if absent." }),
  time_zone: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: "IANA zone of an hour or a day; UTC if absent." }),
};
export const AlertWindowInput = z
  .strictObject(windowShape)
  .superRefine(({ kind, ...fields }, context) => {
    const strange = kind === "rolling" ? "time_zone" : "minutes";
    if (fields[strange] === undefined) return;
    context.addIssue({ code: "custom", path: [strange], message: `does not belong to a window of kind ${kind}` });
  })
  .meta({ id: "AlertWindowInput" });
export const AlertWindow = z.object(windowShape).meta({ id: "AlertWindow" });
export type AlertWindow = z.infer<typeof AlertWindow>;

const words = {
  provider: true,
  model: true,
  project_id: true,
  user_id: true,
  api_key_id: true,
  tags: true,
  team: true,
} as const;
const ScopeInput = BudgetScopeInput.pick(words);
const Scope = BudgetScope.pick(words);
export type AlertScope = z.infer<typeof Scope>;

const Threshold = MoneyInput.refine((threshold) => !String(threshold).startsWith("-"), "must not be negative").meta({
  description: "Money, a count of tokens, or a percent of the requests, compared exactly.",
});
const Channels = z.array(Id).max(limits.alertChannels);
const Thresholds = BudgetThresholds.min(1, "must name a percent, or be left out");

/** What any rule has, as it is sent. */
const manner = {
  severity: z.enum(alertSeverities).optional().meta({ description: "warning if absent." }),
  channels: Channels.optional().meta({
    description: "Ids or names of the channels that are told. Webhooks are in any case.",
  }),
  quiet_period_minutes: minutes(0)
    .optional()
    .meta({ description: "For so long after it was told, the same crossing is not told again; 60 if absent." }),
  escalate_after_minutes: minutes(1)
    .nullable()
    .optional()
    .meta({ description: "When `escalate_to` is told of an alert that nobody has acknowledged. Null is never." }),
  escalate_to: Channels.optional(),
  enabled: z.boolean().optional(),
};

const ofBudgets = {
  budget: Name.nullable().optional().meta({ description: "Id or name. Every budget if absent or null." }),
  thresholds: Thresholds.nullable()
    .optional()
    .meta({ description: "Percents of the amount. The budget's own if absent or null." }),
  of: z.enum(["spent", "projected"]).optional().meta({
    description:
      "What reaches them; spent if absent. A projection counts once a tenth of its period, a day at most, has passed.",
  }),
};

const ofMetrics = {
  metric: z.enum(alertMetrics).optional(),
  comparison: z.enum([">=", ">"]).optional().meta({ description: ">= if absent." }),
  threshold: Threshold.optional(),
  currency: Currency.optional().meta({ description: "Of a cost; USD if absent. Others are not counted." }),
  window: AlertWindowInput.optional().meta({
    description: "daily_cost: the day. hourly_cost: the hour. Others: the last 60 minutes if absent.",
  }),
  scope: ScopeInput.optional(),
  requests_min: z.number().int().min(1).max(1_000_000_000).optional().meta({
    description: "Of cost_per_request, error_rate and unpriced_share: fewer requests say nothing; 1 if absent.",
  }),
};

type RuleField = keyof typeof ofBudgets | keyof typeof ofMetrics;
const fieldsOf = {
  budget: Object.keys(ofBudgets) as RuleField[],
  metric: Object.keys(ofMetrics) as RuleField[],
} as const;

export const AlertRuleInput = z
  .strictObject({ name: Name, kind: z.enum(alertKinds), ...ofBudgets, ...ofMetrics, ...manner })
  .superRefine(({ kind, ...fields }, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    for (const name of fieldsOf[kind === "budget" ? "metric" : "budget"]) {
      if (fields[name] !== undefined) refuse(name, `does not belong to a rule of kind ${kind}`);
    }
    if (kind !== "metric") return;
    for (const name of ["metric", "threshold"] as const) if (fields[name] === undefined) refuse(name, "is required");
  })
  .meta({ id: "AlertRuleInput" });
export type AlertRuleInput = z.output<typeof AlertRuleInput>;

export const AlertRuleUpdate = z
  .strictObject({ name: Name.optional(), ...ofBudgets, ...ofMetrics, ...manner })
  .refine((update) => Object.values(update).some((value) => value !== undefined), "must change something")
  .meta({ id: "AlertRuleUpdate", description: "What is named takes the place of all that stood there before." });
export type AlertRuleUpdate = z.output<typeof AlertRuleUpdate>;

export const AlertRule = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    name: z.string(),
    kind: z.enum(alertKinds),
    budget_id: z.string().nullable().meta({ description: "Null is every budget, and of kind metric." }),
    thresholds: z.array(z.number()).nullable(),
    of: z.enum(["spent", "projected"]).nullable(),
    metric: z.enum(alertMetrics).nullable(),
    comparison: z.enum([">=", ">"]).nullable(),
    threshold: MoneyString.nullable(),
    currency: z.string().nullable(),
    window: AlertWindow.nullable(),
    scope: Scope.nullable(),
    requests_min: z.number().int().nullable(),
    severity: z.enum(alertSeverities),
    channels: z.array(z.string()),
    quiet_period_minutes: z.number().int(),
    escalate_after_minutes: z.number().int().nullable(),
    escalate_to: z.array(z.string()),
    enabled: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "AlertRule", description: "Fields that do not belong to the kind are null." });
export type AlertRule = z.infer<typeof AlertRule>;

const Who = z.object({ kind: z.string(), id: z.string().nullable(), name: z.string().nullable() });

export const Alert = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    rule_id: z.string(),
    rule_name: z.string(),
    kind: z.enum(alertKinds),
    severity: z.enum(alertSeverities),
    state: z.enum(alertStates),
    title: z.string(),
    text: z.string(),
    details: z.array(z.object({ label: z.string(), value: z.string() })),
    budget_id: z.string().nullable(),
    budget_name: z.string().nullable(),
    threshold: z
      .string()
      .meta({ description: "A percent of the budget's amount, or what the metric is compared with." }),
    value: z.string().meta({ description: "What was spent, is projected, or the metric was, when it crossed." }),
    period: z
      .object({ from: z.string(), to: z.string().nullable() })
      .meta({ description: "That the value is of; half-open." }),
    opened_at: z.string(),
    acknowledged_at: z.string().nullable(),
    escalated_at: z.string().nullable(),
    resolved_at: z.string().nullable(),
    resolved_because: z.enum(alertEndings).nullable().meta({
      description:
        "below: it is no longer reached. period_over: its period ended. changed: rule or budget changed or went. by_hand.",
    }),
    history: z.array(
      z.object({ step: z.enum(alertSteps), at: z.string(), by: Who.nullable(), note: z.string().nullable() }),
    ),
  })
  .meta({ id: "Alert" });
export type Alert = z.infer<typeof Alert>;

export const AlertNote = z.strictObject({ note: freeText(2_000).optional() }).meta({ id: "AlertNote" });
export type AlertNote = z.output<typeof AlertNote>;

export const AlertQuery = CursorPage.pick({ limit: true, cursor: true }).extend({
  state: z.enum(alertStates).optional(),
  severity: z.enum(alertSeverities).optional(),
  rule_id: Id.optional(),
  budget_id: Id.optional(),
});

export type AlertQuery = z.output<typeof AlertQuery>;

/** The data of the events `budget.threshold_exceeded` and `budget.exceeded`. */
export interface BudgetCrossing {
  readonly budget_id: string;
  readonly name: string;
  /** What each value of has the amount by itself, and which value this is of; null for calls without one. */
  readonly per: string | null;
  readonly value: string | null;
  readonly unit: "money" | "tokens";
  readonly currency: string | null;
  readonly period: { readonly kind: string; readonly from: string; readonly to: string | null };
  /** In percent of the amount. */
  readonly threshold: number;
  readonly amount: string;
  readonly spent: string;
  readonly utilization: string | null;
  readonly as_of: string;
}
