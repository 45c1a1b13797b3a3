import type { InclusiveCounts, Pico, UsageStatus } from "@llm-cost-ops/core";
import { digest16 } from "./record-id.ts";

/** Every field set, like the draft's. */
export class DraftCounts implements InclusiveCounts {
  input: number | undefined = undefined;
  output: number | undefined = undefined;
  total: number | undefined = undefined;
  cacheRead: number | undefined = undefined;
  cacheWrite5m: number | undefined = undefined;
  cacheWrite1h: number | undefined = undefined;
  reasoning: number | undefined = undefined;
  inputAudio: number | undefined = undefined;
  inputImage: number | undefined = undefined;
  inputVideo: number | undefined = undefined;
  outputAudio: number | undefined = undefined;
  outputImage: number | undefined = undefined;
  outputVideo: number | undefined = undefined;
}

/**
 * One record as its caller meant it, in one spelling and form, before anything is derived from it. Absent means that the
 * caller did not say. One class with every field set, so that the engine gives all drafts one shape.
 */
export class UsageDraft {
  id: string | undefined = undefined;
  organizationId: string | undefined = undefined;
  provider: string | undefined = undefined;
  model: string | undefined = undefined;
  projectId: string | null = null;
  userId: string | null = null;
  counts = new DraftCounts();
  /** All cache writes; `counts` holds them split by lifetime. */
  cacheWriteTokens: number | undefined = undefined;
  units: Readonly<Record<string, number>> | undefined = undefined;
  usage: Readonly<Record<string, unknown>> | undefined = undefined;
  /** `usage` as JSON with sorted keys. */
  usageText: string | null = null;
  usageFormat: string | undefined = undefined;
  usageStatus: UsageStatus | undefined = undefined;
  serviceTier: string | undefined = undefined;
  region: string | null = null;
  occurredAtMs: number | undefined = undefined;
  latencyMs: number | null = null;
  isError = false;
  isStream = false;
  /** JSON object of strings with sorted keys. */
  tags = "{}";
  /** JSON object with sorted keys; null where there is none. */
  metadata: string | null = null;
  requirePrice = false;
  /** Only for costs that were priced elsewhere. */
  reportedCost: Pico | undefined = undefined;
  currency: string | undefined = undefined;
}

const mark = "\x1f";

/**
 * 16 bytes that are equal for equal content: the first half of the SHA-256 over what the caller sent, in its normal form.
 * What the server derives (price, times of its own) is left out, so the same record sent again after a change of price
 * is still the same.
 */
export function fingerprintOf(draft: UsageDraft): Uint8Array {
  const { counts } = draft;
  let text = `${draft.provider ?? ""}${mark}${draft.model ?? ""}${mark}${draft.projectId ?? ""}${mark}${draft.userId ?? ""}`;
  text += `${mark}${draft.occurredAtMs ?? ""}${mark}${draft.serviceTier ?? ""}${mark}${draft.region ?? ""}`;
  text += `${mark}${draft.latencyMs ?? ""}${draft.isError ? "e" : ""}${draft.isStream ? "s" : ""}${draft.usageStatus ?? ""}`;
  text += `${mark}${counts.input ?? ""},${counts.output ?? ""},${counts.total ?? ""}${mark}${draft.tags}`;
  if (draft.metadata !== null) text += `${mark}m${draft.metadata}`;
  if (draft.usageText !== null) text += `${mark}u${draft.usageFormat ?? ""} ${draft.usageText}`;
  if (draft.units !== undefined) text += `${mark}n${JSON.stringify(Object.entries(draft.units).sort())}`;
  if (draft.reportedCost !== undefined) text += `${mark}c${draft.reportedCost} ${draft.currency ?? ""}`;
  return digest16(text + rarerCounts(draft));
}

function rarerCounts({ counts, cacheWriteTokens }: UsageDraft): string {
  let text = "";
  if (cacheWriteTokens !== undefined) text += `${mark}w${cacheWriteTokens}`;
  // One by one: to read fields by names from a list costs ten times as much.
  if (counts.cacheRead !== undefined) text += `${mark}cacheRead${counts.cacheRead}`;
  if (counts.cacheWrite1h !== undefined) text += `${mark}cacheWrite1h${counts.cacheWrite1h}`;
  if (counts.reasoning !== undefined) text += `${mark}reasoning${counts.reasoning}`;
  if (counts.inputAudio !== undefined) text += `${mark}inputAudio${counts.inputAudio}`;
  if (counts.inputImage !== undefined) text += `${mark}inputImage${counts.inputImage}`;
  if (counts.inputVideo !== undefined) text += `${mark}inputVideo${counts.inputVideo}`;
  if (counts.outputAudio !== undefined) text += `${mark}outputAudio${counts.outputAudio}`;
  if (counts.outputImage !== undefined) text += `${mark}outputImage${counts.outputImage}`;
  if (counts.outputVideo !== undefined) text += `${mark}outputVideo${counts.outputVideo}`;
  return text;
}
