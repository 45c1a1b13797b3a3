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
  objectIn,
  objectOrJson,
} from "../json-fields.ts";
import { excerpt, jsonReader } from "../json-reader.ts";
import { externalId } from "../record-identity.ts";
import { headerOf, readCsvRows } from "../source/csv-rows.ts";

const isSpendLog = (row: JsonObject): boolean =>
  "request_id" in row && "spend" in row && ("startTime" in row || "call_type" in row);

/** Spend logs of a LiteLLM proxy, as its API and its database give them. */
export const litellm: ImportReader = jsonReader({
  format: "litellm",
  listKeys: ["data", "logs", "records"],
  sniff: (head) => (head.objects.some(isSpendLog) ? 95 : 0),
  open: () => ({ take: (row, line, bytes) => [readSpendLog(row, line, excerpt(bytes))] }),
});

/** The same table as CSV. */
export const litellmCsv: ImportReader = {
  format: "litellm-csv",
  sniff: (head) => {
    const header = headerOf(head);
    return ["request_id", "spend", "startTime"].every((name) => header.includes(name)) ? 95 : 0;
  },
  async *read(source) {
    for await (const { line, row, rejected, content } of readCsvRows(source)) {
      if (row === undefined) yield { line, rejected: rejected ?? "cannot be read", content };
      else yield readSpendLog(row, line, content);
    }
  },
};

function readSpendLog(row: JsonObject, line: number, content: string): ReadItem {
  const metadata = objectOrJson(row["metadata"]) ?? {};
  const usage = objectOrJson(metadata["usage_object"]) ?? {};
  const prompt = firstCount(row, "prompt_tokens") ?? firstCount(usage, "prompt_tokens");
  const completion = firstCount(row, "completion_tokens") ?? firstCount(usage, "completion_tokens");
  const failed =
    row["status"] === "failure" || (isFilled(metadata["error_information"]) && row["status"] !== "success");
  const nothing = (prompt ?? 0) === 0 && (completion ?? 0) === 0;
  if (failed && nothing) return { line, skipped: "the call failed and consumed nothing" };
  if (prompt === undefined && completion === undefined) {
    return { line, rejected: "prompt_tokens and completion_tokens are missing", field: "prompt_tokens", content };
  }
  const fromCache = /^(true|t|1)$/i.test(String(row["cache_hit"] ?? ""));
  const startedAtMs = instantMs(row["startTime"]);
  const endedAtMs = instantMs(row["endTime"]);
  const provider = firstName(row, "custom_llm_provider");
  const requestId = nameIn(row["request_id"]);
  const counts = fromCache ? { input_tokens: 0, output_tokens: 0 } : countsOf(prompt ?? 0, completion ?? 0, usage, row);
  return {
    line,
    record: fieldsOf<ImportedRecord>({
      // A cached answer repeats the id of the answer that it repeats.
      id: requestId === undefined ? undefined : externalId(fromCache ? `${requestId}:cache_hit` : requestId),
      provider,
      model: modelOf(row, provider),
      project_id: nameIn(metadata["user_api_key_project_id"]) ?? firstName(row, "team_id"),
      user_id: firstName(row, "end_user", "user"),
      ...counts,
      usage_status: fromCache ? "void" : undefined,
      occurred_at: startedAtMs,
      latency_ms:
        startedAtMs === undefined || endedAtMs === undefined ? undefined : Math.max(0, endedAtMs - startedAtMs),
      status: failed ? "error" : undefined,
      tags: tagsOf(row["request_tags"], nameIn(metadata["user_api_key_team_alias"])),
      metadata: compact({
        reported_cost: isFilled(row["spend"]) ? String(row["spend"]) : undefined,
        call_type: nameIn(row["call_type"]),
        model_group: nameIn(row["model_group"]),
        session_id: nameIn(row["session_id"]),
        ...(fromCache ? { cache_hit: true, cached_answer_tokens: (prompt ?? 0) + (completion ?? 0) } : {}),
      }),
    }),
  };
}

function countsOf(prompt: number, completion: number, usage: JsonObject, row: JsonObject): ImportedRecord {
  const promptDetails = objectIn(usage["prompt_tokens_details"]) ?? {};
  const completionDetails = objectIn(usage["completion_tokens_details"]) ?? {};
  const cacheRead = firstCount(promptDetails, "cached_tokens") ?? firstCount(usage, "cache_read_input_tokens") ?? 0;
  const cacheWrite =
    firstCount(promptDetails, "cache_creation_tokens", "cache_write_tokens") ??
    firstCount(usage, "cache_creation_input_tokens") ??
    0;
  const creation = objectIn(promptDetails["cache_creation_token_details"]) ?? {};
  const cacheWrite1h = firstCount(creation, "ephemeral_1h_input_tokens") ?? 0;
  const total = firstCount(row, "total_tokens");
  const input = inclusiveInput({ input: prompt, output: completion, cacheRead, cacheWrite, total }, "included");
  const reasoning = firstCount(completionDetails, "reasoning_tokens") ?? 0;
  return fieldsOf<ImportedRecord>({
    input_tokens: input,
    output_tokens: completion,
    cached_tokens: cacheRead || undefined,
    cache_write_tokens: cacheWrite || undefined,
    cache_write_1h_tokens: Math.min(cacheWrite1h, cacheWrite) || undefined,
    reasoning_tokens: Math.min(reasoning, completion) || undefined,
    input_audio_tokens: audioWithin(firstCount(promptDetails, "audio_tokens"), input - cacheRead - cacheWrite),
    output_audio_tokens: audioWithin(firstCount(completionDetails, "audio_tokens"), completion - reasoning),
  });
}

/** Audio counts overlap the cached ones in some providers' details: what cannot be a part of the rest is left out. */
const audioWithin = (audio: number | undefined, rest: number): number | undefined =>
  audio === undefined || audio === 0 || audio > rest ? undefined : audio;

/** `openai/gpt-4o` → `gpt-4o` where the prefix only repeats the provider. */
function modelOf(row: JsonObject, provider: string | undefined): string | undefined {
  const model = firstName(row, "model") ?? firstName(row, "model_group");
  const prefix = `${provider}/`;
  return model?.startsWith(prefix) === true ? nameIn(model.slice(prefix.length)) : model;
}

function tagsOf(value: unknown, team: string | undefined): ImportedRecord["tags"] {
  const listed = typeof value === "string" ? listIn(value) : Array.isArray(value) ? value : [];
  // The proxy adds the caller's program to the tags; it would make a series of every version.
  const tags = listed.filter(
    (tag): tag is string => typeof tag === "string" && tag !== "" && !/^user-agent/i.test(tag),
  );
  if (team !== undefined) tags.push(`team=${team}`);
  return tags.length === 0 ? undefined : tags.slice(0, 50);
}

function listIn(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
