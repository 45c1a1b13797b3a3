import type { ProviderUsage } from "../usage-flavors.ts";
import { type InclusiveFields, readInclusive } from "./inclusive-usage.ts";
import { isPresent, nameOf } from "./provider-json.ts";
import { closeReading, openReading } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/** OpenAI Responses: the same inclusion as Chat under newer names. Tool calls are counted in the body's `output`. */
const openaiResponsesFields: InclusiveFields = {
  input: ["input_tokens"],
  output: ["output_tokens"],
  total: ["total_tokens"],
  cacheRead: ["input_tokens_details.cached_tokens"],
  cacheWrite5m: ["input_tokens_details.cache_write_tokens"],
  inputModalities: { audio: ["input_tokens_details.audio_tokens"], image: ["input_tokens_details.image_tokens"] },
  reasoning: ["output_tokens_details.reasoning_tokens"],
  outputModalities: { audio: ["output_tokens_details.audio_tokens"], image: ["output_tokens_details.image_tokens"] },
  reasoningPlace: "inside",
};

function readOpenaiResponsesUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  readInclusive(reading, openaiResponsesFields);
  return closeReading(reading, { serviceTier: nameOf(reading.usage["service_tier"]) });
}

const detailFields = ["input_tokens_details", "output_tokens_details", "total_tokens"] as const;

export const openaiResponses: UsageShape = {
  flavor: "openai_responses",
  recognises: (usage, body) =>
    body["object"] === "response" ||
    ((isPresent(usage["input_tokens"]) || isPresent(usage["output_tokens"])) &&
      detailFields.some((name) => isPresent(usage[name]))),
  read: readOpenaiResponsesUsage,
};
