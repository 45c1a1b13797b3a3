import { parseInstant } from "../time/instant.ts";
import { isPresent, type JsonObject, listOf, nameOf, objectOf } from "./providers/provider-json.ts";
import type { UsageShape } from "./providers/usage-shape.ts";

interface ProviderEvidence {
  readonly provider: string;
  /** Beginnings of response ids that this provider makes; absent: any id will do. */
  readonly ids?: readonly string[];
  /** Models that this provider serves under this name; absent: any model will do. */
  readonly models?: RegExp;
}

/**
 * What gives a provider away, in the order in which it is tried. An id alone is evidence only where nobody else makes
 * such ids; a model family alone only where others serve it under another name.
 */
const evidences: readonly ProviderEvidence[] = [
  { provider: "aws", ids: ["msg_bdrk_"] },
  { provider: "google", ids: ["msg_vrtx_"] },
  { provider: "anthropic", ids: ["msg_"], models: /^claude-[^@]*$/ },
  {
    provider: "aws",
    models:
      /^((us|eu|apac|global|us-gov|jp|au|ca)\.)?(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen)\.[^/]+$/,
  },
  { provider: "fireworks", models: /^accounts\/fireworks\// },
  {
    provider: "openai",
    ids: ["chatcmpl-", "resp_", "cmpl-"],
    models: /^(ft:)?(gpt-(?!oss)|chatgpt-|codex-|computer-use-|o\d($|-)|davinci|babbage)[^/]*$/,
  },
  {
    provider: "openai",
    models:
      /^(text-embedding-(3-|ada-)|gpt-image-|dall-e-|whisper-1$|tts-1|gpt-(4o|audio|realtime)[^/]*(transcribe|tts))/,
  },
  { provider: "google", models: /^(models\/)?(gemini|imagen|veo)-[^/]*$/ },
  { provider: "x-ai", models: /^grok-[^/]*$/ },
  { provider: "deepseek", models: /^deepseek-(chat|reasoner|v\d[^/]*)$/ },
  { provider: "moonshotai", models: /^(kimi|moonshot)-[^/]*$/ },
  { provider: "perplexity", models: /^sonar($|-)/ },
  { provider: "cohere", models: /^(command-|embed-|rerank-)[^/]*$/ },
];

/** Who sent a body, or undefined when nothing in it proves a sender. Names are those of the price catalogue. */
export function providerOf(shape: UsageShape, body: JsonObject, model: string | undefined): string | undefined {
  if (shape.provider !== undefined) return shape.provider;
  if (isPresent(body["amazon-bedrock-invocationMetrics"])) return "aws";
  // The Responses and Embeddings of Azure look like OpenAI's but for the verdicts of its content filter.
  if (isPresent(body["content_filters"]) || isPresent(body["prompt_filter_results"])) return "azure";
  const output = objectOf(body["output"]);
  if (shape.flavor === "bedrock_converse" && (isPresent(body["metrics"]) || isPresent(output?.["message"])))
    return "aws";
  const id = responseIdOf(body) ?? "";
  const found = evidences.find(
    (evidence) =>
      (evidence.ids === undefined || evidence.ids.some((prefix) => id.startsWith(prefix))) &&
      (evidence.models === undefined || (model !== undefined && evidence.models.test(model))),
  );
  return found?.provider;
}

const firstName = (body: JsonObject, names: readonly string[]): string | undefined => {
  for (const name of names) {
    const value = nameOf(body[name]);
    if (value !== undefined) return value;
  }
  return undefined;
};

export const modelOf = (body: JsonObject): string | undefined =>
  firstName(body, ["model", "modelVersion", "model_version", "modelId"]);

export const responseIdOf = (body: JsonObject): string | undefined =>
  firstName(body, ["id", "responseId", "response_id", "generation_id", "requestId"]);

/**
 * The tier that served a call, as the body names it. `auto` is a request for a tier, not an answer, and says nothing.
 */
export function servedTierOf(body: JsonObject): string | undefined {
  const tier = body["service_tier"] ?? body["serviceTier"];
  const named = nameOf(objectOf(tier)?.["type"] ?? tier);
  if (named !== undefined) return named === "auto" ? undefined : named;
  const latency = objectOf(body["performanceConfig"])?.["latency"];
  return latency === "optimized" ? "optimized" : undefined;
}

const timeFields = ["created", "created_at", "createTime", "create_time", "timestamp", "processed_time"] as const;
/** Numbers below this are seconds since the epoch (it is the year 5138 in seconds, 1973 in milliseconds). */
const secondsBelow = 100_000_000_000;
/** The end of the year 9999, beyond which ISO 8601 has no four-digit year. */
const instantMaxMs = 253_402_300_799_999;

/** When a body says that it was made, in milliseconds since the epoch. A time without a zone says nothing. */
export function occurredAtMsOf(body: JsonObject): number | undefined {
  for (const name of timeFields) {
    const value = body[name];
    if (typeof value === "number" && value > 0) {
      const ms = Math.round(value < secondsBelow ? value * 1000 : value);
      if (ms <= instantMaxMs) return ms;
    } else if (typeof value === "string") {
      const ms = parseInstant(value);
      if (ms !== undefined && ms >= 0) return ms;
    }
  }
  return undefined;
}

const toolKinds: Readonly<Record<string, "web_searches" | "file_searches" | "code_executions">> = {
  web_search_call: "web_searches",
  file_search_call: "file_searches",
  code_interpreter_call: "code_executions",
};

/** Calls of the provider's own tools, which the Responses API lists in `output` and leaves out of the usage. */
export function toolCallsOf(body: JsonObject): {
  [K in "web_searches" | "file_searches" | "code_executions"]?: number;
} {
  const counts: { [K in "web_searches" | "file_searches" | "code_executions"]?: number } = {};
  for (const item of listOf(body["output"])) {
    const type = nameOf(objectOf(item)?.["type"]);
    const kind = type !== undefined && Object.hasOwn(toolKinds, type) ? toolKinds[type] : undefined;
    if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
