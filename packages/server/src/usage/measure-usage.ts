import type { Warning } from "@llm-cost-ops/contract";
import {
  decomposeCounts,
  type InclusiveCounts,
  type ProviderResponse,
  type Quantities,
  readProviderResponse,
  type TokenTotals,
  tokenTotals,
  type UsageFlavor,
  type UsageKind,
  type UsageStatus,
  usageFlavors,
} from "@llm-cost-ops/core";
import { RejectedRecord, rejectFields } from "./rejected-record.ts";
import type { UsageDraft } from "./usage-draft.ts";

/** What a record consumed: disjoint quantities and what else the provider's own usage object says. */
export interface MeasuredUsage {
  readonly quantities: Quantities;
  readonly totals: TokenTotals;
  readonly status: UsageStatus;
  readonly provider: string | undefined;
  readonly serviceTier: string | undefined;
  readonly region: string | null;
  readonly warnings: readonly Warning[];
}

/** The caller's spellings of each inclusive count, the canonical one last. */
const spellingsOf: Readonly<Record<keyof InclusiveCounts, readonly string[]>> = {
  input: ["prompt_tokens", "input_tokens"],
  output: ["completion_tokens", "output_tokens"],
  total: ["tokens_used", "total_tokens"],
  cacheRead: ["cache_read_tokens", "cached_tokens"],
  cacheWrite5m: ["cache_write_tokens"],
  cacheWrite1h: ["cache_write_1h_tokens"],
  reasoning: ["reasoning_tokens"],
  inputAudio: ["input_audio_tokens"],
  inputImage: ["input_image_tokens"],
  inputVideo: ["input_video_tokens"],
  outputAudio: ["output_audio_tokens"],
  outputImage: ["output_image_tokens"],
  outputVideo: ["output_video_tokens"],
};

const noWarnings: readonly Warning[] = [];
const flavors: ReadonlySet<string> = new Set(usageFlavors);

/** The field of `sent` that carries a count, as the caller spelled it. */
function spelled(sent: unknown, name: keyof InclusiveCounts): string {
  const names = spellingsOf[name];
  const record = typeof sent === "object" && sent !== null ? sent : {};
  return names.find((one) => Object.hasOwn(record, one)) ?? names.at(-1) ?? name;
}

/**
 * Brings a record's counts into disjoint kinds. Counts of the caller's own that contradict each other are refused, both
 * fields named; those inside a provider's usage object are kept with status `partial`. Where both are given they must
 * agree. `sent` is the record as it came, to name fields as it does.
 *
 * A call that failed and counts nothing is `void`: nothing was charged. Any other record without counts is refused.
 */
export function measureUsage(draft: UsageDraft, sent: unknown): MeasuredUsage | RejectedRecord {
  const measured = draft.usage === undefined ? measureCounts(draft, sent) : measureProviderUsage(draft, sent);
  if (measured instanceof RejectedRecord) return measured;
  const { totals } = measured;
  if (totals.input + totals.output > Number.MAX_SAFE_INTEGER) {
    return new RejectedRecord(
      "USAGE_003",
      "the record's tokens sum to more than 2^53-1, which cannot be counted exactly",
    );
  }
  return measured;
}

function measureCounts(draft: UsageDraft, sent: unknown): MeasuredUsage | RejectedRecord {
  const decomposition = decomposeCounts(draft.counts);
  if (decomposition.kind === "contradictory") {
    const { fields, message } = decomposition.contradiction;
    const [first = "", second = ""] = fields.map((name) => spelled(sent, name as keyof InclusiveCounts));
    const named = message.replace(/\w+/g, (word) => (word === fields[0] ? first : word === fields[1] ? second : word));
    return rejectFields("USAGE_001", {
      [first]: `contradicts ${second}: ${named}`,
      [second]: `contradicts ${first}: ${named}`,
    });
  }
  let { quantities } = decomposition;
  if (draft.units !== undefined) quantities = { ...quantities, ...draft.units };
  let status = draft.usageStatus ?? "reported";
  if (isEmpty(quantities) && draft.reportedCost === undefined && status !== "void") {
    if (!draft.isError) {
      return rejectFields("USAGE_001", {
        input_tokens: "is required, or another count of what the call consumed, or the provider's usage object",
      });
    }
    status = draft.usageStatus ?? "void";
  }
  return {
    quantities,
    totals: tokenTotals(quantities),
    status,
    provider: draft.provider,
    serviceTier: draft.serviceTier,
    region: draft.region,
    warnings: noWarnings,
  };
}

function isEmpty(quantities: Quantities): boolean {
  for (const _ in quantities) return false;
  return true;
}

function measureProviderUsage(draft: UsageDraft, sent: unknown): MeasuredUsage | RejectedRecord {
  const { usageFormat } = draft;
  if (usageFormat !== undefined && !flavors.has(usageFormat)) {
    return rejectFields("VALIDATION_ERROR", { usage_format: `must be one of ${usageFlavors.join(", ")}` });
  }
  const read = readProviderResponse(draft.usage, {
    ...(usageFormat === undefined ? {} : { flavor: usageFormat as UsageFlavor }),
    ...(draft.provider === undefined ? {} : { provider: draft.provider }),
    ...(draft.model === undefined ? {} : { model: draft.model }),
  });
  if (read === undefined) {
    return rejectFields("USAGE_001", {
      usage: "holds no usage that a known provider reports; name its shape with usage_format, or send counts",
    });
  }
  const quantities: Quantities = draft.units === undefined ? read.quantities : { ...read.quantities, ...draft.units };
  const totals = tokenTotals(quantities);
  return (
    contradictsUsage(draft, totals, quantities, sent) ?? {
      quantities,
      totals,
      status: read.status === "partial" ? "partial" : (draft.usageStatus ?? read.status),
      provider: draft.provider ?? read.provider,
      serviceTier: servedTier(draft.serviceTier, read.serviceTier),
      region: draft.region ?? read.region ?? null,
      warnings: warningsOf(read),
    }
  );
}

/** What a request may ask for and no call is ever served at. */
const onlyAskedFor: ReadonlySet<string> = new Set(["auto", "standard_only"]);

/**
 * The tier that served: the caller's word (bodies of a batch say `default`), unless it only names what was asked for and
 * the provider says what was served.
 */
function servedTier(said: string | undefined, read: string | undefined): string | undefined {
  if (said === undefined || (read !== undefined && onlyAskedFor.has(said.trim().toLowerCase()))) return read;
  return said;
}

/** Counts beside a usage object must say what it says. */
function contradictsUsage(
  { counts, cacheWriteTokens }: UsageDraft,
  totals: TokenTotals,
  quantities: Quantities,
  sent: unknown,
): RejectedRecord | undefined {
  const inUsage: Readonly<Record<keyof InclusiveCounts, number>> = {
    input: totals.input,
    output: totals.output,
    total: totals.input + totals.output,
    cacheRead: totals.cacheRead,
    cacheWrite5m: totals.cacheWrite - (counts.cacheWrite1h ?? 0),
    cacheWrite1h: quantities.cache_write_1h ?? 0,
    reasoning: totals.reasoning,
    inputAudio: quantities.input_audio ?? 0,
    inputImage: quantities.input_image ?? 0,
    inputVideo: quantities.input_video ?? 0,
    outputAudio: quantities.output_audio ?? 0,
    outputImage: quantities.output_image ?? 0,
    outputVideo: quantities.output_video ?? 0,
  };
  for (const name of Object.keys(counts) as (keyof InclusiveCounts)[]) {
    if (counts[name] === undefined || counts[name] === inUsage[name]) continue;
    const field = spelled(sent, name);
    const own = name === "cacheWrite5m" ? cacheWriteTokens : counts[name];
    return rejectFields("USAGE_001", {
      [field]: `(${own}) contradicts usage, which counts ${name === "cacheWrite5m" ? totals.cacheWrite : inUsage[name]}`,
      usage: `contradicts ${field}`,
    });
  }
  return undefined;
}

const warningsOf = (read: ProviderResponse): readonly Warning[] => [
  ...read.contradictions.map(({ message }) => ({
    code: "USAGE_001",
    message: `The provider's usage contradicts itself and is kept as partial: ${message}`,
    field: "usage",
  })),
  ...(read.notes ?? []).map((message) => ({ code: "USAGE_001", message, field: "usage" })),
];

/** The kinds that rating sees: every call is one request unless its units say otherwise. */
export const withRequest = (quantities: Quantities): Quantities =>
  quantities.requests === undefined ? { ...quantities, requests: 1 } : quantities;

/** Quantities as compact JSON. */
export function quantitiesText(quantities: Quantities): string {
  let text = "{";
  for (const kind in quantities) {
    text += `${text.length > 1 ? "," : ""}"${kind}":${quantities[kind as UsageKind]}`;
  }
  return `${text}}`;
}
