import type { ProviderUsage } from "../usage-flavors.ts";
import { type InclusiveFields, readInclusive } from "./inclusive-usage.ts";
import { isPresent, nameOf } from "./provider-json.ts";
import { reportedTicks } from "./reported-cost.ts";
import { addQuantity, closeReading, countAt, openReading } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/** Chat, its gRPC spelling and Responses. In Chat the reasoning is ADDITIONAL to the completion; Responses include it. */
const chatFields: InclusiveFields = {
  input: ["prompt_tokens", "input_tokens"],
  output: ["completion_tokens", "output_tokens"],
  total: ["total_tokens"],
  cacheRead: ["prompt_tokens_details.cached_tokens", "cached_prompt_text_tokens", "input_tokens_details.cached_tokens"],
  inputModalities: {
    audio: ["prompt_tokens_details.audio_tokens"],
    image: ["prompt_tokens_details.image_tokens", "prompt_image_tokens"],
  },
  reasoning: [
    "completion_tokens_details.reasoning_tokens",
    "reasoning_tokens",
    "output_tokens_details.reasoning_tokens",
  ],
  outputModalities: { audio: ["completion_tokens_details.audio_tokens"] },
  reasoningPlace: "outside",
};
const responsesFields: InclusiveFields = { ...chatFields, reasoningPlace: "inside" };

const toolDetails = "server_side_tool_usage_details";
const toolCounts = [
  ["web_searches", "web_search_calls"],
  ["web_searches", "x_search_calls"],
  ["code_executions", "code_interpreter_calls"],
  ["file_searches", "file_search_calls"],
  ["file_searches", "document_search_calls"],
] as const;

function readXaiUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  const isChat = isPresent(reading.usage["prompt_tokens"]) || isPresent(reading.usage["completion_tokens"]);
  readInclusive(reading, isChat ? chatFields : responsesFields);
  for (const [kind, field] of toolCounts) {
    addQuantity(reading, kind, countAt(reading, `${toolDetails}.${field}`)?.value ?? 0);
  }
  const reportedCost = reportedTicks(reading.usage["cost_in_usd_ticks"]);
  if (reportedCost !== undefined) reading.seen = true;
  return closeReading(reading, { reportedCost });
}

const ownFields = ["cost_in_usd_ticks", "num_sources_used", "cached_prompt_text_tokens", toolDetails] as const;

export const xai: UsageShape = {
  flavor: "xai",
  provider: "x-ai",
  recognises: (usage, body) =>
    ownFields.some((name) => isPresent(usage[name])) ||
    (isPresent(usage["prompt_tokens"]) && (nameOf(body["model"])?.startsWith("grok-") ?? false)),
  read: readXaiUsage,
};
