import type { Multiplier, PriceVersion, Rate } from "@llm-cost-ops/core";

/** The organization id under which the catalogue is stored; every organization reads it. */
export const catalogueOrganization = "";

/** What a price says, apart from whose it is and when it holds. Stored as JSON, never edited. */
export interface PriceBody {
  readonly tierMode: PriceVersion["tierMode"];
  readonly contextBasis: PriceVersion["contextBasis"];
  readonly rates: readonly Rate[];
  readonly multipliers: readonly Multiplier[];
  /** As a person stated it, so that a later version with another input price keeps the same discount. Decimal strings. */
  readonly cachedInputDiscount?: string;
}

/** A row of `price_versions`. */
export interface PriceVersionRow {
  readonly organization_id: string;
  readonly id: string;
  readonly provider: string;
  readonly model: string;
  readonly catalogue_version: string | null;
  readonly currency: string;
  readonly valid_from: number | null;
  readonly valid_to: number | null;
  readonly body: string;
  readonly created_at: number;
}

/** A version that was replaced before it began to hold has an empty validity; it stays on record and prices nothing. */
export const isWithdrawn = (row: Pick<PriceVersionRow, "valid_from" | "valid_to">): boolean =>
  row.valid_from !== null && row.valid_to !== null && row.valid_to <= row.valid_from;

export const bodyOf = (row: Pick<PriceVersionRow, "body">): PriceBody => JSON.parse(row.body) as PriceBody;

export function priceVersionFromRow(row: PriceVersionRow): PriceVersion {
  const { tierMode, contextBasis, rates, multipliers } = bodyOf(row);
  return {
    id: row.id,
    provider: row.provider,
    model: row.model,
    source:
      row.catalogue_version === null
        ? { kind: "organization", organizationId: row.organization_id }
        : { kind: "catalogue", catalogueVersion: row.catalogue_version },
    currency: row.currency,
    validFromMs: row.valid_from,
    validToMs: row.valid_to,
    tierMode,
    contextBasis,
    rates,
    multipliers,
  };
}
