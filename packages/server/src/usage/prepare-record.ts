import type { Warning } from "@llm-cost-ops/contract";
import {
  type CostLine,
  canonicalProvider,
  normalizeServiceTier,
  type Pico,
  type RatedCost,
  rateUsage,
  type TokenTotals,
  type UnpricedReason,
} from "@llm-cost-ops/core";
import type { RecordScope } from "../identity/record-scope.ts";
import type { ModelPrice, PriceAt, PriceLookup } from "../pricing/price-lookup.ts";
import type { RuleTexts, SeriesDimensions } from "./interning.ts";
import { measureUsage, quantitiesText, withRequest } from "./measure-usage.ts";
import { placeWithin } from "./place-within.ts";
import { priceWarning } from "./price-warning.ts";
import { formatUuid, readRecordId } from "./record-id.ts";
import { entryCodes, stateBits, unknownName, usageStatusNames } from "./record-row.ts";
import { RejectedRecord, rejectFields } from "./rejected-record.ts";
import { SeriesMemory } from "./series-memory.ts";
import { fingerprintOf, type UsageDraft } from "./usage-draft.ts";

/** A record with everything derived, ready to be inserted. */
export interface PreparedRecord {
  readonly organizationId: string;
  readonly id: Uint8Array;
  readonly externalId: string | null;
  /** The id as its caller reads it. */
  readonly idText: string;
  readonly entry: number;
  readonly state: number;
  readonly userId: string | null;
  readonly occurredAtMs: number;
  readonly receivedAtMs: number;
  readonly requests: number;
  readonly totals: TokenTotals;
  /** Whole thousandths and remaining 10⁻¹² of the currency unit; null without a cost. */
  readonly costMilli: number | null;
  readonly costPico: number | null;
  /** What caching saved, in the same limbs; null where nobody knows. */
  readonly savedMilli: number | null;
  readonly savedPico: number | null;
  readonly priceVersionId: string | null;
  /** Why the model and the rate were chosen; one object for all records of the same choice. */
  readonly rule: RuleTexts | null;
  readonly unpricedReason: UnpricedReason | null;
  readonly quantities: string;
  /** As they were rated; their text where another thread rated them. */
  readonly lines: readonly CostLine[] | string | null;
  readonly usageStatus: number;
  readonly isError: number;
  readonly isStream: number;
  readonly latencyMs: number | null;
  readonly source: string;
  readonly fingerprint: Uint8Array;
  readonly rawUsage: string | null;
  readonly metadata: string | null;
  /** One object for nearly all records of the same series. */
  readonly series: SeriesDimensions;
  /** What the caller should know, except that the price is missing, which the row itself tells. */
  readonly warnings: readonly Warning[];
}

/** What a record is prepared with. */
export interface Preparation {
  readonly organizationId: string;
  readonly source: string;
  readonly requirePrice: boolean;
  /** The part of the records that the credential may record; any where undefined. */
  readonly within: RecordScope | undefined;
  /** The API key that records; null where none does. */
  readonly apiKeyId: string | null;
  readonly receivedAtMs: number;
  readonly prices: PriceLookup;
  readonly memory: PreparationMemory;
  /** Makes the id of a record that has none. */
  readonly makeId: () => Uint8Array;
}

const rememberedProvidersMax = 1_000;

/** What preparing remembers from record to record. */
export class PreparationMemory {
  readonly #providerIds = new Map<string, string>();
  readonly #series = new SeriesMemory();
  /** The texts that were last put together for a price: nearly always the next record's as well. */
  readonly #lastTexts = new WeakMap<PriceAt, { readonly choice: string; readonly texts: RuleTexts }>();

  /** The canonical id of a provider. Bounded, for callers write what they like. */
  providerId(name: string): string {
    const known = this.#providerIds.get(name);
    if (known !== undefined) return known;
    const canonical = canonicalProvider(name);
    if (this.#providerIds.size >= rememberedProvidersMax) this.#providerIds.clear();
    this.#providerIds.set(name, canonical);
    return canonical;
  }

  /** The series of these dimensions; the same object for the same dimensions. */
  series(of: SeriesDimensions): SeriesDimensions {
    return this.#series.shared(of);
  }

  /** Why a price was chosen; the same object for the same choice. */
  ruleTexts(organizationId: string, { rule, detail }: Resolution, at: PriceAt, rated: RatedCost): RuleTexts {
    const choice = rated.kind === "unpriced" ? rated.detail : rated.rule;
    const last = this.#lastTexts.get(at);
    if (
      last?.choice === choice &&
      last.texts.organizationId === organizationId &&
      last.texts.resolutionDetail === detail
    ) {
      return last.texts;
    }
    const priceRule = rated.kind === "priced" && at.kind === "found" ? `${at.rule} ${choice}` : choice;
    const texts: RuleTexts = { organizationId, resolutionRule: rule, resolutionDetail: detail, priceRule };
    this.#lastTexts.set(at, { choice, texts });
    return texts;
  }
}

type Resolution = Extract<ModelPrice, { kind: "known" }>["resolution"];

interface Pricing {
  readonly status: SeriesDimensions["costStatus"];
  readonly provider: string;
  readonly resolvedModel: string | null;
  readonly region: string | null;
  readonly rule: RuleTexts | null;
  readonly reason: UnpricedReason | null;
  readonly cost: Extract<RatedCost, { kind: "priced" }> | undefined;
}

/**
 * Derives a record from its draft: disjoint quantities, tier, price, cost, fingerprint. Refused: counts that contradict
 * each other (USAGE_001), another organization's or project's record (AUTH_002), a record without a price where one is required
 * (COST_001), what cannot be counted exactly (USAGE_003). `sent` is the record as it came, to name its fields.
 */
export function prepareRecord(draft: UsageDraft, sent: unknown, by: Preparation): PreparedRecord | RejectedRecord {
  const { organizationId } = by;
  if (draft.organizationId !== undefined && draft.organizationId !== organizationId) {
    return new RejectedRecord("AUTH_002", "organization_id names another organization than the credential", {
      organization_id: "names another organization than the credential",
    });
  }
  const misplaced = by.within && placeWithin(draft, by.within);
  if (misplaced !== undefined) return misplaced;
  const isReported = draft.reportedCost !== undefined;
  if (draft.model === undefined && !isReported) return rejectFields("USAGE_001", { model: "is required" });
  const model = draft.model ?? unknownName;
  const usage = measureUsage(draft, sent);
  if (usage instanceof RejectedRecord) return usage;

  const provider = usage.provider === undefined ? undefined : by.memory.providerId(usage.provider);
  const serviceTier = normalizeServiceTier(provider ?? unknownName, usage.serviceTier);
  const occurredAtMs = draft.occurredAtMs ?? by.receivedAtMs;
  const pricing = isReported
    ? unratedAs("reported", provider, usage.region)
    : usage.status === "void"
      ? unratedAs("void", provider, usage.region)
      : price(by, provider, model, { occurredAtMs, serviceTier, region: usage.region }, usage.quantities);
  const { cost } = pricing;
  if (pricing.reason !== null && (by.requirePrice || draft.requirePrice)) {
    const { message } = priceWarning({ ...pricing, reason: pricing.reason, model, occurredAtMs, serviceTier });
    return new RejectedRecord("COST_001", message);
  }
  const limbs = limbsOf(draft.reportedCost ?? cost?.total);
  const saved = savedLimbs(cost?.cacheSavings);
  if (limbs === "too large" || saved === "too large") {
    return new RejectedRecord(
      "USAGE_003",
      `the record's ${limbs === "too large" ? "cost" : "saving by caches"} is beyond nine trillion, which cannot be counted exactly`,
    );
  }
  const id = draft.id === undefined ? { bytes: by.makeId(), externalId: null } : readRecordId(draft.id);
  return {
    organizationId,
    id: id.bytes,
    externalId: id.externalId,
    idText: draft.id ?? formatUuid(id.bytes),
    entry: isReported ? entryCodes.cost : entryCodes.usage,
    state: pricing.reason === null ? 0 : stateBits.waitsForPrice,
    userId: draft.userId,
    occurredAtMs,
    receivedAtMs: by.receivedAtMs,
    requests: usage.quantities.requests ?? 1,
    totals: usage.totals,
    costMilli: limbs.milli,
    costPico: limbs.pico,
    savedMilli: saved.milli,
    savedPico: saved.pico,
    priceVersionId: cost?.priceVersionId ?? null,
    rule: pricing.rule,
    unpricedReason: pricing.reason,
    quantities: quantitiesText(usage.quantities),
    lines: cost === undefined ? null : cost.lines,
    usageStatus: usageStatusNames.indexOf(usage.status),
    isError: draft.isError ? 1 : 0,
    isStream: draft.isStream ? 1 : 0,
    latencyMs: draft.latencyMs === null ? null : Math.round(draft.latencyMs),
    source: by.source,
    fingerprint: fingerprintOf(draft),
    rawUsage: draft.usageText,
    metadata: draft.metadata,
    series: by.memory.series({
      organizationId,
      provider: pricing.provider,
      model,
      resolvedModel: pricing.resolvedModel,
      projectId: draft.projectId,
      serviceTier,
      region: pricing.region,
      currency: draft.currency ?? cost?.currency ?? null,
      costStatus: pricing.status,
      tags: draft.tags,
      apiKeyId: by.apiKeyId,
      usageStatus: usage.status,
    }),
    warnings: usage.warnings,
  };
}

const unratedAs = (status: "reported" | "void", provider: string | undefined, region: string | null): Pricing => ({
  status,
  provider: provider ?? unknownName,
  resolvedModel: null,
  region,
  rule: null,
  reason: null,
  cost: undefined,
});

interface CallContext {
  readonly occurredAtMs: number;
  readonly serviceTier: string;
  readonly region: string | null;
}

function price(
  { prices, organizationId, memory }: Preparation,
  provider: string | undefined,
  model: string,
  context: CallContext,
  quantities: Parameters<typeof rateUsage>[0],
): Pricing {
  const found = prices.find(organizationId, provider, model);
  if (found.kind === "unknown") {
    return {
      status: "unpriced",
      provider: provider ?? unknownName,
      resolvedModel: null,
      region: context.region,
      rule: { organizationId, resolutionRule: null, resolutionDetail: found.detail, priceRule: null },
      reason: found.reason,
      cost: undefined,
    };
  }
  const { resolution } = found;
  const region = context.region ?? resolution.region ?? null;
  const at = found.at(context.occurredAtMs);
  const rated: RatedCost =
    at.kind === "none"
      ? { kind: "unpriced", reason: at.reason, detail: at.detail }
      : rateUsage(
          withRequest(quantities),
          { occurredAtMs: context.occurredAtMs, serviceTier: context.serviceTier, region },
          at.price,
        );
  return {
    status: rated.kind,
    provider: provider ?? found.provider,
    resolvedModel: found.model,
    region,
    rule: memory.ruleTexts(organizationId, resolution, at, rated),
    reason: rated.kind === "unpriced" ? rated.reason : null,
    cost: rated.kind === "priced" ? rated : undefined,
  };
}

const noLimbs = { milli: null, pico: null } as const;
const zeroLimbs = { milli: 0, pico: 0 } as const;
const exactMax = BigInt(Number.MAX_SAFE_INTEGER);
const picoPerMilli = 1_000_000_000;
const picoPerMilliBig = 1_000_000_000n;

type Limbs = { readonly milli: number | null; readonly pico: number | null } | "too large";

/** Of nearly all calls it is 0, for which no object is made. */
const savedLimbs = (saved: Pico | null | undefined): Limbs => (saved === 0n ? zeroLimbs : limbsOf(saved ?? undefined));

/** An amount as two numbers that hold it exactly, or that it is too large for that. */
function limbsOf(amount: Pico | undefined): Limbs {
  if (amount === undefined) return noLimbs;
  if (amount >= 0n && amount <= exactMax) {
    const all = Number(amount);
    const milli = Math.floor(all / picoPerMilli);
    return { milli, pico: all - milli * picoPerMilli };
  }
  const remainder = ((amount % picoPerMilliBig) + picoPerMilliBig) % picoPerMilliBig;
  const milli = (amount - remainder) / picoPerMilliBig;
  if (milli > exactMax || milli < -exactMax) return "too large";
  return { milli: Number(milli), pico: Number(remainder) };
}
