import type { ProviderUsage } from "../usage-flavors.ts";
import { readInclusive } from "./inclusive-usage.ts";
import { isPresent, listOf, nameOf, objectOf } from "./provider-json.ts";
import { closeReading, openReading } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/** Embeddings read and generate nothing: a total alone (Voyage, Jina) is the input. */
function readOpenaiEmbeddingsUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  readInclusive(reading, {
    input: ["prompt_tokens", "input_tokens"],
    output: ["completion_tokens"],
    total: ["total_tokens"],
    cacheRead: ["prompt_tokens_details.cached_tokens"],
    inputModalities: {
      audio: ["prompt_tokens_details.audio_tokens"],
      image: ["prompt_tokens_details.image_tokens", "image_tokens"],
    },
    reasoningPlace: "inside",
    inputOnly: true,
  });
  return closeReading(reading);
}

export const openaiEmbeddings: UsageShape = {
  flavor: "openai_embeddings",
  recognises: (usage, body) =>
    !isPresent(usage["completion_tokens"]) &&
    !isPresent(usage["output_tokens"]) &&
    (objectOf(listOf(body["data"])[0])?.["object"] === "embedding" ||
      /(^|[/-])(text-)?embed/.test(nameOf(body["model"]) ?? "") ||
      (isPresent(usage["prompt_tokens"]) && usage["prompt_tokens"] === usage["total_tokens"])),
  read: readOpenaiEmbeddingsUsage,
};
