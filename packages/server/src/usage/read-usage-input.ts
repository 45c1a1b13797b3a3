import { createRequire } from "node:module";
import type * as Contract from "@llm-cost-ops/contract";
import { countMax, limits } from "@llm-cost-ops/contract/limits";
import { isTokenKind, isUsageKind, type UsageStatus } from "@llm-cost-ops/core";
import { readEventInstant } from "./event-instant.ts";
import { LabelProblem, readJsonObject, readTags } from "./read-labels.ts";
import { type RejectedRecord, rejectFields } from "./rejected-record.ts";
import { type DraftCounts, UsageDraft } from "./usage-draft.ts";
import { usageInputProblems } from "./usage-input-problems.ts";

/**
 * What is known of a record before it is read: nothing, that every text in it is printable ASCII that JSON writes as it is
 * (`ParsedRecords.isPlain`), or that the schema has accepted it.
 */
export type Trust = "none" | "plain" | "judged";

/** Printable ASCII: names that are plainly right. Others are for the schema to judge. */
const plainName = /^[\x20-\x7e]+$/;
const usageStatusNames: ReadonlySet<unknown> = new Set(["reported", "estimated", "partial", "void"]);

/** Rarer fields of counts that stand for one inclusive count each. */
const countFields: Readonly<Record<string, keyof DraftCounts>> = {
  cache_write_1h_tokens: "cacheWrite1h",
  reasoning_tokens: "reasoning",
  input_audio_tokens: "inputAudio",
  input_image_tokens: "inputImage",
  input_video_tokens: "inputVideo",
  output_audio_tokens: "outputAudio",
  output_image_tokens: "outputImage",
  output_video_tokens: "outputVideo",
};

const isCount = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value <= countMax && Number.isInteger(value);

const requireHere = createRequire(import.meta.url);

/** The schemas, loaded when the first record needs them: they are the larger half of this thread's memory. */
export const loadContract = (): typeof Contract => requireHere("@llm-cost-ops/contract") as typeof Contract;

/**
 * Reads one usage record. What is plainly right is accepted by `readPlainUsage` alone; whatever is not goes to the
 * contract's schema, which has the verdict and the words for it.
 */
export function readUsageInput(value: unknown, isPlain = false): UsageDraft | RejectedRecord {
  return readPlainUsage(value, isPlain ? "plain" : "none") ?? readDoubtfulUsage(value);
}

function readDoubtfulUsage(value: unknown): UsageDraft | RejectedRecord {
  const rejected = usageInputProblems(value, loadContract().UsageInput);
  if (rejected !== undefined) return rejected;
  const draft = readPlainUsage(value, "judged");
  if (draft !== undefined) return draft;
  return rejectFields("VALIDATION_ERROR", { "": "the record has a value that is not allowed" });
}

/**
 * Accepts a record that is plainly right, in one pass, or returns undefined for the schema to judge. Of one that is
 * `judged` only the form is read. Guarantee, held by a property test: what this accepts
 * unjudged, the schema accepts too, and both ways give the same draft.
 */
export function readPlainUsage(value: unknown, trust: Trust): UsageDraft | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const record = value as Readonly<Record<string, unknown>>;
  const draft = new UsageDraft();
  for (const key in record) {
    if (!readField(draft, key, record[key], trust)) return undefined;
  }
  if (draft.cacheWriteTokens !== undefined) {
    const rest = draft.cacheWriteTokens - (draft.counts.cacheWrite1h ?? 0);
    if (rest < 0) return undefined;
    if (rest > 0 || draft.counts.cacheWrite1h === undefined) draft.counts.cacheWrite5m = rest;
  }
  return draft;
}

function isName(value: unknown, max: number, trust: Trust): value is string {
  if (typeof value !== "string") return false;
  if (trust === "judged") return true;
  return value.length <= max && (trust === "plain" ? value.length > 0 : plainName.test(value));
}

/** A count that two spellings may name; NaN where it is none, or they disagree. */
function agreedCount(held: number | undefined, value: unknown): number | undefined {
  if (value === undefined) return held;
  if (!isCount(value)) return Number.NaN;
  const count = value + 0;
  return held === undefined || held === count ? count : Number.NaN;
}

const isAgreed = (count: number | undefined): boolean => !Number.isNaN(count);

function setRarerCount(counts: DraftCounts, name: keyof DraftCounts, value: unknown): boolean {
  counts[name] = agreedCount(counts[name], value);
  return isAgreed(counts[name]);
}

/** Reads one field into the draft; false where it is unknown, disagrees with another, or is not plainly right. */
function readField(draft: UsageDraft, key: string, value: unknown, trust: Trust): boolean {
  switch (key) {
    case "id":
      if (value === undefined) return true;
      if (!isName(value, limits.idLength, trust)) return false;
      draft.id = value;
      return true;
    case "provider":
      if (value === undefined) return true;
      if (!isName(value, limits.nameLength, trust)) return false;
      draft.provider = value;
      return true;
    case "model":
    case "model_id": {
      if (value === undefined) return true;
      const name = typeof value === "object" && trust === "judged" ? (value as { name?: unknown } | null)?.name : value;
      if (!isName(name, limits.nameLength, trust)) return false;
      if (draft.model !== undefined && draft.model !== name) return false;
      draft.model = name;
      return true;
    }
    case "input_tokens":
    case "prompt_tokens":
      draft.counts.input = agreedCount(draft.counts.input, value);
      return isAgreed(draft.counts.input);
    case "output_tokens":
    case "completion_tokens":
      draft.counts.output = agreedCount(draft.counts.output, value);
      return isAgreed(draft.counts.output);
    case "total_tokens":
      draft.counts.total = agreedCount(draft.counts.total, value);
      return isAgreed(draft.counts.total);
    case "cached_tokens":
    case "cache_read_tokens":
      draft.counts.cacheRead = agreedCount(draft.counts.cacheRead, value);
      return isAgreed(draft.counts.cacheRead);
    case "occurred_at":
    case "timestamp": {
      if (value === undefined) return true;
      const ms = readEventInstant(value);
      if (ms === undefined || (draft.occurredAtMs !== undefined && draft.occurredAtMs !== ms)) return false;
      draft.occurredAtMs = ms;
      return true;
    }
    case "project_id":
      if (value === null || value === undefined) return true;
      if (!isName(value, limits.nameLength, trust)) return false;
      draft.projectId = value;
      return true;
    case "user_id":
      if (value === null || value === undefined) return true;
      if (!isName(value, limits.nameLength, trust)) return false;
      draft.userId = value;
      return true;
    case "tags": {
      const tags = readTags(value, trust === "plain");
      if (typeof tags !== "string") return false;
      draft.tags = tags;
      return true;
    }
    case "metadata": {
      if (value === null || value === undefined) return true;
      const metadata = readJsonObject(value, limits.metadataBytes);
      if (typeof metadata !== "string") return false;
      draft.metadata = metadata;
      return true;
    }
    default:
      return readRarerField(draft, key, value, trust);
  }
}

function readRarerField(draft: UsageDraft, key: string, value: unknown, trust: Trust): boolean {
  switch (key) {
    case "cache_write_1h_tokens":
    case "reasoning_tokens":
    case "input_audio_tokens":
    case "input_image_tokens":
    case "input_video_tokens":
    case "output_audio_tokens":
    case "output_image_tokens":
    case "output_video_tokens":
      return setRarerCount(draft.counts, countFields[key] as keyof DraftCounts, value);
    case "cache_write_tokens":
      if (value === undefined) return true;
      if (!isCount(value)) return false;
      draft.cacheWriteTokens = value + 0;
      return true;
    case "organization_id":
      if (value === undefined) return true;
      if (!isName(value, limits.nameLength, trust)) return false;
      draft.organizationId = value;
      return true;
    case "service_tier":
      if (value === null || value === undefined) return true;
      if (!isName(value, limits.nameLength, trust)) return false;
      draft.serviceTier = value;
      return true;
    case "region":
      if (value === null || value === undefined) return true;
      if (!isName(value, limits.nameLength, trust)) return false;
      draft.region = value;
      return true;
    case "latency_ms":
      if (value === null || value === undefined) return true;
      if (typeof value !== "number" || !(value >= 0 && value <= 1e12)) return false;
      draft.latencyMs = value + 0;
      return true;
    case "status":
      draft.isError = value === "error";
      return value === "success" || value === "error" || value === undefined;
    case "stream":
      draft.isStream = value === true;
      return typeof value === "boolean" || value === undefined;
    case "require_price":
      draft.requirePrice = value === true;
      return typeof value === "boolean" || value === undefined;
    case "usage_status":
      if (value === undefined) return true;
      if (!usageStatusNames.has(value)) return false;
      draft.usageStatus = value as UsageStatus;
      return true;
    case "usage_format":
      if (value === undefined) return true;
      if (!isName(value, 64, trust)) return false;
      draft.usageFormat = value;
      return true;
    case "usage":
      return value === undefined || readProviderObject(draft, value);
    case "units":
      return value === undefined || readUnits(draft, value);
    default:
      return false;
  }
}

function readProviderObject(draft: UsageDraft, value: unknown): boolean {
  const text = readJsonObject(value, limits.rawUsageBytes);
  if (text instanceof LabelProblem) return false;
  draft.usage = value as Readonly<Record<string, unknown>>;
  draft.usageText = text;
  return true;
}

function readUnits(draft: UsageDraft, value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const units: Record<string, number> = {};
  for (const [kind, count] of Object.entries(value)) {
    if (!isUsageKind(kind) || isTokenKind(kind) || !isCount(count)) return false;
    units[kind] = count + 0;
  }
  draft.units = units;
  return true;
}
