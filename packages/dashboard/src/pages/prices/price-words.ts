import type { PriceRecord } from "@llm-cost-ops/sdk";
import { formatDay, formatInstant } from "../../format/instants.ts";
import { formatCount, formatTokens } from "../../format/numbers.ts";

export type Rate = PriceRecord["rates"][number];

/** What can be priced, in the order in which it is shown, with the unit that a price is usually for. */
export const kinds = {
  input: "Input",
  cache_read: "Cache read",
  cache_write_5m: "Cache write",
  cache_write_1h: "Cache write, 1 hour",
  output: "Output",
  reasoning: "Reasoning",
  input_audio: "Audio input",
  input_image: "Image input",
  input_video: "Video input",
  cache_read_audio: "Audio from a cache",
  cache_read_image: "Images from a cache",
  cache_read_video: "Video from a cache",
  output_audio: "Audio output",
  output_image: "Image output",
  output_video: "Video output",
  requests: "Call",
  web_searches: "Web search",
  file_searches: "File search",
  code_executions: "Code execution",
  tool_calls: "Tool call",
  input_images: "Image, read",
  output_images: "Image, made",
  input_audio_ms: "Audio read, ms",
  output_audio_ms: "Audio made, ms",
  input_video_ms: "Video read, ms",
  output_video_ms: "Video made, ms",
  input_characters: "Character, read",
  output_characters: "Character, made",
  pages: "Page",
} as const satisfies Readonly<Record<string, string>>;

const kindOrder = Object.keys(kinds);
const firstUnit = kindOrder.indexOf("requests");

export const kindLabel = (kind: string): string => (kinds as Readonly<Record<string, string>>)[kind] ?? kind;

/** Where a kind stands; unknown ones come last. */
export const kindRank = (kind: string): number => {
  const at = kindOrder.indexOf(kind);
  return at === -1 ? kindOrder.length : at;
};

/** Tokens are priced by the million, everything else by the piece, unless a rate says otherwise. */
export const usualPer = (kind: string): number => (kindRank(kind) < firstUnit ? 1_000_000 : 1);

export function perText(kind: string, per: number): string {
  const isToken = kindRank(kind) < firstUnit;
  if (per === 1) return isToken ? "per token" : "each";
  const many = formatTokens(per).replace(".00", "");
  return isToken ? `per ${many} tokens` : `per ${many}`;
}

/** When a rate holds, apart from its kind. `standard` is any call that no other rate is for. */
export function conditionText({ above, serviceTier, region, timeOfDay }: Omit<Rate, "kind" | "price" | "per">): string {
  const parts = [
    serviceTier === null || serviceTier === "standard" ? "" : serviceTier,
    region ?? "",
    above === null || above === 0 ? "" : `above ${formatCount(above)} tokens`,
    timeOfDay === null ? "" : `${timeOfDay.from}–${timeOfDay.to} UTC`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "standard" : parts.join(", ");
}

const isPlain = (rate: Rate): boolean => conditionText(rate) === "standard";

/** The price of a kind where nothing special holds. */
export const plainRate = (price: Pick<PriceRecord, "rates">, kind: string): Rate | undefined =>
  price.rates.find((rate) => rate.kind === kind && isPlain(rate));

/** What a price has beside plain prices of input, output and cached input, in a few words. */
export function besidesText({ rates, multipliers }: Pick<PriceRecord, "rates" | "multipliers">): string {
  const tiers = new Set(
    [...rates, ...multipliers].flatMap(({ serviceTier }) =>
      serviceTier === null || serviceTier === "standard" ? [] : [serviceTier],
    ),
  );
  const regions = new Set([...rates, ...multipliers].flatMap(({ region }) => region ?? []));
  const others = new Set(
    rates.map(({ kind }) => kind).filter((kind) => !["input", "output", "cache_read"].includes(kind)),
  );
  const parts = [
    rates.some(({ above }) => above !== null && above > 0) ? "context bands" : "",
    ...tiers,
    regions.size === 0 ? "" : `${regions.size} ${regions.size === 1 ? "region" : "regions"}`,
    rates.some(({ timeOfDay }) => timeOfDay !== null) ? "hours" : "",
    others.size === 0 ? "" : `${others.size} more ${others.size === 1 ? "kind" : "kinds"}`,
  ].filter((part) => part !== "");
  return parts.join(", ");
}

/** `since ever`, `since 1 Mar 2026, 00:00`, `1 Mar 2026, 00:00 to 1 Jun 2026, 00:00`. */
export function validityText(
  { effectiveDate, endDate }: Pick<PriceRecord, "effectiveDate" | "endDate">,
  zone: string,
): string {
  if (endDate === null) return effectiveDate === null ? "since ever" : `since ${formatInstant(effectiveDate, zone)}`;
  return `${effectiveDate === null ? "ever" : formatInstant(effectiveDate, zone)} to ${formatInstant(endDate, zone)}`;
}

/** A day of UTC, as prices are usually published. */
export const sinceText = (effectiveDate: string | null): string =>
  effectiveDate === null ? "ever" : formatDay(effectiveDate, true);

/** One that was replaced at its own first instant never held. */
export const isWithdrawn = ({ effectiveDate, endDate }: Pick<PriceRecord, "effectiveDate" | "endDate">): boolean =>
  effectiveDate !== null && endDate !== null && Date.parse(endDate) <= Date.parse(effectiveDate);

/** Where a version stands in time, for people. */
export function stateText(price: PriceRecord, nowMs: number): "in force" | "to come" | "over" | "replaced" {
  if (price.active) return "in force";
  if (isWithdrawn(price)) return "replaced";
  return price.effectiveDate !== null && Date.parse(price.effectiveDate) > nowMs ? "to come" : "over";
}

export const countedModels = (count: number): string => `${formatCount(count)} ${count === 1 ? "model" : "models"}`;

/** The address of everything about one model's prices. */
export const modelHref = (provider: string, model: string): string =>
  `/prices/model?${new URLSearchParams({ provider, model })}`;

export const newPriceHref = (provider: string, model: string): string =>
  `/prices/new?${new URLSearchParams({ provider, model })}`;
