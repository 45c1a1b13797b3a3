import type { PriceRecord, RateRecord } from "@llm-cost-ops/contract";
import { formatInstant, type Rate, type UsageKind } from "@llm-cost-ops/core";
import { bodyOf, isWithdrawn, type PriceVersionRow } from "./price-version-row.ts";

const rateToWire = (rate: Rate): RateRecord => ({
  kind: rate.kind,
  price: rate.price,
  per: rate.per,
  above: rate.above ?? null,
  service_tier: rate.serviceTier ?? null,
  region: rate.region ?? null,
  time_of_day: rate.timeOfDay === undefined ? null : { from: rate.timeOfDay.from, to: rate.timeOfDay.to },
});

/** The plain price per million of a kind, where the version has one. */
function plainPrice(rates: readonly Rate[], kind: UsageKind): string | null {
  const plain = rates.find(
    (rate) =>
      rate.kind === kind &&
      rate.per === 1_000_000 &&
      rate.above === undefined &&
      rate.serviceTier === undefined &&
      rate.region === undefined &&
      rate.timeOfDay === undefined,
  );
  return plain?.price ?? null;
}

const holdsAt = (row: PriceVersionRow, ms: number): boolean =>
  !isWithdrawn(row) &&
  (row.valid_from ?? Number.NEGATIVE_INFINITY) <= ms &&
  ms < (row.valid_to ?? Number.POSITIVE_INFINITY);

/** A price version as it goes over the wire; `active` says whether it holds at `nowMs`. */
export function priceToWire(row: PriceVersionRow, nowMs: number): PriceRecord {
  const { rates, multipliers, tierMode, contextBasis } = bodyOf(row);
  return {
    id: row.id,
    provider: row.provider,
    model: row.model,
    source: row.catalogue_version === null ? "organization" : "catalogue",
    catalogue_version: row.catalogue_version,
    currency: row.currency,
    effective_date: row.valid_from === null ? null : formatInstant(row.valid_from),
    end_date: row.valid_to === null ? null : formatInstant(row.valid_to),
    active: holdsAt(row, nowMs),
    tier_mode: tierMode,
    context_basis: contextBasis,
    input_price_per_million: plainPrice(rates, "input"),
    output_price_per_million: plainPrice(rates, "output"),
    rates: rates.map(rateToWire),
    multipliers: multipliers.map(({ serviceTier, region, factor }) => ({
      service_tier: serviceTier ?? null,
      region: region ?? null,
      factor,
    })),
    created_at: formatInstant(row.created_at),
  };
}
