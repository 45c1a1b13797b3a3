import { z } from "zod";
import { Warning } from "./errors.ts";
import {
  BooleanText,
  Count,
  EventInstant,
  Metadata,
  MoneyString,
  Name,
  RecordId,
  TagMap,
  TagsInput,
} from "./fields.ts";

export const usageStatuses = ["reported", "estimated", "partial", "void"] as const;
export const costStatuses = ["priced", "unpriced", "reported", "void"] as const;
export const callStatuses = ["success", "error"] as const;

/** A model by name, or as an object that carries its name. */
export const ModelInput = z.union([Name, z.looseObject({ name: Name })], {
  error: "must be a model name or an object with a name",
});

/**
 * One call as callers report it. Counts are inclusive: `input_tokens` includes cached and written tokens,
 * `output_tokens` includes reasoning. Instead of counts, `usage` may carry the provider's own usage object.
 * The second spelling of a field (`prompt_tokens` …) means the same; giving both with different values is refused.
 */
export const UsageInput = z
  .strictObject({
    id: RecordId.optional().meta({
      description: "Idempotency key of the record; UUIDv7 is best. Made by the server if absent.",
    }),
    organization_id: Name.optional().meta({ description: "May only agree with the credential's organization." }),
    provider: Name.optional().meta({ description: "Inferred from the model or the usage object where it can be." }),
    model: ModelInput.optional(),
    model_id: Name.optional(),
    project_id: Name.nullish(),
    user_id: Name.nullish(),
    input_tokens: Count.optional(),
    prompt_tokens: Count.optional(),
    output_tokens: Count.optional(),
    completion_tokens: Count.optional(),
    total_tokens: Count.optional(),
    cached_tokens: Count.optional(),
    cache_read_tokens: Count.optional(),
    cache_write_tokens: Count.optional(),
    cache_write_1h_tokens: Count.optional(),
    reasoning_tokens: Count.optional(),
    input_audio_tokens: Count.optional(),
    input_image_tokens: Count.optional(),
    input_video_tokens: Count.optional(),
    output_audio_tokens: Count.optional(),
    output_image_tokens: Count.optional(),
    output_video_tokens: Count.optional(),
    units: z
      .record(z.string(), Count)
      .optional()
      .meta({ description: "Counts of unit kinds, such as web_searches or output_images." }),
    usage: z.looseObject({}).optional().meta({ description: "The provider's usage object, untouched." }),
    usage_format: z
      .string()
      .max(64)
      .optional()
      .meta({ description: "Shape of `usage` where it cannot be told, such as openai_chat." }),
    usage_status: z.enum(usageStatuses).optional(),
    service_tier: Name.nullish().meta({ description: "The tier that served the call." }),
    region: Name.nullish(),
    occurred_at: EventInstant.optional(),
    timestamp: EventInstant.optional(),
    latency_ms: z.number().min(0).max(1e12).nullish(),
    status: z.enum(callStatuses).optional(),
    stream: z.boolean().optional(),
    tags: TagsInput.nullish(),
    metadata: Metadata.nullish(),
    require_price: z
      .boolean()
      .optional()
      .meta({ description: "Refuse with COST_001 rather than record without a price." }),
  })
  .meta({ id: "UsageInput" });
export type UsageInput = z.input<typeof UsageInput>;

/** One record of the ledger, in its one canonical form. */
export const UsageRecord = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    project_id: z.string().nullable(),
    user_id: z.string().nullable(),
    provider: z.string(),
    model: z.string().meta({ description: "As it was sent." }),
    resolved_model: z.string().nullable().meta({ description: "The name in the price book, if it was found." }),
    occurred_at: z.string(),
    received_at: z.string(),
    input_tokens: Count,
    output_tokens: Count,
    total_tokens: Count,
    cached_tokens: Count,
    cache_write_tokens: Count,
    reasoning_tokens: Count,
    quantities: z.record(z.string(), Count).meta({ description: "Disjoint kinds; what the cost is a sum over." }),
    usage_status: z.enum(usageStatuses),
    service_tier: z.string(),
    region: z.string().nullable(),
    latency_ms: z.number().nullable(),
    status: z.enum(callStatuses),
    stream: z.boolean(),
    cost_status: z.enum(costStatuses),
    total_cost: MoneyString.nullable().meta({ description: "With all corrections. Null while unpriced, never 0." }),
    cache_savings: MoneyString.nullable().meta({
      description:
        "What cached tokens would have cost at the plain input price of this call, less what reading and writing them cost: signed. Null where nobody knows.",
    }),
    currency: z.string().nullable(),
    unpriced_reason: z.string().nullable(),
    price_version: z.string().nullable(),
    source: z.string().meta({ description: "How it came in: api, otlp, import:<format>." }),
    tags: TagMap,
    metadata: Metadata,
    api_key_id: z.string().nullable().meta({ description: "The API key that recorded it; null where none did." }),
  })
  .meta({ id: "UsageRecord" });
export type UsageRecord = z.infer<typeof UsageRecord>;

export const UsageCreated = z.object({ data: UsageRecord, warnings: z.array(Warning) }).meta({ id: "UsageCreated" });
export type UsageCreated = z.infer<typeof UsageCreated>;

/** A batch is a list of records, or an object with a list in `records`. */
export const UsageBatchInput = z
  .union([z.array(UsageInput), z.strictObject({ records: z.array(UsageInput), require_price: z.boolean().optional() })])
  .meta({ id: "UsageBatchInput" });

export const UsageBatchItem = z.object({
  index: z.number().int(),
  id: z.string().nullable(),
  status: z.enum(["recorded", "duplicate", "rejected"]),
  cost_status: z.enum(costStatuses).optional(),
  total_cost: MoneyString.nullable().optional(),
  currency: z.string().nullable().optional(),
  warnings: z.array(Warning).optional(),
  error: z
    .object({ code: z.string(), message: z.string(), field_errors: z.record(z.string(), z.string()).optional() })
    .optional(),
});
export type UsageBatchItem = z.infer<typeof UsageBatchItem>;

export const UsageBatchResult = z
  .object({
    data: z.array(UsageBatchItem),
    summary: z.object({
      received: z.number().int(),
      recorded: z.number().int(),
      duplicate: z.number().int(),
      unpriced: z.number().int(),
      rejected: z.number().int(),
    }),
  })
  .meta({ id: "UsageBatchResult" });
export type UsageBatchResult = z.infer<typeof UsageBatchResult>;

export const CreateUsageQuery = z.object({ require_price: BooleanText.optional() });

export const CostLine = z.object({
  kind: z.string(),
  quantity: Count,
  rated_as: z.string().meta({ description: "The kind whose price applied." }),
  price: z.string(),
  per: z.number().int(),
  factors: z.array(z.object({ reason: z.string(), factor: z.string() })),
  amount: MoneyString,
  formula: z.string().meta({ description: "The line as a person would write it." }),
});

export const Correction = z.object({
  id: z.string(),
  reason: z.enum(["late_price", "reprice", "reprice_undo", "void"]),
  amount: MoneyString.nullable(),
  currency: z.string().nullable(),
  price_version: z.string().nullable(),
  rule: z.string().nullable(),
  lines: z.array(CostLine),
  repricing_id: z.string().nullable(),
  created_at: z.string(),
});

/** Everything that is needed to redo a cost by hand. */
export const Explanation = z
  .object({
    record: UsageRecord,
    raw_usage: z.unknown(),
    model_resolution: z.object({ rule: z.string(), detail: z.string() }).nullable(),
    price: z
      .object({
        version: z.string(),
        provider: z.string(),
        model: z.string(),
        source: z.string(),
        currency: z.string(),
        valid_from: z.string().nullable(),
        valid_to: z.string().nullable(),
      })
      .nullable(),
    rule: z.string().nullable(),
    lines: z.array(CostLine),
    savings: z
      .array(z.object({ kind: z.string(), quantity: Count, amount: MoneyString, formula: z.string() }))
      .meta({ description: "The terms of cache_savings; none where it is null or taken back." }),
    corrections: z.array(Correction),
    original_cost: MoneyString.nullable(),
    total_cost: MoneyString.nullable(),
    verified: z.boolean().meta({ description: "Whether the lines were computed again just now to the same digits." }),
  })
  .meta({ id: "Explanation" });
export type Explanation = z.infer<typeof Explanation>;
