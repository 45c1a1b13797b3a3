import { z } from "zod";
import { Warning } from "./errors.ts";
import {
  Count,
  Currency,
  CursorPage,
  csv,
  EventInstant,
  Instant,
  limits,
  Metadata,
  MoneyInput,
  MoneyString,
  Name,
  Pagination,
  RecordId,
  TagMap,
  TagsInput,
  TagTerm,
  WeekHours,
} from "./fields.ts";
import { costStatuses, ModelInput, usageStatuses } from "./usage.ts";

/** A cost that was priced elsewhere; it is marked as reported and never priced again. */
export const CostInput = z
  .strictObject({
    id: RecordId.optional(),
    organization_id: Name.optional(),
    provider: Name.optional(),
    model: ModelInput.optional(),
    model_id: Name.optional(),
    project_id: Name.nullish(),
    user_id: Name.nullish(),
    tokens_used: Count.optional(),
    input_tokens: Count.optional(),
    prompt_tokens: Count.optional(),
    output_tokens: Count.optional(),
    completion_tokens: Count.optional(),
    total_tokens: Count.optional(),
    cost: MoneyInput.optional(),
    amount: MoneyInput.optional(),
    total_cost: MoneyInput.optional(),
    currency: Currency.optional(),
    service_tier: Name.nullish(),
    region: Name.nullish(),
    occurred_at: EventInstant.optional(),
    timestamp: EventInstant.optional(),
    tags: TagsInput.nullish(),
    metadata: Metadata.nullish(),
  })
  .meta({ id: "CostInput" });
export type CostInput = z.input<typeof CostInput>;

export const CostUpdate = z
  .strictObject({ tags: TagsInput.optional(), metadata: Metadata.optional() })
  .refine((update) => update.tags !== undefined || update.metadata !== undefined, "must name tags or metadata")
  .meta({
    id: "CostUpdate",
    description: "Labels may be corrected. Money may not: void the entry and create another.",
  });
export type CostUpdate = z.input<typeof CostUpdate>;

/** The cost side of a ledger record. Its id is the record's id. */
export const CostRecord = z
  .object({
    id: z.string(),
    usage_id: z
      .string()
      .nullable()
      .meta({ description: "The usage record behind the cost; null where only a cost was reported." }),
    organization_id: z.string(),
    project_id: z.string().nullable(),
    user_id: z.string().nullable(),
    provider: z.string(),
    model: z.string(),
    resolved_model: z.string().nullable(),
    service_tier: z.string(),
    region: z.string().nullable(),
    occurred_at: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    tokens_used: Count,
    input_tokens: Count,
    output_tokens: Count,
    cached_tokens: Count,
    cache_write_tokens: Count,
    reasoning_tokens: Count,
    total_cost: MoneyString.nullable(),
    cache_savings: MoneyString.nullable(),
    currency: z.string().nullable(),
    cost_status: z.enum(costStatuses),
    usage_status: z.enum(usageStatuses),
    unpriced_reason: z.string().nullable(),
    price_version: z.string().nullable(),
    corrected: z.boolean(),
    tags: TagMap,
    metadata: Metadata,
    api_key_id: z.string().nullable().meta({ description: "The API key that recorded it; null where none did." }),
  })
  .meta({ id: "CostRecord" });
export type CostRecord = z.infer<typeof CostRecord>;

export const costFields = Object.keys(CostRecord.shape) as (keyof CostRecord)[];
export const orderFields = ["occurred_at", "created_at", "total_cost", "total_tokens"] as const;

/** Which records a question is about. Lists are comma-separated in a query string; several values of one field mean "any of". */
const filterShape = {
  organization_id: Name.optional(),
  start_date: Instant.optional().meta({ description: "First instant, inclusive." }),
  end_date: Instant.optional().meta({ description: "Exclusive; a bare date includes its whole day." }),
  range: z.string().max(32).optional().meta({
    description:
      "A preset such as last-30-days instead of dates. Without any dates lists, streams and exports mean everything, sums and summaries the last 30 days.",
  }),
  days: z.coerce.number().int().min(1).max(limits.rangeDays).optional(),
  timezone: z.string().max(64).optional().meta({ description: "IANA zone of days, weeks and months. UTC if absent." }),
  provider: csv(Name).optional(),
  model: csv(Name).optional(),
  project_id: csv(Name).optional(),
  user_id: csv(Name).optional(),
  api_key_id: csv(Name).optional().meta({ description: "Recorded by these API keys." }),
  service_tier: csv(Name).optional(),
  region: csv(Name).optional(),
  currency: csv(Name).optional(),
  cost_status: csv(z.enum(costStatuses)).optional(),
  usage_status: csv(z.enum(usageStatuses)).optional(),
  tags: csv(TagTerm).optional().meta({
    description: "key, key:value or key=value; all must hold. Keys and values may themselves contain : and =.",
  }),
  hours: csv(WeekHours)
    .optional()
    .meta({
      description:
        "Hours of the week in `timezone`, any of them: `mon-fri 09-18`, `sat`, `22-24`, `sun 07` (until 08:00).",
      examples: ["mon-fri 09-18"],
    }),
  usage_ids: csv(RecordId).optional(),
  ids: csv(RecordId).optional(),
};

export const CostFilter = z.object(filterShape);
export type CostFilter = z.output<typeof CostFilter>;

/** Order: a field, descending with a leading minus. */
const orderPattern = new RegExp(`^-?(${orderFields.join("|")})$`);

export const ListQuery = z.strictObject({
  ...filterShape,
  ...CursorPage.shape,
  fields: csv(Name).optional(),
  order_by: csv(
    z.string().regex(orderPattern, `must be one of: ${orderFields.join(", ")}, with - before it for descending`),
  ).optional(),
});
export type ListQuery = z.output<typeof ListQuery>;

export const CostList = z
  .object({ data: z.array(CostRecord.partial()), pagination: Pagination })
  .meta({ id: "CostList" });

export const dimensions = [
  "organization",
  "project",
  "user",
  "api_key",
  "provider",
  "model",
  "service_tier",
  "region",
  "cost_status",
  "usage_status",
  "hour",
  "day",
  "week",
  "month",
] as const;
export type Dimension = (typeof dimensions)[number] | `tag:${string}`;

/** The documents also name dimensions by their field. */
export const dimensionAliases: Readonly<Record<string, (typeof dimensions)[number]>> = {
  organization_id: "organization",
  project_id: "project",
  user_id: "user",
  api_key_id: "api_key",
  tier: "service_tier",
  date: "day",
};

export const metrics = ["sum", "count", "avg"] as const;

const topMeaning =
  "Rows for the groups alone that are among so many first by any cost, count or average that is asked for; the others together are a row for each time and currency, whose other_groups says how many they are.";

export const AggregateQuery = z.strictObject({
  ...filterShape,
  group_by: csv(
    z
      .string()
      .min(1)
      .max(limits.tagKeyLength + 4),
  ).optional(),
  metrics: csv(z.enum(metrics)).optional(),
  metric: z.enum(metrics).optional(),
  top: z.coerce.number().int().min(1).max(limits.topGroups).optional().meta({ description: topMeaning }),
});
export type AggregateQuery = z.output<typeof AggregateQuery>;

/** Totals over some records of one currency. Counts of tokens are exact decimal strings beyond 2^53-1, numbers below. */
export const Totals = z.object({
  currency: z.string().nullable(),
  total_cost: MoneyString.optional(),
  cache_savings: MoneyString.optional(),
  total_requests: z.number().int().optional(),
  unpriced_requests: z.number().int().optional(),
  avg_cost_per_request: MoneyString.nullable().optional(),
  input_tokens: z.union([Count, z.string()]).optional(),
  output_tokens: z.union([Count, z.string()]).optional(),
  total_tokens: z.union([Count, z.string()]).optional(),
  cached_tokens: z.union([Count, z.string()]).optional(),
  cache_write_tokens: z.union([Count, z.string()]).optional(),
  reasoning_tokens: z.union([Count, z.string()]).optional(),
});
export type Totals = z.infer<typeof Totals>;

/** A row holds the value of each dimension asked for under the dimension's name, and the totals. */
export const AggregateRow = z
  .looseObject({ ...Totals.shape, other_groups: z.number().int().optional() })
  .meta({ id: "AggregateRow" });
export type AggregateRow = z.infer<typeof AggregateRow>;

export const Range = z.object({ start: z.string(), end: z.string(), timezone: z.string() });

export const AggregateResult = z
  .object({
    data: z.array(AggregateRow),
    totals: z.array(Totals).meta({ description: "One entry per currency; unpriced requests have currency null." }),
    range: Range,
    group_by: z.array(z.string()),
  })
  .meta({ id: "AggregateResult" });
export type AggregateResult = z.infer<typeof AggregateResult>;

export const CostSummary = z
  .object({
    total_cost: MoneyString.nullable().meta({
      description: "Of the only currency; null where there are several (see by_currency).",
    }),
    cache_savings: MoneyString.nullable(),
    currency: z.string().nullable(),
    total_requests: z.number().int(),
    unpriced_requests: z.number().int(),
    avg_cost_per_request: MoneyString.nullable(),
    input_tokens: z.union([Count, z.string()]),
    output_tokens: z.union([Count, z.string()]),
    total_tokens: z.union([Count, z.string()]),
    cached_tokens: z.union([Count, z.string()]),
    cache_write_tokens: z.union([Count, z.string()]),
    reasoning_tokens: z.union([Count, z.string()]),
    by_currency: z.array(Totals),
    by_provider: z.array(AggregateRow),
    top_models: z.array(AggregateRow),
    previous: z
      .object({ range: Range, by_currency: z.array(Totals) })
      .meta({ description: "The period of the same length just before." }),
    range: Range,
  })
  .meta({ id: "CostSummary" });
export type CostSummary = z.infer<typeof CostSummary>;

export const SummaryQuery = z.strictObject(filterShape);

const { start_date: _start, end_date: _end, range: _range, days: _days, hours: _hours, ...undatedShape } = filterShape;

export const ProjectionQuery = z.strictObject(undatedShape);
export type ProjectionQuery = z.output<typeof ProjectionQuery>;

export const CostProjection = z
  .object({
    range: Range.meta({ description: "The month that is going on, in the time zone of the question." }),
    as_of: z.string(),
    unpriced_requests: z.number().int().meta({ description: "Of the month, in no sum." }),
    by_currency: z.array(
      z.object({
        currency: z.string(),
        spent: MoneyString.meta({ description: "What the ledger has for the month." }),
        burn_rate_per_day: MoneyString.nullable().meta({
          description:
            "spent ÷ (as_of − start) for each 24 hours. Null in the month's first instant, as is `projected`.",
        }),
        projected: MoneyString.nullable().meta({
          description:
            "What will be spent at the month's end if the pace goes on: spent × (end − start) ÷ (as_of − start), ties to even. A budget's `projected` is the same.",
        }),
      }),
    ),
  })
  .meta({ id: "CostProjection" });
export type CostProjection = z.infer<typeof CostProjection>;

/** How the records of a question are summed. */
const sumsShape = {
  group_by: z.array(z.string()).optional(),
  metrics: z.array(z.enum(metrics)).optional(),
  top: z.number().int().min(1).max(limits.topGroups).optional(),
};

export const BatchQueryInput = z
  .strictObject({
    filters: z
      .array(
        z.strictObject({
          ...filterShape,
          days: z.number().int().min(1).max(limits.rangeDays).optional(),
          ...sumsShape,
        }),
      )
      .min(1)
      .max(100),
    ...sumsShape,
  })
  .meta({
    id: "BatchQueryInput",
    description:
      "What a filter says of `group_by`, `metrics` and `top` counts for it in place of what stands beside the filters. Filters of the same records are read once where one of them groups by all that the others do. The answers have at most 100,000 rows together.",
  });

export const BatchQueryResult = z
  .object({ data: z.array(AggregateResult) })
  .meta({ id: "BatchQueryResult", description: "One result for each filter, in order." });

export const CostBulkInput = z
  .union([z.array(CostInput), z.strictObject({ entries: z.array(CostInput) })])
  .meta({ id: "CostBulkInput" });

export const CostCreated = z.object({ data: CostRecord, warnings: z.array(Warning) }).meta({ id: "CostCreated" });

export const StreamQuery = z.strictObject({
  ...filterShape,
  fields: csv(Name).optional(),
  order_by: ListQuery.shape.order_by,
});

export const exportFormats = ["csv", "json", "jsonl"] as const;
export const ExportInput = z
  .strictObject({
    ...filterShape,
    format: z.enum(exportFormats).meta({
      description:
        "In csv a cell that a spreadsheet would run as a formula (it begins with = + - @ or a tab and is no plain number) gets a quote before it.",
    }),
    include_fields: csv(Name)
      .optional()
      .meta({ description: "Fields of a cost record; also the short names cost, tokens." }),
    group_by: csv(z.string()).optional().meta({ description: "Export aggregated rows instead of records." }),
  })
  .meta({ id: "ExportInput" });
export type ExportInput = z.output<typeof ExportInput>;

export const Export = z
  .object({
    id: z.string(),
    format: z.enum(exportFormats),
    status: z.enum(["ready"]),
    created_at: z.string(),
    range: Range,
    include_fields: z.array(z.string()).nullable(),
    group_by: z.array(z.string()).nullable(),
    download_url: z.string(),
  })
  .meta({ id: "Export" });
export type Export = z.infer<typeof Export>;
