import type { PriceRecord } from "@llm-cost-ops/sdk";
import { conditionText, isWithdrawn, kindRank, type Rate } from "./price-words.ts";

/** The versions of one model. */
export interface ModelPrices {
  readonly provider: string;
  readonly model: string;
  /** What applies now: the organization's own goes before the catalogue's. */
  readonly present: PriceRecord | undefined;
  /** The catalogue's that would apply otherwise. */
  readonly overridden: PriceRecord | undefined;
  readonly versions: readonly PriceRecord[];
}

const isOwn = ({ source }: PriceRecord): boolean => source === "organization";

export function modelPrices(provider: string, model: string, versions: readonly PriceRecord[]): ModelPrices {
  const active = versions.filter((version) => version.active);
  const own = active.find(isOwn);
  const catalogue = active.find((version) => !isOwn(version));
  return {
    provider,
    model,
    present: own ?? catalogue,
    overridden: own === undefined ? undefined : catalogue,
    versions,
  };
}

/** Versions by model, in the order of the list, which has those of one model beside each other. */
export function byModel(records: readonly PriceRecord[]): readonly ModelPrices[] {
  const groups = new Map<string, PriceRecord[]>();
  for (const record of records) {
    const key = JSON.stringify([record.provider, record.model]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return [...groups.values()].map((versions) => {
    const [{ provider, model }] = versions as [PriceRecord];
    return modelPrices(provider, model, versions);
  });
}

/** A price as kinds by situations. */
interface RateMatrix {
  /** `standard` first, then tiers, bands, regions and hours. */
  readonly situations: readonly string[];
  readonly rows: readonly {
    readonly kind: string;
    readonly per: number;
    /** By situation; a situation without one takes the standard price. */
    readonly prices: ReadonlyMap<string, string>;
  }[];
}

const situationRank = (rate: Rate): string =>
  [
    conditionText(rate) === "standard" ? "0" : "1",
    rate.region ?? "",
    rate.serviceTier === "standard" ? "" : (rate.serviceTier ?? ""),
    rate.timeOfDay?.from ?? "",
    String(rate.above ?? 0).padStart(12, "0"),
  ].join("\n");

export function rateMatrix(rates: readonly Rate[]): RateMatrix {
  const ranks = new Map(rates.map((rate) => [conditionText(rate), situationRank(rate)]));
  const situations = [...ranks].toSorted(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([text]) => text);
  const rows = new Map<string, { kind: string; per: number; prices: Map<string, string> }>();
  for (const rate of rates) {
    const key = `${rate.kind}/${rate.per}`;
    const row = rows.get(key) ?? { kind: rate.kind, per: rate.per, prices: new Map() };
    row.prices.set(conditionText(rate), rate.price);
    rows.set(key, row);
  }
  return { situations, rows: [...rows.values()].toSorted((a, b) => kindRank(a.kind) - kindRank(b.kind)) };
}

/** A stretch of time `[fromMs, toMs)` in which one version applied, or none; null is open. */
export interface Span {
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly price: PriceRecord | undefined;
}

const startMs = ({ effectiveDate }: PriceRecord): number =>
  effectiveDate === null ? Number.NEGATIVE_INFINITY : Date.parse(effectiveDate);
const endMs = ({ endDate }: PriceRecord): number => (endDate === null ? Number.POSITIVE_INFINITY : Date.parse(endDate));
const finite = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);

/** What applied when: at every instant the organization's own version, else the catalogue's. */
export function timelineOf(versions: readonly PriceRecord[]): readonly Span[] {
  const held = versions.filter((version) => !isWithdrawn(version));
  const bounds = [...new Set(held.flatMap((version) => [startMs(version), endMs(version)]))];
  const edges = [...new Set([Number.NEGATIVE_INFINITY, ...bounds, Number.POSITIVE_INFINITY])].toSorted((a, b) => a - b);
  const spans: Span[] = [];
  for (const [at, from] of edges.slice(0, -1).entries()) {
    const to = edges[at + 1] as number;
    const covering = held.filter((version) => startMs(version) <= from && endMs(version) >= to);
    const price = covering.find(isOwn) ?? covering[0];
    const last = spans.at(-1);
    if (last !== undefined && last.price?.id === price?.id) spans[spans.length - 1] = { ...last, toMs: finite(to) };
    else spans.push({ fromMs: finite(from), toMs: finite(to), price });
  }
  return spans.filter(({ price }, at) => price !== undefined || (at > 0 && at < spans.length - 1));
}
