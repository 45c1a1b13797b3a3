import type { ProviderUsage } from "../usage-flavors.ts";
import { readInclusive } from "./inclusive-usage.ts";
import { isPresent } from "./provider-json.ts";
import { closeReading, openReading } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/** OpenAI Realtime (`response.done`): details are called `…_token_details`, and the cached tokens are split by modality. */
function readOpenaiRealtimeUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  readInclusive(reading, {
    input: ["input_tokens"],
    output: ["output_tokens"],
    total: ["total_tokens"],
    cacheRead: ["input_token_details.cached_tokens"],
    inputModalities: { audio: ["input_token_details.audio_tokens"], image: ["input_token_details.image_tokens"] },
    cachedModalities: {
      audio: ["input_token_details.cached_tokens_details.audio_tokens"],
      image: ["input_token_details.cached_tokens_details.image_tokens"],
    },
    reasoning: ["output_token_details.reasoning_tokens"],
    outputModalities: { audio: ["output_token_details.audio_tokens"] },
    reasoningPlace: "inside",
  });
  return closeReading(reading);
}

export const openaiRealtime: UsageShape = {
  flavor: "openai_realtime",
  recognises: (usage, body) =>
    !isPresent(usage["type"]) &&
    (body["object"] === "realtime.response" ||
      isPresent(usage["input_token_details"]) ||
      isPresent(usage["output_token_details"])),
  read: readOpenaiRealtimeUsage,
};
