import type { ProviderUsage } from "../usage-flavors.ts";
import { readInclusive } from "./inclusive-usage.ts";
import { isPresent, type JsonObject, listOf, objectOf } from "./provider-json.ts";
import { closeReading, openReading } from "./usage-reading.ts";
import type { UsageShape } from "./usage-shape.ts";

/**
 * OpenAI Images: prompt and reference images in tokens, the generated images in tokens of their own price. Without output
 * details all output is image; a response that carries details is taken at its word.
 */
function readOpenaiImagesUsage(usage: unknown): ProviderUsage | undefined {
  const reading = openReading(usage);
  if (reading === undefined) return undefined;
  const detailed = isPresent(reading.usage["output_tokens_details"]);
  readInclusive(reading, {
    input: ["input_tokens"],
    output: ["output_tokens"],
    total: ["total_tokens"],
    cacheRead: ["input_tokens_details.cached_tokens"],
    inputModalities: { image: ["input_tokens_details.image_tokens"] },
    cachedModalities: { image: ["input_tokens_details.cached_tokens_details.image_tokens"] },
    outputModalities: { image: [detailed ? "output_tokens_details.image_tokens" : "output_tokens"] },
    reasoningPlace: "inside",
  });
  return closeReading(reading);
}

/** How many images a body hands over, as data or as links. */
export function imagesIn(body: JsonObject): number {
  return listOf(body["data"]).filter((entry) => {
    const image = objectOf(entry);
    return image !== undefined && (isPresent(image["b64_json"]) || isPresent(image["url"]));
  }).length;
}

export const openaiImages: UsageShape = {
  flavor: "openai_images",
  recognises: (usage, body) => {
    const details = objectOf(usage["input_tokens_details"]);
    if (!isPresent(usage["input_tokens"])) return false;
    if (imagesIn(body) > 0 || String(body["type"]).startsWith("image_")) return true;
    return (
      isPresent(details?.["image_tokens"]) && !isPresent(details?.["cached_tokens"]) && body["object"] === undefined
    );
  },
  read: readOpenaiImagesUsage,
};
