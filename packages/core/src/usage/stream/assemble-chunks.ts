import { isPresent, type JsonObject, listOf, nameOf, objectOf } from "../providers/provider-json.ts";
import { responseIdOf } from "../response-evidence.ts";
import { mergeUsage } from "./merge-usage.ts";

/** Puts the chunks of one streamed response together into a body without content. Keeps names, times and usage only. */
export interface ChunkAssembler {
  /** Takes the next chunk. `eventName` is the SSE event's name where there is one. */
  add(chunk: unknown, eventName?: string): void;
  /** The transport said that nothing follows (`[DONE]`). */
  markEnded(): void;
  /** What is known so far as a body that can be read, or undefined while there is no usage. */
  body(): JsonObject | undefined;
  state(): AssemblyState;
}

export interface AssemblyState {
  readonly chunks: number;
  /** The last event of the protocol arrived, or the protocol has no last event. */
  readonly ended: boolean;
  /** The stream itself reported an error. */
  readonly failed: boolean;
  /** More than one response began: only the last one's usage is in the body. */
  readonly responses: number;
}

/** Fields of a chunk that describe the response; the rest is content. */
const nameFields = [
  "id",
  "object",
  "model",
  "modelVersion",
  "model_version",
  "responseId",
  "response_id",
  "generation_id",
  "created",
  "created_at",
  "createTime",
  "create_time",
  "provider",
  "role",
] as const;
/** Fields whose mere presence is evidence of the sender. */
const evidenceFields = [
  "prompt_filter_results",
  "content_filters",
  "amazon-bedrock-invocationMetrics",
  "metrics",
] as const;
const finalEvents = new Set(["response.completed", "response.incomplete", "response.failed", "response.done"]);
const toolTypesMax = 10_000;
/** Types of objects that carry the final usage by themselves. */
const wholeTypes = /^message$|[._](done|completed)$/;

export function createChunkAssembler(): ChunkAssembler {
  let head: Record<string, unknown> = {};
  let usageField: "usage" | "usageMetadata" | "meta" = "usage";
  let usage: JsonObject | undefined;
  let chunks = 0;
  let responses = 1;
  let needsEnd = false;
  let ended = false;
  let failed = false;

  const describe = (source: JsonObject): void => {
    for (const name of nameFields) {
      const value = source[name];
      if (typeof value === "number" || nameOf(value) !== undefined) head[name] = value;
    }
    const tier = source["service_tier"] ?? source["serviceTier"];
    if (isPresent(tier) && tier !== "auto") head["service_tier"] = nameOf(objectOf(tier)?.["type"] ?? tier);
    for (const name of evidenceFields) if (isPresent(source[name])) head[name] = {};
    if (isPresent(source["x_groq"])) {
      head["x_groq"] = {};
      head["id"] ??= nameOf(objectOf(source["x_groq"])?.["id"]);
    }
    if (source["type"] === "message") head["type"] = "message";
  };
  /** Another id means another response: nothing of the one before may leak into it. */
  const beginAnother = (source: JsonObject): void => {
    const id = responseIdOf(source);
    const before = responseIdOf(head);
    if (id === undefined || before === undefined || id === before) return;
    responses += 1;
    head = {};
    usage = undefined;
    ended = false;
    needsEnd = false;
  };
  const begin = (source: JsonObject): void => {
    beginAnother(source);
    needsEnd = true;
    describe(source);
  };
  const merge = (later: unknown): boolean => {
    const object = objectOf(later);
    if (object === undefined || Object.keys(object).length === 0) return false;
    usage = mergeUsage(usage, object);
    return true;
  };
  const end = (): void => {
    ended = true;
  };

  const addAnthropic = (event: JsonObject, type: string | undefined): boolean => {
    if (type === "message_start") {
      const message = objectOf(event["message"]) ?? {};
      begin(message);
      merge(message["usage"]);
    } else if (type === "message_delta") {
      needsEnd = true;
      merge(event["usage"]);
    } else if (type === "message_stop") {
      describe(event);
      end();
    } else return false;
    return true;
  };

  const addResponsesEvent = (event: JsonObject, type: string | undefined): boolean => {
    const response = objectOf(event["response"]);
    if (type === undefined || response === undefined || !type.startsWith("response.")) return false;
    begin(response);
    merge(response["usage"]);
    if (finalEvents.has(type)) {
      keepTools(response);
      end();
    }
    return true;
  };
  const keepTools = (response: JsonObject): void => {
    const types = listOf(response["output"])
      .slice(0, toolTypesMax)
      .map((item) => nameOf(objectOf(item)?.["type"]));
    const calls = types.filter((type) => type?.endsWith("_call") === true);
    if (calls.length > 0) head["output"] = calls.map((type) => ({ type }));
  };

  const addBedrock = (event: JsonObject, type: string | undefined): boolean => {
    const metadata = type === "metadata" ? event : objectOf(event["metadata"]);
    const metadataUsage = objectOf(metadata?.["usage"]);
    if (metadata !== undefined && metadataUsage !== undefined) {
      describe(metadata);
      merge(metadataUsage);
      end();
    } else if (isPresent(event["messageStart"]) || isPresent(event["contentBlockDelta"])) needsEnd = true;
    else return false;
    return true;
  };

  const addCohere = (event: JsonObject, type: string | undefined): boolean => {
    if (type === "message-start" || type === "stream-start") begin(event);
    else if (type === "message-end") {
      merge(objectOf(event["delta"])?.["usage"] ?? event["usage"]);
      end();
    } else if (type === "stream-end") {
      const response = objectOf(event["response"]) ?? {};
      describe(response);
      if (merge(response["meta"])) usageField = "meta";
      end();
    } else return false;
    return true;
  };

  const addGemini = (event: JsonObject): boolean => {
    const metadata = objectOf(event["usageMetadata"] ?? event["usage_metadata"]);
    if (metadata === undefined && !isPresent(event["candidates"])) return false;
    if (ended) beginAnother(event);
    needsEnd = true;
    describe(event);
    // Each chunk repeats the whole metadata so far: the last one stands for all.
    if (metadata !== undefined && Object.keys(metadata).length > 0) {
      usage = mergeUsage(undefined, metadata);
      usageField = "usageMetadata";
    }
    if (listOf(event["candidates"]).some((candidate) => isPresent(objectOf(candidate)?.["finishReason"]))) end();
    return true;
  };

  const addOpenaiLike = (event: JsonObject, type: string | undefined): void => {
    // Some servers give every chunk an id of its own, so only an ended response can be followed by another.
    if (ended) beginAnother(event);
    describe(event);
    const hasUsage = merge(event["usage"]) || merge(objectOf(event["x_groq"])?.["usage"]);
    if (merge(event["usage_info"])) end();
    if (isPresent(objectOf(event["meta"])?.["billed_units"]) && merge(event["meta"])) usageField = "meta";
    keepTools(event);
    const choices = event["choices"];
    if (Array.isArray(choices)) {
      needsEnd = true;
      const finished = choices.some((choice) => isPresent(objectOf(choice)?.["finish_reason"]));
      if (finished || (choices.length === 0 && hasUsage)) end();
      if (choices.some((choice) => isPresent(objectOf(choice)?.["content_filter_results"]))) {
        head["prompt_filter_results"] = {};
      }
    } else if (hasUsage && (type === undefined || wholeTypes.test(type))) end();
  };

  return {
    add(chunk, eventName) {
      const event = objectOf(chunk);
      if (event === undefined) return;
      chunks += 1;
      const type = nameOf(event["type"]) ?? nameOf(event["event_type"]) ?? eventName;
      if (type === "error" || isPresent(event["error"])) {
        failed = true;
        if (!isPresent(event["usage"])) return;
      }
      const known =
        addAnthropic(event, type) ||
        addResponsesEvent(event, type) ||
        addBedrock(event, type) ||
        addCohere(event, type) ||
        addGemini(event);
      if (!known) addOpenaiLike(event, type);
    },
    markEnded: end,
    body() {
      return usage === undefined ? undefined : { ...head, [usageField]: usage };
    },
    state: () => ({ chunks, ended: ended || !needsEnd, failed, responses }),
  };
}
