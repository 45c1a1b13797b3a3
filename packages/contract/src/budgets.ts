import { z } from "zod";
import {
  BooleanText,
  Count,
  Currency,
  freeText,
  Id,
  Instant,
  limits,
  MoneyInput,
  MoneyString,
  Name,
  TagTerm,
} from "./fields.ts";

export const budgetPeriods = ["hour", "day", "week", "month", "quarter", "year", "rolling", "prepaid"] as const;
export type BudgetPeriodName = (typeof budgetPeriods)[number];

/** Ten years of hours: longer than any budget looks back. */
const rollingHoursMax = limits.rangeDays * 24;
const wholeHours = `must be a whole number of hours from 1 to ${rollingHoursMax}`;
const monthOfYear = "must be a month from 1 to 12";

const periodShape = {
  kind: z.enum(budgetPeriods).meta({
    description:
      "hour to year are of the calendar, one after the other; rolling is the last hours, which end now; prepaid is all since an instant, without reset.",
  }),
  time_zone: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({
      description: "IANA zone of a calendar period, whose days may have 23 or 25 hours there. UTC if absent.",
      examples: ["America/New_York"],
    }),
  fiscal_start_month: z.number().int(monthOfYear).min(1, monthOfYear).max(12, monthOfYear).optional().meta({
    description: "The month in which the years begin that quarters and years are parts of. January if absent.",
  }),
  rolling_hours: z.number().int(wholeHours).min(1, wholeHours).max(rollingHoursMax, wholeHours).optional(),
  starts_at: Instant.optional().meta({ description: "From when on a prepaid budget counts. Its creation if absent." }),
};

type PeriodField = Exclude<keyof typeof periodShape, "kind">;
const calendar: readonly PeriodField[] = ["time_zone"];
const fiscal: readonly PeriodField[] = ["time_zone", "fiscal_start_month"];

/** The fields that mean something to a kind of period. */
const periodFields: Readonly<Record<BudgetPeriodName, readonly PeriodField[]>> = {
  hour: calendar,
  day: calendar,
  week: calendar,
  month: calendar,
  quarter: fiscal,
  year: fiscal,
  rolling: ["rolling_hours"],
  prepaid: ["starts_at"],
};

export const BudgetPeriodInput = z
  .strictObject(periodShape)
  .superRefine(({ kind, ...fields }, context) => {
    for (const [field, value] of Object.entries(fields)) {
      if (value === undefined || periodFields[kind].includes(field as PeriodField)) continue;
      context.addIssue({ code: "custom", path: [field], message: `does not belong to a period of kind ${kind}` });
    }
    if (kind === "rolling" && fields.rolling_hours === undefined) {
      context.addIssue({ code: "custom", path: ["rolling_hours"], message: "is required for a rolling period" });
    }
  })
  .meta({ id: "BudgetPeriodInput" });
export type BudgetPeriodInput = z.output<typeof BudgetPeriodInput>;

export const BudgetPeriod = z
  .object({ ...periodShape, starts_at: z.string().optional() })
  .meta({ id: "BudgetPeriod", description: "Fields that do not belong to the kind are absent." });
export type BudgetPeriod = z.infer<typeof BudgetPeriod>;

const values = z.array(Name).min(1, "must name something, or be left out").max(limits.budgetScopeValues).optional();

/** The same words as a question's filter, so that a budget counts what `GET /costs/aggregate` sums for them. */
const scopeShape = {
  provider: values,
  model: values.meta({ description: "As sent or as resolved." }),
  project_id: values,
  user_id: values,
  api_key_id: values.meta({ description: "Recorded by these API keys, or reserved with them." }),
  tags: z
    .array(TagTerm)
    .min(1, "must name something, or be left out")
    .max(limits.tagCount)
    .optional()
    .meta({ description: "key, key:value or key=value; all must hold." }),
  team: Name.optional().meta({
    description: "A team's id or slug: what the projects record that the team has at the moment.",
  }),
  tenant_id: Id.optional().meta({ description: "What this tenant records; set by its parent alone." }),
};

const scopeMeaning =
  "What a budget counts: everything named must hold, several values of one field mean any of them. Empty is the whole organization.";
export const BudgetScopeInput = z.strictObject(scopeShape).meta({ id: "BudgetScopeInput", description: scopeMeaning });
export const BudgetScope = z.object(scopeShape).meta({ id: "BudgetScope", description: scopeMeaning });
export type BudgetScope = z.infer<typeof BudgetScope>;

/** What a budget can have an amount for each value of, beside `tag:KEY`. */
export const budgetDimensions = ["user", "project", "team", "api_key", "model", "provider"] as const;
const perForm = `must be one of: ${budgetDimensions.join(", ")}, tag:KEY`;
const BudgetPer = z
  .string()
  .max(limits.tagKeyLength + "tag:".length)
  .regex(new RegExp(`^(${budgetDimensions.join("|")}|tag:[^\\p{Cc}\\p{Cs}\\u2028\\u2029]+)$`, "u"), perForm)
  .meta({
    description: `${budgetDimensions.join(", ")} or tag:KEY: each value has the whole amount by itself, and calls without one have it together.`,
    examples: ["user", "tag:session_id"],
  });

const notNegative = "must not be negative";
const Amount = MoneyInput.refine((amount) => !String(amount).startsWith("-"), notNegative).meta({
  description: "Money, as a decimal string. An amount of 0 allows nothing.",
});

const percent = "must be a percent above 0 and up to 1000 with at most two decimals";
export const BudgetThresholds = z
  .array(
    z
      .number(percent)
      .gt(0, percent)
      .max(1_000, percent)
      .refine((value) => /^\d+(?:\.\d{1,2})?$/.test(String(value)), percent),
  )
  .max(limits.budgetThresholds)
  .meta({ description: "Percents of the amount that the status says are reached. 50, 75, 90 and 100 if absent." });

const Description = freeText(2_000);

export const budgetEnforcements = ["soft", "hard"] as const;
export const limitActions = ["block", "fallback", "approve", "notify"] as const;
export const refuseOrAllow = ["refuse", "allow"] as const;

const Enforcement = z
  .enum(budgetEnforcements)
  .meta({ description: "soft warns alone; hard refuses reservations beyond the amount. soft if absent." });
const WhenStoreIsAway = z.enum(refuseOrAllow).meta({
  description: "Of a hard budget: reservations that need the database while it is away. refuse if absent.",
});
const Unpriced = z.enum(refuseOrAllow).meta({
  description: "Of a hard budget in money: reservations for models without a price. refuse if absent.",
});

const atLimitShape = {
  action: z.enum(limitActions).meta({
    description: "Refuse; reserve for another model instead; refuse until somebody approves; grant and say so.",
  }),
  model: Name.optional().meta({ description: "Of fallback alone: the model to use instead." }),
  provider: Name.optional().meta({ description: "Of that model; the estimate's own if absent." }),
};
const atLimitMeaning = "Of a hard budget: what becomes of a reservation beyond its amount. block if absent.";

export const BudgetAtLimitInput = z
  .strictObject(atLimitShape)
  .superRefine(({ action, ...named }, context) => {
    const refuse = (field: string, message: string): void => {
      context.addIssue({ code: "custom", path: [field], message });
    };
    if (action === "fallback") {
      if (named.model === undefined) refuse("model", "is required for fallback");
      return;
    }
    for (const [field, value] of Object.entries(named)) {
      if (value !== undefined) refuse(field, `does not belong to ${action}`);
    }
  })
  .meta({ id: "BudgetAtLimitInput", description: atLimitMeaning });
export const BudgetAtLimit = z.object(atLimitShape).meta({ id: "BudgetAtLimit", description: atLimitMeaning });
export type BudgetAtLimit = z.infer<typeof BudgetAtLimit>;

const parentMeaning = "The budget that this one is a part of: its amount may not exceed that one's.";

const hardTerms = {
  enforcement: Enforcement.optional(),
  at_limit: BudgetAtLimitInput.optional(),
  when_store_is_away: WhenStoreIsAway.optional(),
  unpriced: Unpriced.optional(),
};

export const BudgetInput = z
  .strictObject({
    name: Name,
    description: Description.optional(),
    amount: Amount.optional(),
    currency: Currency.optional().meta({ description: "Of `amount`. USD if absent." }),
    tokens: Count.optional().meta({ description: "Input and output tokens; takes the place of `amount`." }),
    period: BudgetPeriodInput,
    per: BudgetPer.optional(),
    parent_id: Id.optional().meta({ description: parentMeaning }),
    scope: BudgetScopeInput.optional(),
    thresholds: BudgetThresholds.optional(),
    ...hardTerms,
  })
  .superRefine(({ amount, currency, tokens }, context) => {
    const refuse = (field: string, message: string): void => {
      context.addIssue({ code: "custom", path: [field], message });
    };
    if (amount === undefined && tokens === undefined) refuse("amount", "or tokens is required");
    if (amount !== undefined && tokens !== undefined) refuse("tokens", "cannot be combined with amount");
    if (currency !== undefined && tokens !== undefined) refuse("currency", "cannot be combined with tokens");
  })
  .meta({ id: "BudgetInput" });
export type BudgetInput = z.output<typeof BudgetInput>;

export const BudgetUpdate = z
  .strictObject({
    name: Name.optional(),
    description: Description.optional(),
    amount: Amount.optional().meta({ description: "Of a budget in money, in its currency." }),
    tokens: Count.optional().meta({ description: "Of a budget in tokens." }),
    period: BudgetPeriodInput.optional(),
    parent_id: Id.nullable().optional().meta({ description: "Null takes it out of the one above." }),
    scope: BudgetScopeInput.optional(),
    thresholds: BudgetThresholds.optional(),
    ...hardTerms,
    reason: freeText(2_000).optional().meta({ description: "Why, for the budget's history." }),
  })
  .refine(
    ({ reason: _, ...update }) => Object.values(update).some((value) => value !== undefined),
    "must change something",
  )
  .meta({ id: "BudgetUpdate", description: "What is named takes the place of all that stood there before." });
export type BudgetUpdate = z.output<typeof BudgetUpdate>;

const budgetShape = {
  id: z.string(),
  organization_id: z.string(),
  name: z.string(),
  description: z.string(),
  amount: MoneyString.nullable().meta({ description: "Null where the budget is in tokens." }),
  currency: z.string().nullable().meta({ description: "Null where the budget is in tokens." }),
  tokens: Count.nullable().meta({ description: "Null where the budget is in money." }),
  period: BudgetPeriod,
  per: z
    .string()
    .nullable()
    .meta({ description: "Each value of this has the amount; null where there is one amount." }),
  parent_id: z.string().nullable().meta({ description: parentMeaning }),
  scope: BudgetScope,
  thresholds: z.array(z.number()),
  enforcement: z.enum(budgetEnforcements),
  at_limit: BudgetAtLimit.nullable().meta({ description: "Null where the budget is soft." }),
  when_store_is_away: z.enum(refuseOrAllow).nullable().meta({ description: "Null where the budget is soft." }),
  unpriced: z.enum(refuseOrAllow).nullable().meta({ description: "Null where the budget is soft." }),
  set_by: z.enum(["organization", "parent"]).meta({ description: "What the parent set, it alone changes." }),
  created_at: z.string(),
  updated_at: z.string(),
};

export const Budget = z.object(budgetShape).meta({ id: "Budget" });
export type Budget = z.infer<typeof Budget>;

/** Of a list: what the caller's organization set for this tenant of it, in place of its own. */
export const TenantQuery = z.strictObject({ tenant_id: Id.optional() });

export const CurrentBudgetQuery = z
  .strictObject({ id: Id.optional(), name: Name.optional() })
  .refine(({ id, name }) => id === undefined || name === undefined, {
    path: ["name"],
    message: "cannot be combined with id",
  });

/** Which value of a budget that has an amount for each. */
const valueShape = {
  // Empty is a value too, of a tag.
  value: freeText(limits.tagValueLength).optional().meta({
    description: "Of a budget with `per`; of a team its slug or id. The value that used most if absent.",
  }),
  without_value: BooleanText.optional().meta({ description: "What has no value, in place of a value." }),
};
export const BudgetStatusQuery = z
  .strictObject(valueShape)
  .refine(({ value, without_value: without }) => value === undefined || without !== true, {
    path: ["without_value"],
    message: "cannot be combined with value",
  });
export type BudgetStatusQuery = z.output<typeof BudgetStatusQuery>;

export const budgetStates = ["ok", "warning", "exceeded"] as const;

const Quantity = z.string().regex(/^-?\d+(\.\d{1,12})?$/);

export const BudgetStatus = z
  .object({
    budget_id: z.string(),
    name: z.string(),
    unit: z.enum(["money", "tokens"]).meta({
      description: "What amount, spent, reserved, remaining, burn_rate_per_day and projected are decimal strings of.",
    }),
    currency: z.string().nullable().meta({ description: "Of the money; null where the budget is in tokens." }),
    period: z.object({
      kind: z.enum(budgetPeriods),
      time_zone: z.string().nullable().meta({ description: "Of a calendar period; null for the others." }),
      from: z.string().meta({ description: "First instant, inclusive." }),
      to: z.string().nullable().meta({ description: "Exclusive; null of a prepaid budget, which does not end." }),
    }),
    amount: Quantity,
    spent: Quantity.meta({
      description:
        "What the ledger has for the period and the scope: with corrections and repricing, without what is void.",
    }),
    reserved: Quantity.meta({
      description: "Set aside for reservations that live, of other servers all that they hold for some.",
    }),
    remaining: Quantity.meta({
      description: "amount − spent − reserved. Negative where more is used than allowed.",
    }),
    utilization: z
      .string()
      .nullable()
      .meta({
        description: "(spent + reserved) ÷ amount with four decimals, rounded down. Null where the amount is 0.",
        examples: ["0.7512"],
      }),
    thresholds_reached: z.array(z.number()).meta({ description: "In percent, ascending; equality reaches." }),
    state: z.enum(budgetStates).meta({
      description: "exceeded from 100 % on, warning where a threshold below that is reached.",
    }),
    burn_rate_per_day: Quantity.nullable().meta({
      description: "For each 24 hours of the period that have passed. Null where none of it has.",
    }),
    projected: Quantity.nullable().meta({
      description:
        "What will be spent at the period's end if the pace goes on. Null of rolling and prepaid periods, which have no end to reach.",
    }),
    exhausted_at: z.string().nullable().meta({
      description: "When the amount is used up if the pace goes on. Null where that is not before the period's end.",
    }),
    unpriced_requests: z.number().int().meta({
      description: "Requests of the period that have no price: a budget in money does not know what they cost.",
    }),
    other_currencies: z.array(z.object({ currency: z.string(), spent: MoneyString })).meta({
      description:
        "Spent in other currencies than the budget's, which are never converted. Empty where it is in tokens.",
    }),
    children: z.array(z.object({ budget_id: z.string(), name: z.string(), amount: Quantity })).meta({
      description: "The budgets that are parts of this one, by name.",
    }),
    unallocated: Quantity.nullable().meta({
      description: "amount − the amounts of the children; negative where these are more together. Null without any.",
    }),
    per: z.string().nullable(),
    value: z.string().nullable().meta({
      description: "Of `per`, what all of this is of. Null for calls without a value, and without `per`.",
    }),
    as_of: z.string().meta({ description: "The instant for which all of this holds." }),
  })
  .meta({ id: "BudgetStatus" });
export type BudgetStatus = z.infer<typeof BudgetStatus>;

export const BudgetValue = BudgetStatus.pick({
  value: true,
  amount: true,
  spent: true,
  reserved: true,
  remaining: true,
  utilization: true,
  thresholds_reached: true,
  state: true,
  unpriced_requests: true,
}).meta({ id: "BudgetValue", description: "How a budget with `per` stands for one value." });
export type BudgetValue = z.infer<typeof BudgetValue>;

export const ListedBudgetStatus = z
  .object({
    budget_id: z.string(),
    name: z.string(),
    status: BudgetStatus.nullable().meta({
      description:
        "Of a budget with `per` that of the value that used most. Null where `error` says why there is none.",
    }),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: "ListedBudgetStatus" });
export type ListedBudgetStatus = z.infer<typeof ListedBudgetStatus>;

const {
  id: _id,
  organization_id: _organization,
  set_by: _setBy,
  created_at: _created,
  updated_at: _updated,
  ...changeable
} = budgetShape;
const BudgetTerms = z.object(changeable).partial();

export const BudgetAmendment = z
  .object({
    number: z.number().int().meta({ description: "1 is the budget's first change." }),
    budget_id: z.string(),
    changed_at: z.string(),
    changed_by: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string().nullable() }),
    before: BudgetTerms.meta({ description: "The fields that changed, as they were." }),
    after: BudgetTerms.meta({ description: "The same fields, as they are since." }),
    reason: z.string().nullable(),
    transfer: z
      .object({ direction: z.enum(["to", "from"]), budget_id: z.string(), amount: Quantity })
      .nullable()
      .meta({ description: "What was transferred to or from which budget; null of any other change." }),
  })
  .meta({ id: "BudgetAmendment" });
export type BudgetAmendment = z.infer<typeof BudgetAmendment>;

export const BudgetTransferInput = z
  .strictObject({
    to: Id.meta({ description: "The id of a budget in the same currency, or in tokens as well." }),
    amount: Amount.optional().meta({ description: "Of budgets in money." }),
    tokens: Count.optional().meta({ description: "Of budgets in tokens." }),
    reason: freeText(2_000).optional().meta({ description: "Why, for the history of both." }),
    force: z.boolean().optional().meta({ description: "Leave less than is spent and reserved already." }),
  })
  .superRefine(({ amount, tokens }, context) => {
    const refuse = (field: string, message: string): void => {
      context.addIssue({ code: "custom", path: [field], message });
    };
    if (amount === undefined && tokens === undefined) refuse("amount", "or tokens is required");
    if (amount !== undefined && tokens !== undefined) refuse("tokens", "cannot be combined with amount");
  })
  .meta({ id: "BudgetTransferInput" });
export type BudgetTransferInput = z.output<typeof BudgetTransferInput>;

export const BudgetTransfer = z
  .object({ from: Budget, to: Budget })
  .meta({ id: "BudgetTransfer", description: "Both budgets, as they are since." });
export type BudgetTransfer = z.infer<typeof BudgetTransfer>;
