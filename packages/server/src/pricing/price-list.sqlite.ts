import type { PriceRecord, ResolveResult } from "@llm-cost-ops/contract";
import { canonicalProvider, normalizeServiceTier, rateUsage } from "@llm-cost-ops/core";
import { sqliteOperation, threadState } from "../sqlite/operation.ts";
import { readVersion } from "./organization-prices.sqlite.ts";
import type { PriceFilter, PricePage, PricePosition } from "./price-book.ts";
import { createPriceLookup } from "./price-lookup.sqlite.ts";
import { priceToWire } from "./price-record.ts";
import { catalogueOrganization, type PriceVersionRow } from "./price-version-row.ts";

/** Stands for "since ever" where versions are put in order. */
const everMs = -8_640_000_000_000_000;

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, "\\$&");

/** Conditions and their values, in step. */
function conditionsOf(organizationId: string, filter: PriceFilter, nowMs: number) {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const where = (condition: string, ...with_: readonly (string | number)[]): void => {
    conditions.push(condition);
    values.push(...with_);
  };
  if (filter.source === "organization") where("organization_id = ?", organizationId);
  else if (filter.source === "catalogue") where("organization_id = ?", catalogueOrganization);
  else where("organization_id IN (?, ?)", catalogueOrganization, organizationId);
  if (filter.provider !== undefined) where("provider = ?", canonicalProvider(filter.provider));
  if (filter.model !== undefined) where("lower(model) = lower(?)", filter.model);
  if (filter.search !== undefined) {
    where("(provider || ' ' || model) LIKE ? ESCAPE '\\'", `%${escapeLike(filter.search.trim())}%`);
  }
  if (filter.active !== undefined) {
    const holds = "(coalesce(valid_from, ?) <= ? AND (valid_to IS NULL OR valid_to > ?))";
    where(filter.active ? holds : `NOT ${holds}`, everMs, nowMs, nowMs);
  }
  return { conditions, values };
}

/** Price versions by provider, model and first instant; one more than `limit` tells that there are others. */
export const listPrices = sqliteOperation<
  { readonly organizationId: string; readonly filter: PriceFilter; readonly page: PricePage },
  readonly { readonly record: PriceRecord; readonly position: PricePosition }[]
>("pricing.list", (store, { organizationId, filter, page }) => {
  const { conditions, values } = conditionsOf(organizationId, filter, store.now());
  if (page.after !== undefined) {
    conditions.push("(provider, model, coalesce(valid_from, ?), id) > (?, ?, ?, ?)");
    values.push(everMs, page.after.provider, page.after.model, page.after.fromMs ?? everMs, page.after.id);
  }
  const rows = store.db
    .prepare(
      `SELECT * FROM price_versions WHERE ${conditions.join(" AND ")}
       ORDER BY provider, model, coalesce(valid_from, ${everMs}), id LIMIT ? OFFSET ?`,
    )
    .all(...values, page.limit + 1, page.offset) as unknown as PriceVersionRow[];
  return rows.map((row) => ({
    record: priceToWire(row, store.now()),
    position: { provider: row.provider, model: row.model, fromMs: row.valid_from, id: row.id },
  }));
});

export const getPrice = sqliteOperation<{ readonly organizationId: string; readonly id: string }, PriceRecord>(
  "pricing.get",
  (store, { organizationId, id }) => priceToWire(readVersion(store, organizationId, id), store.now()),
);

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
