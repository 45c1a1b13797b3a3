import type { CacheAccounting } from "../cache-accounting.ts";
import type { ImportedRecord, ImportReader, ReadItem } from "../import-reader.ts";
import { instantMs } from "../instants.ts";
import {
  compact,
  countIn,
  fieldsOf,
  firstCount,
  firstName,
  isFilled,
  type JsonObject,
  objectOrJson,
} from "../json-fields.ts";
import { excerpt, jsonReader } from "../json-reader.ts";
import { externalId } from "../record-identity.ts";

const observationTypes: ReadonlySet<unknown> = new Set([
  "GENERATION",
  "EMBEDDING",
  "SPAN",
  "EVENT",
  "AGENT",
  "TOOL",
  "CHAIN",
  "RETRIEVER",
  "EVALUATOR",
  "GUARDRAIL",
]);
const billedTypes: ReadonlySet<unknown> = new Set(["GENERATION", "EMBEDDING"]);

/** Observations of Langfuse, from its API (camelCase) or its exports (snake_case). */
export const langfuse: ImportReader = jsonReader({
  format: "langfuse",
  listKeys: ["data", "observations"],
  sniff: (head) =>
    head.objects.some(
      (entry) => observationTypes.has(entry["type"]) && (isFilled(entry["traceId"]) || isFilled(entry["trace_id"])),
    )
      ? 95
      : 0,
  open: () => ({ take: (observation, line, bytes) => [readObservation(observation, line, excerpt(bytes))] }),
});

function readObservation(observation: JsonObject, line: number, content: string): ReadItem {
  if (!billedTypes.has(observation["type"])) return { line, skipped: "not a generation" };
  const details = objectOrJson(observation["usageDetails"] ?? observation["usage_details"]);
  const legacy = objectOrJson(observation["usage"]) ?? observation;
  const counts =
    details !== undefined && Object.keys(details).length > 0 ? countsOf(details, observation) : legacyCounts(legacy);
  if (counts === undefined) {
    if (observation["level"] === "ERROR") return { line, skipped: "the call failed and reports no usage" };
    return { line, rejected: "no usage in usageDetails or usage", field: "usageDetails", content };
  }
  const id = firstName(observation, "id");
  const startedAtMs = instantMs(observation["startTime"] ?? observation["start_time"]);
  const endedAtMs = instantMs(observation["endTime"] ?? observation["end_time"]);
  const environment = firstName(observation, "environment");
  const costs = objectOrJson(observation["costDetails"] ?? observation["cost_details"]);
  return {
    line,
    record: fieldsOf<ImportedRecord>({
      id: id === undefined ? undefined : externalId(id),
      model: firstName(observation, "model", "providedModelName", "provided_model_name", "internalModel"),
      project_id: firstName(observation, "projectId", "project_id"),
      user_id: firstName(observation, "userId", "user_id"),
      ...counts,
      occurred_at: startedAtMs,
      latency_ms:
        startedAtMs === undefined || endedAtMs === undefined ? undefined : Math.max(0, endedAtMs - startedAtMs),
      status: observation["level"] === "ERROR" ? "error" : undefined,
      tags: environment === undefined ? undefined : { environment },
      metadata: compact({
        reported_cost: costText(
          costs?.["total"] ??
            observation["totalCost"] ??
            observation["calculatedTotalCost"] ??
            observation["total_cost"],
        ),
        trace_id: firstName(observation, "traceId", "trace_id"),
        session_id: firstName(observation, "sessionId", "session_id"),
        observation_name: firstName(observation, "name"),
      }),
    }),
  };
}

const costText = (cost: unknown): string | undefined =>
  typeof cost === "number" || typeof cost === "string" ? String(cost) : undefined;

const partNames = {
  cacheRead: [
    "cache_read_input_tokens",
    "input_cached_tokens",
    "input_cache_read",
    "cached_tokens",
    "input_cached_content_tokens",
  ],
  cacheWrite5m: ["cache_creation_input_tokens", "input_cache_creation", "input_cache_write", "input_cache_creation_5m"],
  cacheWrite1h: ["input_cache_creation_1h", "ephemeral_1h_input_tokens"],
  inputAudio: ["input_audio_tokens", "input_audio"],
  reasoning: [
    "output_reasoning_tokens",
    "output_reasoning",
    "reasoning_tokens",
    "thoughts_token_count",
    "output_thoughts_token_count",
  ],
  outputAudio: ["output_audio_tokens", "output_audio"],
} as const;

/** `usageDetails`: disjoint kinds by Langfuse's own rule, but inclusive where an instrumentation passed totals on. */
function countsOf(details: JsonObject, observation: JsonObject): ImportedRecord | undefined {
  const input = firstCount(details, "input", "input_tokens", "prompt_tokens");
  const output = firstCount(details, "output", "output_tokens", "completion_tokens");
  if (input === undefined && output === undefined) return undefined;
  const part = (name: keyof typeof partNames): number => firstCount(details, ...partNames[name]) ?? 0;
  const cacheRead = part("cacheRead");
  const cacheWrite1h = part("cacheWrite1h");
  const cacheWrite = part("cacheWrite5m") + cacheWrite1h;
  const [inputAudio, reasoning, outputAudio] = [part("inputAudio"), part("reasoning"), part("outputAudio")];
  const inputParts = cacheRead + cacheWrite + inputAudio;
  const outputParts = reasoning + outputAudio;
  const total = firstCount(details, "total", "total_tokens");
  const accounting = accountingOf(
    { input: input ?? 0, output: output ?? 0, total, cacheRead, cacheWrite, others: inputAudio + outputParts },
    observation,
  );
  const isDisjoint = accounting === "excluded";
  const outputTotal = isDisjoint || outputParts > (output ?? 0) ? (output ?? 0) + outputParts : (output ?? 0);
  return fieldsOf<ImportedRecord>({
    input_tokens: isDisjoint ? (input ?? 0) + inputParts : (input ?? 0),
    output_tokens: outputTotal,
    cached_tokens: cacheRead || undefined,
    cache_write_tokens: cacheWrite || undefined,
    cache_write_1h_tokens: cacheWrite1h || undefined,
    reasoning_tokens: reasoning || undefined,
    input_audio_tokens: inputAudio || undefined,
    output_audio_tokens: outputAudio || undefined,
  });
}

interface DetailSums {
  readonly input: number;
  readonly output: number;
  readonly total: number | undefined;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly others: number;
}

function accountingOf(sums: DetailSums, observation: JsonObject): CacheAccounting {
  const parts = sums.cacheRead + sums.cacheWrite + sums.others;
  if (parts === 0) return "included";
  if (sums.cacheRead + sums.cacheWrite > sums.input) return "excluded";
  // A span that came in by OpenTelemetry counts inclusively; where Langfuse kept its count, it is inclusive here too.
  const attributes = objectOrJson(objectOrJson(observation["metadata"])?.["attributes"]) ?? {};
  const spanInput = countIn(attributes["gen_ai.usage.input_tokens"] ?? attributes["gen_ai.usage.prompt_tokens"]);
  if (spanInput !== undefined && spanInput === sums.input) return "included";
  return sums.total === sums.input + sums.output ? "included" : "excluded";
}

/** `usage` as it was before `usageDetails`: totals in tokens or characters. */
function legacyCounts(usage: JsonObject): ImportedRecord | undefined {
  const input = firstCount(usage, "input", "promptTokens", "prompt_tokens", "inputTokens");
  const output = firstCount(usage, "output", "completionTokens", "completion_tokens", "outputTokens");
  if (input === undefined && output === undefined) return undefined;
  if (usage["unit"] === "CHARACTERS") {
    return { units: { input_characters: input ?? 0, output_characters: output ?? 0 } };
  }
  if (isFilled(usage["unit"]) && usage["unit"] !== "TOKENS") return undefined;
  return { input_tokens: input ?? 0, output_tokens: output ?? 0 };
}
