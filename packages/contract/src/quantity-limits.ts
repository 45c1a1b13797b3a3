import { z } from "zod";
import { Count, Currency, MoneyInput, MoneyString } from "./fields.ts";
import { limitWindows } from "./limits.ts";

export type LimitWindow = (typeof limitWindows)[number];

const Cost = MoneyInput.refine((amount) => !String(amount).startsWith("-"), "must not be negative");

const tokens = {
  tokens_per_minute: Count.optional(),
  tokens_per_hour: Count.optional(),
  tokens_per_day: Count.optional(),
};
const currency = Currency.optional().meta({ description: "Of the costs. USD if absent." });

export const QuantityLimits = z
  .strictObject({
    ...tokens,
    cost_per_minute: Cost.optional(),
    cost_per_hour: Cost.optional(),
    cost_per_day: Cost.optional(),
    currency,
  })
  .superRefine((given, context) => {
    const hasCost = limitWindows.some((window) => given[`cost_per_${window}`] !== undefined);
    if (given.currency === undefined || hasCost) return;
    context.addIssue({ code: "custom", path: ["currency"], message: "needs a cost that is limited" });
  })
  .meta({
    id: "QuantityLimits",
    description:
      "Input and output tokens and money in any minute, hour and day. Reservations beyond them are refused; usage that is recorded counts and never is.",
  });
export type QuantityLimits = z.output<typeof QuantityLimits>;

/** The same as it is kept: amounts as exact decimal strings. */
export const KeptQuantityLimits = z.object({
  ...tokens,
  cost_per_minute: MoneyString.optional(),
  cost_per_hour: MoneyString.optional(),
  cost_per_day: MoneyString.optional(),
  currency,
});
export type KeptQuantityLimits = z.infer<typeof KeptQuantityLimits>;

const Quantity = z.string().regex(/^-?\d+(\.\d{1,12})?$/);

export const LimitStatus = z
  .object({
    name: z.string().meta({ description: "As in errors and metrics.", examples: ["key-tokens-per-minute"] }),
    applies_to: z
      .enum(["key", "organization"])
      .meta({ description: "Whose usage counts: organization is everybody of it." }),
    unit: z.enum(["tokens", "money"]),
    currency: z.string().nullable().meta({ description: "Null of tokens." }),
    window: z.enum(limitWindows),
    amount: Quantity,
    spent: Quantity.meta({ description: "Recorded and reserved in the window that ends now." }),
    remaining: Quantity.meta({ description: "Negative where more was recorded than the limit allows." }),
    frees_at: z
      .string()
      .nullable()
      .meta({ description: "When the first part of `spent` leaves the window; null where nothing is." }),
  })
  .meta({ id: "LimitStatus" });
export type LimitStatus = z.infer<typeof LimitStatus>;
