import type { PriceVersion } from "./price-version.ts";

/** The price version that holds at an instant and why it was chosen, or that none does. */
export type PriceResolution =
  | { readonly kind: "found"; readonly version: PriceVersion; readonly rule: string }
  | { readonly kind: "none"; readonly reason: "no_price_at_date"; readonly detail: string };

/** A day where the instant is midnight UTC, else the instant. */
function dateOf(ms: number): string {
  const text = new Date(ms).toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text;
}

const holdsAt = (version: PriceVersion, ms: number): boolean =>
  (version.validFromMs === null || version.validFromMs <= ms) && (version.validToMs === null || ms < version.validToMs);

/** Whether `challenger` goes before `holder`: the organization's own price first, then the later start. */
function goesBefore(challenger: PriceVersion, holder: PriceVersion): boolean {
  const own = challenger.source.kind === "organization";
  if (own !== (holder.source.kind === "organization")) return own;
  const challengerFrom = challenger.validFromMs ?? Number.NEGATIVE_INFINITY;
  const holderFrom = holder.validFromMs ?? Number.NEGATIVE_INFINITY;
  if (challengerFrom !== holderFrom) return challengerFrom > holderFrom;
  return challenger.id > holder.id;
}

function ruleOf(version: PriceVersion): string {
  const owner =
    version.source.kind === "organization"
      ? "The organization's own price"
      : `The price of catalogue ${version.source.catalogueVersion}`;
  const from = version.validFromMs === null ? "since ever" : `from ${dateOf(version.validFromMs)}`;
  const to = version.validToMs === null ? "until further notice" : `before ${dateOf(version.validToMs)}`;
  return `${owner} for ${version.model}, valid ${from}, ${to}.`;
}

/**
 * Finds the version of one model's price that held when the call was made (`occurredAtMs`, UTC milliseconds).
 * Among the versions whose `[validFromMs, validToMs)` holds the instant, the organization's own go before the
 * catalogue's, then the latest start wins, then the greater id, so the order of `versions` changes nothing.
 */
export function resolvePrice(versions: readonly PriceVersion[], occurredAtMs: number): PriceResolution {
  let chosen: PriceVersion | undefined;
  for (const version of versions) {
    if (holdsAt(version, occurredAtMs) && (chosen === undefined || goesBefore(version, chosen))) chosen = version;
  }
  if (chosen !== undefined) return { kind: "found", version: chosen, rule: ruleOf(chosen) };
  const detail =
    versions.length === 0
      ? "The price book holds no price for this model."
      : `None of the ${versions.length} known prices of this model holds at ${dateOf(occurredAtMs)}.`;
  return { kind: "none", reason: "no_price_at_date", detail };
}
