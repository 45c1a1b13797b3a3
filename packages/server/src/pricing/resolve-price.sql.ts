import type { ResolveResult } from "@llm-cost-ops/contract";
import { normalizeServiceTier, rateUsage } from "@llm-cost-ops/core";
import { invariant } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { storeRead } from "../store/operation.ts";
import { priceToWire } from "./price-record.ts";
import { catalogueOrganization, type PriceVersionRow } from "./price-version-row.ts";
import { withPrices } from "./with-prices.sql.ts";

/** The version that the look-up found in the same snapshot. */
async function readVersion(connection: StoreConnection, organizationId: string, id: string): Promise<PriceVersionRow> {
  const row = await connection.get<PriceVersionRow>(
    "SELECT * FROM price_versions WHERE organization_id IN (?, ?) AND id = ?",
    organizationId,
    catalogueOrganization,
    id,
  );
  invariant(row !== undefined, "a version that the look-up found is there");
  return row;
}

export interface ResolveArgs {
  readonly organizationId: string;
  readonly provider: string;
  readonly model: string;
  readonly atMs: number | undefined;
  readonly serviceTier: string | undefined;
  readonly region: string | undefined;
}

/** Which price a call would get: how its model is found, which version holds, which rates are chosen, or why none. */
export const resolvePriceNow = storeRead(
  "pricing.resolve",
  async (connection, args: ResolveArgs): Promise<ResolveResult> => {
    const occurredAtMs = args.atMs ?? connection.now();
    const found = await withPrices(connection, args.organizationId, (lookup) => {
      const model = lookup.find(args.organizationId, args.provider, args.model);
      return model.kind === "unknown" ? model : { ...model, at: model.at(occurredAtMs) };
    });
    if (found.kind === "unknown") {
      return { resolution: null, price: null, rule: null, unpriced_reason: found.reason, detail: found.detail };
    }
    const { at } = found;
    const { rule, detail, provider, model } = found.resolution;
    const resolution = { rule, detail, provider, model };
    if (at.kind === "none") {
      return { resolution, price: null, rule: null, unpriced_reason: at.reason, detail: at.detail };
    }
    const version = await readVersion(connection, args.organizationId, at.price.version.id);
    const price = priceToWire(version, connection.now());
    const serviceTier = normalizeServiceTier(provider, args.serviceTier);
    const region = args.region ?? found.resolution.region ?? null;
    // One unit of a kind that the version prices shows which rates the tier and the region get.
    const [first] = at.price.version.rates;
    const rated = rateUsage({ [first?.kind ?? "requests"]: 1 }, { occurredAtMs, serviceTier, region }, at.price);
    return rated.kind === "priced"
      ? { resolution, price, rule: `${at.rule} ${rated.rule}`, unpriced_reason: null, detail: null }
      : { resolution, price, rule: at.rule, unpriced_reason: rated.reason, detail: rated.detail };
  },
);
