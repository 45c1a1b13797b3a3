import { isPresent, type JsonObject, listOf, nameOf, objectOf } from "./providers/provider-json.ts";
import type { UsageFlavor } from "./usage-flavors.ts";

/** What an envelope around a response knows that the response itself does not. */
export interface Envelope {
  /** The response, or undefined when the call failed and there is none. */
  readonly body: unknown;
  /** The shape to read with, where the envelope decides it. */
  readonly flavor?: UsageFlavor;
  readonly provider?: string;
  readonly model?: string;
  readonly region?: string;
  readonly serviceTier?: string;
  readonly responseId?: string;
  readonly occurredAt?: unknown;
  /** The usage to fall back on when the body has none. */
  readonly usage?: JsonObject;
  /** The call is known to have failed: without usage it is void, not unknown. */
  readonly failed: boolean;
}

/** Takes a body out of its envelope, or gives undefined for a body that stands alone. */
type OpenEnvelope = (line: JsonObject) => Envelope | undefined;

/** One line of an OpenAI Batch output or error file: `{custom_id, response: {status_code, body}, error}`. */
const openOpenaiBatchLine: OpenEnvelope = (line) => {
  if (!("custom_id" in line) || !("response" in line)) return undefined;
  const response = objectOf(line["response"]);
  const statusCode = response?.["status_code"];
  const failed = isPresent(line["error"]) || (typeof statusCode === "number" && statusCode >= 400);
  const responseId = nameOf(response?.["request_id"]) ?? nameOf(line["id"]);
  return {
    body: response?.["body"],
    serviceTier: "batch",
    failed: failed || response === undefined,
    ...(responseId === undefined ? {} : { responseId }),
  };
};

/** One line of an Anthropic Message Batches result: `{custom_id, result: {type, message}}`. */
const openAnthropicBatchLine: OpenEnvelope = (line) => {
  const result = objectOf(line["result"]);
  if (!("custom_id" in line) || result === undefined) return undefined;
  const failed = ["errored", "expired", "canceled"].includes(String(result["type"]));
  return { body: result["message"], flavor: "anthropic_messages", serviceTier: "batch", failed };
};

/** One line of a Gemini or Vertex batch output: `{request | key, response, status?}`. */
const openGeminiBatchLine: OpenEnvelope = (line) => {
  const response = objectOf(line["response"]);
  const isBatch = "request" in line || "key" in line;
  if (!isBatch || (response === undefined && !isPresent(line["error"]) && !isPresent(line["status"]))) return undefined;
  if (response !== undefined && !isPresent(response["usageMetadata"]) && !isPresent(response["candidates"]))
    return undefined;
  const occurredAt = response?.["createTime"] ?? line["processed_time"];
  return { body: response, flavor: "gemini", serviceTier: "batch", occurredAt, failed: response === undefined };
};

/** A server event that carries a whole response: Realtime's `response.done`, Responses' `response.completed` and kin. */
const openResponseEvent: OpenEnvelope = (line) => {
  const type = nameOf(line["type"]);
  const response = objectOf(line["response"]);
  if (type === undefined || response === undefined || !type.startsWith("response.")) return undefined;
  const realtime = type === "response.done" || response["object"] === "realtime.response";
  return { body: response, failed: false, ...(realtime ? { flavor: "openai_realtime" as const } : {}) };
};

/** A model-invocation log entry of Amazon Bedrock. The native body, where logged, says more than the entry's counts. */
const openBedrockLogEntry: OpenEnvelope = (line) => {
  if (line["schemaType"] !== "ModelInvocationLog") return undefined;
  const input = objectOf(line["input"]) ?? {};
  const output = objectOf(line["output"]) ?? {};
  const counts = Object.fromEntries(
    [...Object.entries(input), ...Object.entries(output)].filter(([name]) => name.endsWith("TokenCount")),
  );
  const model = nameOf(line["modelId"]);
  const region = nameOf(line["region"]) ?? nameOf(line["inferenceRegion"]);
  const responseId = nameOf(line["requestId"]);
  return {
    body: output["outputBodyJson"],
    provider: "aws",
    occurredAt: line["timestamp"],
    failed: isPresent(line["errorCode"]),
    ...(Object.keys(counts).length === 0 ? {} : { usage: counts }),
    ...(model === undefined ? {} : { model: modelInArn(model) }),
    ...(region === undefined ? {} : { region }),
    ...(responseId === undefined ? {} : { responseId }),
  };
};

/** `arn:aws:bedrock:<region>:<account>:<kind>/<name>` → the name, without the account. */
const modelInArn = (modelId: string): string =>
  modelId.startsWith("arn:") ? modelId.slice(modelId.lastIndexOf("/") + 1) : modelId;

const openers: readonly OpenEnvelope[] = [
  openOpenaiBatchLine,
  openAnthropicBatchLine,
  openBedrockLogEntry,
  openResponseEvent,
  openGeminiBatchLine,
];

export function openEnvelope(line: JsonObject): Envelope | undefined {
  for (const open of openers) {
    const envelope = open(line);
    if (envelope !== undefined) return envelope;
  }
  return undefined;
}

/** Where bodies keep their usage, in the order in which the places are tried. */
export function usageIn(body: JsonObject): JsonObject | undefined {
  for (const name of ["usageMetadata", "usage_metadata", "usage", "usage_info"]) {
    const usage = objectOf(body[name]);
    if (usage !== undefined && Object.keys(usage).length > 0) return usage;
  }
  const meta = objectOf(body["meta"]);
  if (isPresent(meta?.["billed_units"])) return meta;
  return objectOf(objectOf(body["x_groq"])?.["usage"]) ?? objectOf(objectOf(body["metadata"])?.["usage"]);
}

/** Longest text in a usage object; anything longer is content. */
const usageTextCharactersMax = 200;
const usageFieldsMax = 60;

/** Whether an object could be a usage object that arrived alone: a few counts and names, no content. */
export function mayBeUsage(object: JsonObject): boolean {
  const values = Object.values(object);
  return (
    values.length <= usageFieldsMax &&
    values.every((value) => typeof value !== "string" || value.length <= usageTextCharactersMax) &&
    !["messages", "content", "choices", "prompt", "output", "candidates"].some((name) => isPresent(object[name]))
  );
}

/** Whether a list is the chunks of one stream rather than several responses. */
export const isChunkList = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) && value.length > 0 && listOf(value).every((entry) => objectOf(entry) !== undefined);
