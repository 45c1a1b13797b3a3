import type { ResolveResult } from "@llm-cost-ops/contract";
import { normalizeServiceTier, rateUsage } from "@llm-cost-ops/core";
import { type StoreThread, sqliteOperation, threadState } from "../sqlite/operation.ts";
import { createPriceLookup } from "./price-lookup.sqlite.ts";
import { priceToWire } from "./price-record.ts";
import { catalogueOrganization, type PriceVersionRow } from "./price-version-row.ts";

/** The version that the look-up found in the same snapshot. */
const readVersion = ({ db }: StoreThread, organizationId: string, id: string): PriceVersionRow =>
  db
    .prepare("SELECT * FROM price_versions WHERE organization_id IN (?, ?) AND id = ?")
    .get(organizationId, catalogueOrganization, id) as unknown as PriceVersionRow;

export interface ResolveArgs {
  readonly organizationId: string;
  readonly provider: string;
  readonly model: string;
  readonly atMs: number | undefined;
  readonly serviceTier: string | undefined;
  readonly region: string | undefined;
}

const lookupKey = Symbol("price look-up of the reader");

/** Which price a call would get: how its model is found, which version holds, which rates are chosen, or why none. */
export const resolvePriceNow = sqliteOperation<ResolveArgs, ResolveResult>("pricing.resolve", (store, args) => {
  const lookup = threadState(store, lookupKey, () => createPriceLookup(store));
  lookup.refresh();
  const found = lookup.find(args.organizationId, args.provider, args.model);
  if (found.kind === "unknown") {
    return { resolution: null, price: null, rule: null, unpriced_reason: found.reason, detail: found.detail };
  }
  const { rule, detail, provider, model } = found.resolution;
  const resolution = { rule, detail, provider, model };
  const occurredAtMs = args.atMs ?? store.now();
  const at = found.at(occurredAtMs);
  if (at.kind === "none") {
    return { resolution, price: null, rule: null, unpriced_reason: at.reason, detail: at.detail };
  }
  const price = priceToWire(readVersion(store, args.organizationId, at.price.version.id), store.now());
  const serviceTier = normalizeServiceTier(provider, args.serviceTier);
  const region = args.region ?? found.resolution.region ?? null;
  // One unit of a kind that the version prices shows which rates the tier and the region get.
  const [first] = at.price.version.rates;
  const rated = rateUsage({ [first?.kind ?? "requests"]: 1 }, { occurredAtMs, serviceTier, region }, at.price);
  return rated.kind === "priced"
    ? { resolution, price, rule: `${at.rule} ${rated.rule}`, unpriced_reason: null, detail: null }
    : { resolution, price, rule: at.rule, unpriced_reason: rated.reason, detail: rated.detail };
});
