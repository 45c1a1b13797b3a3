import type { PriceRecord } from "@llm-cost-ops/contract";
import { canonicalProvider } from "@llm-cost-ops/core";
import { type OfOrganization, storeRead } from "../store/operation.ts";
import { readVersion } from "./organization-prices.sql.ts";
import type { PriceFilter, PricePage, PricePosition } from "./price-book.ts";
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
    where("lower(provider || ' ' || model) LIKE lower(?) ESCAPE '\\'", `%${escapeLike(filter.search.trim())}%`);
  }
  if (filter.active !== undefined) {
    const holds = "(coalesce(valid_from, ?) <= ? AND (valid_to IS NULL OR valid_to > ?))";
    where(filter.active ? holds : `NOT ${holds}`, everMs, nowMs, nowMs);
  }
  return { conditions, values };
}

/** Price versions by provider, model and first instant; one more than `limit` tells that there are others. */
export const listPrices = storeRead<
  OfOrganization & { readonly filter: PriceFilter; readonly page: PricePage },
  readonly { readonly record: PriceRecord; readonly position: PricePosition }[]
>("pricing.list", async (connection, { organizationId, filter, page }) => {
  const { conditions, values } = conditionsOf(organizationId, filter, connection.now());
  if (page.after !== undefined) {
    conditions.push("(provider, model, coalesce(valid_from, ?), id) > (?, ?, ?, ?)");
    values.push(everMs, page.after.provider, page.after.model, page.after.fromMs ?? everMs, page.after.id);
  }
  const rows = await connection.all<PriceVersionRow>(
    `SELECT * FROM price_versions WHERE ${conditions.join(" AND ")}
       ORDER BY provider, model, coalesce(valid_from, ${everMs}), id LIMIT ? OFFSET ?`,
    ...values,
    page.limit + 1,
    page.offset,
  );
  return rows.map((row) => ({
    record: priceToWire(row, connection.now()),
    position: { provider: row.provider, model: row.model, fromMs: row.valid_from, id: row.id },
  }));
});

export const getPrice = storeRead<OfOrganization & { readonly id: string }, PriceRecord>(
  "pricing.get",
  async (connection, { organizationId, id }) =>
    priceToWire(await readVersion(connection, organizationId, id), connection.now()),
);
