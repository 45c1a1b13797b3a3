import { z } from "zod";
import { countMax, limits } from "./limits.ts";
import { readWeekHours } from "./week-hours.ts";

export { countMax, limits };

// Text without control characters: a NUL or an escape sequence has no business in a name and breaks terminals and CSV.
const printable = /^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u;

export const Name = z
  .string()
  .min(1, "must not be empty")
  .max(limits.nameLength, `must be at most ${limits.nameLength} characters`)
  .regex(printable, "must not contain control characters");

/** Text of any form, lines and all; but for NUL, which PostgreSQL cannot keep and not even be asked for. */
export const freeText = (lengthMax: number) =>
  z
    .string()
    .max(lengthMax, `must be at most ${lengthMax} characters`)
    .refine((text) => !text.includes("\0"), "must not contain a NUL character");

/** The same, of which there must be some. */
export const someText = (lengthMax: number) => freeText(lengthMax).min(1, "must not be empty");

/** The id of what the server keeps, where a body or a query names it. */
export const Id = someText(limits.nameLength);

/** A condition on tags: `key`, `key:value` or `key=value`. */
export const TagTerm = someText(limits.tagKeyLength + limits.tagValueLength + 1);

export const WeekHours = z
  .string()
  .refine(
    (text) => readWeekHours(text) !== undefined,
    "must be hours of the week, such as mon-fri 09-18, sat or, over midnight, 22-24,00-06",
  );

export const RecordId = z
  .string()
  .min(1, "must not be empty")
  .max(limits.idLength, `must be at most ${limits.idLength} characters`)
  .regex(printable, "must not contain control characters");

export const Count = z
  .number({ error: `must be a whole number from 0 to ${countMax}` })
  .int(`must be a whole number from 0 to ${countMax}`)
  .min(0, `must be a whole number from 0 to ${countMax}`)
  .max(countMax, `must be a whole number from 0 to ${countMax}`);

/** Money as a decimal string, at most 12 decimals. Never a JSON number on the way out. */
export const MoneyString = z
  .string()
  .regex(/^-?\d{1,18}(\.\d{1,12})?$/, 'must be a decimal number with at most 12 decimals, such as "0.0375"')
  .meta({ examples: ["0.040775"] });

/** Money as callers send it: a decimal string, or a JSON number whose shortest decimal form is taken. */
export const MoneyInput = z.union([MoneyString, z.number().finite()], {
  error: 'must be a decimal number with at most 12 decimals, such as "0.0375"',
});

const priceMessage = 'must be a non-negative decimal number, such as "2.50"';

/** A price as callers send it: not negative, any number of decimals up to 15. */
export const PriceInput = z.union(
  [z.string().regex(/^\d{1,15}(\.\d{1,15})?$/, priceMessage), z.number().finite().min(0, priceMessage)],
  { error: priceMessage },
);

export const Currency = z.string().regex(/^[A-Z]{3}$/, "must be a three-letter ISO 4217 code, such as USD");

const instantMessage = "must be in ISO 8601 format (YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ)";
const instantPattern = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/i;

/** An instant: a date-time with offset (UTC where it has none). A bare date is its first instant, or with end_date its whole day. */
export const Instant = z
  .string()
  .regex(instantPattern, instantMessage)
  .meta({ examples: ["2026-01-31T12:00:00Z"] });

const eventInstantMessage = `${instantMessage} or milliseconds since 1970, at most those of the year 9999`;

/** Instants of events: also milliseconds since the epoch, as some exports write them. */
export const EventInstant = z.union(
  [
    Instant,
    z.number().int(eventInstantMessage).min(0, eventInstantMessage).max(253_402_300_799_999, eventInstantMessage),
  ],
  { error: eventInstantMessage },
);

export const TagMap = z.record(z.string(), z.string()).meta({ description: "Labels for grouping and filtering." });

/** Tags as the documents write them: a map, or a list whose entries are `key`, `key:value` or `key=value`. */
export const TagsInput = z.union(
  [z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])), z.array(z.string()).max(limits.tagCount)],
  { error: "must be a map of strings or a list of strings" },
);

export const Metadata = z
  .record(z.string(), z.unknown())
  .meta({ description: "Anything else about the call; kept, not indexed." });

/** A list in a query string: repeated or comma-separated. */
export const csv = <T extends z.ZodType<string, string>>(item: T) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((value) =>
      (Array.isArray(value) ? value : value.split(",")).map((part) => part.trim()).filter((part) => part !== ""),
    )
    .pipe(z.array(item));

/** Query strings carry booleans as words. */
export const BooleanText = z
  .enum(["true", "false", "1", "0"])
  .transform((value) => value === "true" || value === "1")
  .or(z.boolean());

export const CursorPage = z.object({
  limit: z.coerce.number().int().min(1).max(limits.pageLimit).optional(),
  cursor: freeText(1_024).optional(),
  page: z.coerce.number().int().min(1).max(1_000_000).optional(),
  per_page: z.coerce.number().int().min(1).max(limits.pageLimit).optional(),
});

export const Pagination = z
  .object({
    limit: z.number().int(),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
    page: z.number().int().optional(),
    per_page: z.number().int().optional(),
  })
  .meta({ id: "Pagination" });
export type Pagination = z.infer<typeof Pagination>;
