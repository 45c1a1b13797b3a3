import type { ProviderUsage } from "../usage-flavors.ts";
import { type InclusiveFields, readInclusive } from "./inclusive-usage.ts";
import { isPresent, nameOf } from "./provider-json.ts";
import { closeReading, openReading } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/**
 * OpenAI Chat Completions and the many that speak it. The prompt includes cached and cache-written tokens, the completion
 * includes reasoning and predicted tokens, accepted or rejected. Proxies add names of other providers to the same object;
 * they repeat what the details say and are read only where the details are absent.
 */
export const openaiChatFields: InclusiveFields = {
  input: ["prompt_tokens"],
  output: ["completion_tokens"],
  total: ["total_tokens"],
  cacheRead: ["prompt_tokens_details.cached_tokens", "cached_tokens", "cache_read_input_tokens"],
  cacheWrite5m: [
    "prompt_tokens_details.cache_write_tokens",
    "prompt_tokens_details.cache_creation_tokens",
    "cache_creation_input_tokens",
  ],
  inputModalities: {
    audio: ["prompt_tokens_details.audio_tokens"],
    image: ["prompt_tokens_details.image_tokens"],
    video: ["prompt_tokens_details.video_tokens"],
  },
  cachedModalities: {
    audio: ["prompt_tokens_details.cached_tokens_details.audio_tokens"],
    image: ["prompt_tokens_details.cached_tokens_details.image_tokens"],
  },
  reasoning: ["completion_tokens_details.reasoning_tokens", "reasoning_tokens"],
  outputModalities: {
    audio: ["completion_tokens_details.audio_tokens"],
    image: ["completion_tokens_details.image_tokens"],
    video: ["completion_tokens_details.video_tokens"],
  },
  reasoningPlace: "inside",
};

export function readOpenaiChatUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  readInclusive(reading, openaiChatFields);
  return closeReading(reading, { serviceTier: nameOf(reading.usage["service_tier"]) });
}

export const openaiChat: UsageShape = {
  flavor: "openai_chat",
  recognises: (usage) => isPresent(usage["prompt_tokens"]) || isPresent(usage["completion_tokens"]),
  read: readOpenaiChatUsage,
};
