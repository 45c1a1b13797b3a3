import type { ProviderUsage } from "../usage-flavors.ts";
import { readInclusive } from "./inclusive-usage.ts";
import { openaiChatFields } from "./openai-chat.ts";
import { isPresent, nameOf } from "./provider-json.ts";
import { addQuantity, closeReading, countAt, openReading, secondsAsMs } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/** Mistral: OpenAI-shaped, with seconds of audio for its speech models and processed pages for OCR. */
function readMistralUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  readInclusive(reading, {
    ...openaiChatFields,
    cacheRead: ["prompt_tokens_details.cached_tokens", "prompt_token_details.cached_tokens", "num_cached_tokens"],
  });
  addQuantity(reading, "input_audio_ms", secondsAsMs(reading, "prompt_audio_seconds") ?? 0);
  addQuantity(reading, "pages", countAt(reading, "pages_processed")?.value ?? 0);
  return closeReading(reading);
}

const models = /^(open-)?(mistral|mixtral|ministral|magistral|codestral|pixtral|devstral|voxtral)-[^/@]*$/;

export const mistral: UsageShape = {
  flavor: "mistral",
  provider: "mistral",
  recognises: (usage, body) =>
    isPresent(usage["pages_processed"]) ||
    isPresent(usage["prompt_audio_seconds"]) ||
    (isPresent(usage["prompt_tokens"]) &&
      models.test(nameOf(body["model"]) ?? "") &&
      !(nameOf(body["id"])?.startsWith("chatcmpl-") ?? false)),
  read: readMistralUsage,
};
