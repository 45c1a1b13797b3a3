import { z } from "zod";
import { Warning } from "./errors.ts";
import { Count, Currency, Id, limits, MoneyInput, MoneyString, Name, RecordId, TagsInput } from "./fields.ts";
import { UsageInput, UsageRecord } from "./usage.ts";

const seconds = `must be a whole number of seconds from 1 to ${limits.reservationSecondsMax}`;
const NotNegative = MoneyInput.refine((amount) => !String(amount).startsWith("-"), "must not be negative");

/** What a call may cost at most, told before it is made. */
export const ReservationInput = z
  .strictObject({
    model: Name.optional(),
    provider: Name.optional(),
    input_tokens: Count.optional().meta({ description: "With cached ones." }),
    cached_input_tokens: Count.optional(),
    max_output_tokens: Count.optional().meta({ description: "The most that the call may generate; 0 where nothing." }),
    service_tier: Name.optional(),
    amount: NotNegative.optional().meta({ description: "Takes the place of the price of the tokens." }),
    currency: Currency.optional().meta({ description: "Of `amount`. USD if absent." }),
    project_id: Name.nullish(),
    user_id: Name.nullish(),
    tags: TagsInput.nullish(),
    ttl_seconds: z
      .number(seconds)
      .int(seconds)
      .min(1, seconds)
      .max(limits.reservationSecondsMax, seconds)
      .optional()
      .meta({ description: "After so long it expires by itself. 600 if absent." }),
    approval_id: Id.optional().meta({ description: "Lets it pass one budget's limit, once." }),
  })
  .superRefine(({ model, input_tokens, cached_input_tokens, max_output_tokens, amount, currency }, context) => {
    const refuse = (field: string, message: string): void => {
      context.addIssue({ code: "custom", path: [field], message });
    };
    if (amount === undefined) {
      if (currency !== undefined) refuse("currency", "belongs to amount, which is absent");
      if (model === undefined) refuse("model", "or amount is required");
      else if (input_tokens === undefined) refuse("input_tokens", "or amount is required");
      else if (max_output_tokens === undefined) refuse("max_output_tokens", "or amount is required");
    }
    if ((cached_input_tokens ?? 0) > (input_tokens ?? 0)) {
      refuse("cached_input_tokens", "must not be more than input_tokens");
    }
  })
  .meta({ id: "ReservationInput" });
export type ReservationInput = z.output<typeof ReservationInput>;

const Quantity = z.string().regex(/^-?\d+(\.\d{1,12})?$/);

export const Reservation = z
  .object({
    id: z.string().meta({ description: "To settle or release it by; holds for every process of the installation." }),
    amount: MoneyString.nullable().meta({ description: "Null where the model has no price." }),
    currency: z.string().nullable(),
    tokens: Count.nullable().meta({ description: "Null where no tokens were told." }),
    provider: z.string().nullable(),
    model: z.string().nullable().meta({ description: "The model to call." }),
    fallback_from: z
      .string()
      .nullable()
      .meta({ description: "The model that was asked for, where another is granted." }),
    expires_at: z.string(),
    budgets: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        remaining: Quantity.meta({ description: "After it, as far as is known; of all processes." }),
      }),
    ),
    over_limit: z
      .boolean()
      .meta({ description: "Whether it goes beyond a budget that only notes that, or by approval." }),
    unsecured: z.boolean().meta({ description: "Whether a budget allowed it without the database, which was away." }),
  })
  .meta({ id: "Reservation" });
export type Reservation = z.infer<typeof Reservation>;

export const approvalStates = ["pending", "approved", "denied", "used"] as const;

/** Somebody's leave to go beyond a budget's amount once, with at most what was asked for. */
export const BudgetApproval = z
  .object({
    id: z.string(),
    budget_id: z.string(),
    budget_name: z.string(),
    state: z.enum(approvalStates),
    unit: z.enum(["money", "tokens"]),
    currency: z.string().nullable(),
    requested: Quantity.meta({ description: "Of the budget; no reservation with more passes." }),
    provider: z.string().nullable(),
    model: z.string().nullable(),
    project_id: z.string().nullable(),
    user_id: z.string().nullable(),
    tags: z.record(z.string(), z.string()),
    requested_at: z.string(),
    requested_by: z.string().nullable().meta({ description: "The name of the key or person." }),
    decided_at: z.string().nullable(),
    decided_by: z.string().nullable(),
    used_at: z.string().nullable(),
  })
  .meta({ id: "BudgetApproval" });
export type BudgetApproval = z.infer<typeof BudgetApproval>;

export const ApprovalQuery = z.strictObject({ state: z.enum(approvalStates).optional(), tenant_id: Id.optional() });

/** The reservation decides the record's id, so that a repetition is one. */
const SettledUsage = UsageInput.omit({ id: true, organization_id: true, require_price: true });

export const SettlementInput = z
  .strictObject({
    usage: SettledUsage.optional().meta({
      description:
        "As for `POST /usage`; provider, model, service tier, project, user and tags are the estimate's where absent.",
    }),
    record_id: RecordId.optional().meta({ description: "Of what is recorded already; needs `usage:read`." }),
    cost: z
      .strictObject({
        amount: NotNegative,
        currency: Currency.optional().meta({ description: "The reservation's if absent, else USD." }),
        input_tokens: Count.optional(),
        output_tokens: Count.optional(),
      })
      .optional()
      .meta({ description: "Recorded as a reported cost with the estimate's labels." }),
  })
  .superRefine((given, context) => {
    const [first, second] = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    if (first === undefined)
      context.addIssue({ code: "custom", path: ["usage"], message: "or record_id or cost is required" });
    if (second !== undefined) {
      context.addIssue({ code: "custom", path: [second], message: `cannot be combined with ${first}` });
    }
  })
  .meta({ id: "SettlementInput" });
export type SettlementInput = z.output<typeof SettlementInput>;

export const reservationEnds = ["settled", "released", "expired"] as const;
const End = z.enum(reservationEnds).meta({
  description: "How the reservation ended, now or before. What a settlement brings is recorded in any case, once.",
});

export const Settlement = z
  .object({
    data: z.object({ id: z.string(), reservation: End, record: UsageRecord }),
    warnings: z.array(Warning),
  })
  .meta({ id: "Settlement" });
export type Settlement = z.infer<typeof Settlement>;

export const ReservationRelease = z.object({ id: z.string(), reservation: End }).meta({ id: "ReservationRelease" });
export type ReservationRelease = z.infer<typeof ReservationRelease>;
