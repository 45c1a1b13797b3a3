import type { ProviderUsage, UsageFlavor } from "../usage-flavors.ts";
import { anthropicMessages } from "./anthropic-messages.ts";
import { azureOpenai } from "./azure-openai.ts";
import { bedrockConverse } from "./bedrock-converse.ts";
import { cohere } from "./cohere.ts";
import { deepseek } from "./deepseek.ts";
import { gemini } from "./gemini.ts";
import { groq } from "./groq.ts";
import { mistral } from "./mistral.ts";
import { openaiAudio } from "./openai-audio.ts";
import { openaiChat } from "./openai-chat.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";
import { openaiImages } from "./openai-images.ts";
import { openaiRealtime } from "./openai-realtime.ts";
import { openaiResponses } from "./openai-responses.ts";
import { openrouter } from "./openrouter.ts";
import { perplexity } from "./perplexity.ts";
import type { JsonObject } from "./provider-json.ts";
import type { UsageShape } from "./usage-shape.ts";
import { xai } from "./xai.ts";

/** Every shape, from the most specific to the least: the first that recognises a body reads it. */
export const usageShapes: readonly UsageShape[] = [
  gemini,
  cohere,
  openaiAudio,
  openaiRealtime,
  bedrockConverse,
  groq,
  openrouter,
  xai,
  deepseek,
  perplexity,
  azureOpenai,
  mistral,
  openaiImages,
  openaiEmbeddings,
  anthropicMessages,
  openaiResponses,
  openaiChat,
];

const shapeByFlavor: ReadonlyMap<UsageFlavor, UsageShape> = new Map(usageShapes.map((shape) => [shape.flavor, shape]));
const shapeByProvider: ReadonlyMap<string, UsageShape> = new Map(
  usageShapes.flatMap((shape) => (shape.provider === undefined ? [] : [[shape.provider, shape] as const])),
);

export const shapeOfFlavor = (flavor: UsageFlavor): UsageShape | undefined => shapeByFlavor.get(flavor);
export const shapeOfProvider = (provider: string): UsageShape | undefined => shapeByProvider.get(provider);

export const recogniseShape = (usage: JsonObject, body: JsonObject): UsageShape | undefined =>
  usageShapes.find((shape) => shape.recognises(usage, body));

/**
 * Reads a provider's usage object (not the body around it) by the rules of a shape: disjoint kinds, contradictions named
 * and cut to fit with status `partial`. Undefined when the value holds no field of that shape. Never throws.
 * @example readProviderUsage("anthropic_messages", { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 5 })
 */
export function readProviderUsage(flavor: UsageFlavor, usage: unknown): ProviderUsage | undefined {
  return shapeByFlavor.get(flavor)?.read(usage);
}
