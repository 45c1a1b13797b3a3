import { type ProviderResponse, type ResponseHints, readProviderResponse } from "@llm-cost-ops/core";
import type { ImportReader, ReadContext, ReadItem } from "../import-reader.ts";
import { instantMs } from "../instants.ts";
import { firstName, isFilled, type JsonObject, objectIn, objectOrJson } from "../json-fields.ts";
import { excerpt, jsonReader } from "../json-reader.ts";
import { type CallFacts, providerRecord } from "../provider-record.ts";
import type { FileHead } from "../source/file-head.ts";

/** Where recorders put the response in their envelope, in the order in which the places are tried. */
const bodyFields = [
  "response",
  "response_body",
  "responseBody",
  "body",
  "data",
  "result",
  "completion",
  "output",
  "message",
];
const timeFields = [
  "timestamp",
  "occurred_at",
  "time",
  "ts",
  "date",
  "created_at",
  "createdAt",
  "start_time",
  "created",
];
const latencyFields = ["latency_ms", "duration_ms", "elapsed_ms", "response_time_ms"];

/** Recorded provider responses: whole bodies, their usage alone, batch outputs, invocation logs, with envelopes or not. */
export const recordedResponses: ImportReader = jsonReader({
  format: "responses",
  listKeys: ["records", "responses", "results", "items"],
  sniff: (head: FileHead) => {
    const read = head.objects.filter((object) => findResponse(object, {}) !== undefined).length;
    return read === 0 ? 0 : 70;
  },
  open: (context) => ({ take: (value, line, bytes) => [readResponse(value, line, bytes, context)] }),
});

function readResponse(value: JsonObject, line: number, bytes: Buffer, context: ReadContext): ReadItem {
  const provider = firstName(value, "provider") ?? context.defaultProvider;
  const found = findResponse(value, provider === undefined ? {} : { provider });
  if (found === undefined) {
    if (isFailure(value)) return { line, skipped: "the call failed and reports no usage" };
    return { line, rejected: "no usage of a known provider shape was found", content: excerpt(bytes) };
  }
  const { response, envelope } = found;
  if (response.status === "void" && !isFilled(response.model)) {
    return { line, skipped: "the call failed and consumed nothing" };
  }
  return { line, record: providerRecord(response, envelope === undefined ? {} : factsOf(envelope)) };
}

interface Found {
  readonly response: ProviderResponse;
  readonly envelope: JsonObject | undefined;
}

function findResponse(value: JsonObject, hints: ResponseHints): Found | undefined {
  const direct = readProviderResponse(value, hints);
  if (direct !== undefined) return { response: direct, envelope: envelopeAround(value) };
  const request = objectOrJson(value["request"] ?? value["request_body"]);
  const model = firstName(value, "model") ?? (request === undefined ? undefined : firstName(request, "model"));
  for (const field of bodyFields) {
    const body = bodyIn(value[field]);
    if (body === undefined) continue;
    const response = readProviderResponse(body, model === undefined ? hints : { ...hints, model });
    if (response !== undefined) return { response, envelope: value };
  }
  return undefined;
}

function bodyIn(value: unknown): unknown {
  if (Array.isArray(value)) return value;
  const body = objectOrJson(value);
  // HTTP recorders nest once more: {status, headers, body}.
  const nested = body === undefined ? undefined : objectOrJson(body["body"] ?? body["data"]);
  return nested !== undefined && body?.["usage"] === undefined ? nested : body;
}

/** Fields beside a body that stand for the call even where no envelope was opened: `{timestamp, user_id, usage}`. */
function envelopeAround(value: JsonObject): JsonObject | undefined {
  return timeFields.some((field) => isFilled(value[field])) ||
    isFilled(value["project_id"]) ||
    isFilled(value["user_id"])
    ? value
    : undefined;
}

function factsOf(envelope: JsonObject): CallFacts {
  const time = timeFields.map((field) => instantMs(envelope[field])).find((ms) => ms !== undefined);
  const latency = latencyFields.map((field) => envelope[field]).find((ms) => typeof ms === "number" && ms >= 0);
  return {
    id: firstName(envelope, "request_id", "requestId", "id"),
    provider: firstName(envelope, "provider"),
    model: firstName(envelope, "model"),
    occurredAtMs: time,
    project_id: firstName(envelope, "project_id", "project"),
    user_id: firstName(envelope, "user_id", "user"),
    latency_ms: typeof latency === "number" ? latency : undefined,
    tags: tagsOf(envelope["tags"]),
  };
}

function tagsOf(value: unknown): Record<string, string> | undefined {
  const tags = objectIn(value);
  if (tags === undefined) return undefined;
  const texts = Object.entries(tags).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return texts.length === 0 ? undefined : Object.fromEntries(texts);
}

const isFailure = (value: JsonObject): boolean =>
  isFilled(value["error"]) ||
  value["type"] === "error" ||
  (typeof value["status_code"] === "number" && value["status_code"] >= 400);
