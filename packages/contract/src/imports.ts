import { z } from "zod";
import { BooleanText, freeText, Instant, Name } from "./fields.ts";

/** Formats that an import reads; `auto` looks at the first bytes. */
export const importFormats = [
  "auto",
  "jsonl",
  "json",
  "csv",
  "responses",
  "sse",
  "claude-code",
  "codex",
  "litellm",
  "litellm-csv",
  "langfuse",
  "helicone",
  "otlp",
] as const;
export type ImportFormat = (typeof importFormats)[number];

export const ImportQuery = z.strictObject({
  format: z.enum(importFormats).optional(),
  name: freeText(1_024).optional().meta({ description: "File name, for the report and as a hint for the format." }),
  map: freeText(4_096).optional().meta({
    description: "CSV columns: field=Column,… such as input_tokens=ContextTokens; field='text' sets a constant.",
  }),
  provider: Name.optional().meta({ description: "For records that do not say." }),
  model: Name.optional(),
  project_id: Name.optional(),
  user_id: Name.optional(),
  tags: freeText(4_096).optional(),
  occurred_at: Instant.optional().meta({ description: "For records that carry no time." }),
  dry_run: BooleanText.optional(),
});
export type ImportQuery = z.output<typeof ImportQuery>;

export const ImportRejection = z.object({
  line: z.number().int(),
  reason: z.string(),
  field: z.string().nullable(),
  content: z.string(),
});
export type ImportRejection = z.infer<typeof ImportRejection>;

/** How an import ended. `read` = recorded + duplicate + rejected; unpriced records are among the recorded. */
export const ImportReport = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    format: z.string(),
    status: z.enum(["running", "completed", "failed"]),
    read: z.number().int().meta({ description: "Billable records found; lines that carry no usage are in skipped." }),
    recorded: z.number().int(),
    duplicate: z.number().int(),
    unpriced: z.number().int(),
    rejected: z.number().int(),
    skipped: z.number().int(),
    bytes: z.number().int(),
    started_at: z.string(),
    finished_at: z.string().nullable(),
    unpriced_models: z.array(
      z.object({ provider: z.string(), model: z.string(), reason: z.string(), records: z.number().int() }),
    ),
    rejections: z.array(ImportRejection).meta({ description: "The first 100; the NDJSON answer carries all." }),
  })
  .meta({ id: "ImportReport" });
export type ImportReport = z.infer<typeof ImportReport>;

/** Lines of the NDJSON answer (`Accept: application/x-ndjson`): progress and rejections as they happen, the report last. */
export const ImportEvent = z
  .discriminatedUnion("type", [
    z.object({
      type: z.literal("progress"),
      bytes: z.number(),
      read: z.number(),
      recorded: z.number(),
      duplicate: z.number(),
      rejected: z.number(),
    }),
    z.object({ type: z.literal("rejected"), rejection: ImportRejection }),
    z.object({ type: z.literal("report"), report: ImportReport }),
    z.object({ type: z.literal("error"), error: z.object({ code: z.string(), message: z.string() }) }),
  ])
  .meta({ id: "ImportEvent" });
export type ImportEvent = z.infer<typeof ImportEvent>;
