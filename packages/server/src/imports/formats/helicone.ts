import { canonicalProvider, readProviderResponse } from "@llm-cost-ops/core";
import { inclusiveInput } from "../cache-accounting.ts";
import type { ImportedRecord, ImportReader, ReadItem } from "../import-reader.ts";
import { instantMs } from "../instants.ts";
import {
  compact,
  fieldsOf,
  firstCount,
  firstName,
  isFilled,
  type JsonObject,
  nameIn,
  objectOrJson,
} from "../json-fields.ts";
import { excerpt, jsonReader } from "../json-reader.ts";
import { type CallFacts, providerRecord } from "../provider-record.ts";
import { externalId } from "../record-identity.ts";

/** Requests exported from Helicone. A recorded response body says more than the columns and goes before them. */
export const helicone: ImportReader = jsonReader({
  format: "helicone",
  listKeys: ["data", "requests"],
  sniff: (head) =>
    head.objects.some((row) => isFilled(row["request_id"]) && isFilled(row["request_created_at"])) ? 95 : 0,
  open: () => ({ take: (row, line, bytes) => [readRequest(row, line, excerpt(bytes))] }),
});

function readRequest(row: JsonObject, line: number, content: string): ReadItem {
  const properties = objectOrJson(row["request_properties"] ?? row["properties"]);
  const status = row["response_status"] ?? row["status"];
  const failed = typeof status === "number" && status >= 400;
  const provider = firstName(row, "provider");
  const canonical = provider === undefined || /^custom$/i.test(provider) ? undefined : canonicalProvider(provider);
  const requestId = nameIn(row["request_id"]);
  const latency = row["delay_ms"] ?? row["latency"];
  const facts: CallFacts = {
    id: requestId,
    provider: canonical,
    model: firstName(row, "response_model", "model", "request_model", "model_override"),
    occurredAtMs: instantMs(row["request_created_at"]),
    user_id: firstName(row, "request_user_id", "user_id", "helicone_user"),
    latency_ms: typeof latency === "number" && latency >= 0 ? latency : undefined,
    status: failed ? "error" : undefined,
    tags: tagsOf(properties),
    metadata: compact({
      reported_cost: costOf(row),
      helicone_request_id: requestId,
      session_id: properties === undefined ? undefined : firstName(properties, "Helicone-Session-Id"),
    }),
  };
  if (isFilled(row["cache_reference_id"]) && row["cache_reference_id"] !== "00000000-0000-0000-0000-000000000000") {
    return { line, skipped: "answered from Helicone's cache; no provider was called" };
  }
  const body = objectOrJson(row["response_body"] ?? row["response"]);
  const response =
    body === undefined ? undefined : readProviderResponse(body, canonical === undefined ? {} : { provider: canonical });
  if (response !== undefined) return { line, record: { ...providerRecord(response, facts), ...timeOf(facts) } };
  const counts = countsOf(row, canonical);
  if (counts === undefined) {
    if (failed) return { line, skipped: "the call failed and reports no usage" };
    return { line, rejected: "prompt_tokens and completion_tokens are missing", field: "prompt_tokens", content };
  }
  const { occurredAtMs, id, metadata, ...rest } = facts;
  return {
    line,
    record: fieldsOf<ImportedRecord>({
      ...rest,
      id: id === undefined ? undefined : externalId(id),
      occurred_at: occurredAtMs,
      metadata,
      ...counts,
    }),
  };
}

/** The proxy's clock is finer than the whole seconds in some bodies. */
const timeOf = ({ occurredAtMs }: CallFacts): ImportedRecord =>
  occurredAtMs === undefined ? {} : { occurred_at: occurredAtMs };

function countsOf(row: JsonObject, provider: string | undefined): ImportedRecord | undefined {
  const input = firstCount(row, "prompt_tokens");
  const output = firstCount(row, "completion_tokens");
  if (input === undefined && output === undefined) return undefined;
  const cacheRead = firstCount(row, "prompt_cache_read_tokens") ?? 0;
  const cacheWrite = firstCount(row, "prompt_cache_write_tokens") ?? 0;
  const total = firstCount(row, "total_tokens");
  // Anthropic's own counts leave the cache out of the input, and Helicone passes them on.
  const usual = provider === "anthropic" || provider === "aws" ? "excluded" : "included";
  return fieldsOf<ImportedRecord>({
    input_tokens: inclusiveInput({ input: input ?? 0, output: output ?? 0, cacheRead, cacheWrite, total }, usual),
    output_tokens: output ?? 0,
    cached_tokens: cacheRead || undefined,
    cache_write_tokens: cacheWrite || undefined,
  });
}

function tagsOf(properties: JsonObject | undefined): Record<string, string> | undefined {
  if (properties === undefined) return undefined;
  const own = Object.entries(properties).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && !entry[0].startsWith("Helicone-"),
  );
  return own.length === 0 ? undefined : Object.fromEntries(own.slice(0, 50));
}

function costOf(row: JsonObject): string | undefined {
  const cost = row["costUSD"] ?? row["cost_usd"] ?? row["cost"];
  return typeof cost === "number" || typeof cost === "string" ? String(cost) : undefined;
}
