import type { InclusiveCounts, Pico, UsageStatus } from "@llm-cost-ops/core";
import { GrowingBytes } from "../store/growing-bytes.ts";
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
  content.clear();
  addText(draft.provider);
  content.addAscii(mark);
  addText(draft.model);
  content.addAscii(mark);
  addText(draft.projectId);
  content.addAscii(mark);
  addText(draft.userId);
  content.addAscii(mark);
  addCount(draft.occurredAtMs);
  content.addAscii(mark);
  addText(draft.serviceTier);
  content.addAscii(mark);
  addText(draft.region);
  content.addAscii(mark);
  if (draft.latencyMs !== null) content.addAscii(String(draft.latencyMs));
  if (draft.isError) content.addAscii("e");
  if (draft.isStream) content.addAscii("s");
  addText(draft.usageStatus);
  content.addAscii(mark);
  addCount(counts.input);
  content.addAscii(",");
  addCount(counts.output);
  content.addAscii(",");
  addCount(counts.total);
  content.addAscii(mark);
  addText(draft.tags);
  if (draft.metadata !== null) content.addText(`${mark}m${draft.metadata}`);
  if (draft.usageText !== null) content.addText(`${mark}u${draft.usageFormat ?? ""} ${draft.usageText}`);
  if (draft.units !== undefined) content.addText(`${mark}n${JSON.stringify(Object.entries(draft.units).sort())}`);
  if (draft.reportedCost !== undefined) content.addText(`${mark}c${draft.reportedCost} ${draft.currency ?? ""}`);
  addRarer("w", draft.cacheWriteTokens);
  addRarer("cacheRead", counts.cacheRead);
  addRarer("cacheWrite1h", counts.cacheWrite1h);
  addRarer("reasoning", counts.reasoning);
  addRarer("inputAudio", counts.inputAudio);
  addRarer("inputImage", counts.inputImage);
  addRarer("inputVideo", counts.inputVideo);
  addRarer("outputAudio", counts.outputAudio);
  addRarer("outputImage", counts.outputImage);
  addRarer("outputVideo", counts.outputVideo);
  return digest16(content.view());
}

/** Where the content of one draft after the other is put together; never a text, which would be thrown away at once. */
const content = new GrowingBytes(1024);

function addText(text: string | null | undefined): void {
  if (text !== null && text !== undefined) content.addText(text);
}

function addCount(count: number | undefined): void {
  if (count !== undefined) content.addWhole(count);
}

function addRarer(name: string, count: number | undefined): void {
  if (count === undefined) return;
  content.addAscii(mark);
  content.addAscii(name);
  content.addWhole(count);
}
