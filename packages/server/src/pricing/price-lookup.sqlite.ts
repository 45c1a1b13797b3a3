import { type StoreThread, threadState } from "../sqlite/operation.ts";
import { type PriceLookup, type PriceNames, type PriceRows, priceLookupOn } from "./price-lookup.ts";
import { aliasesSql, modelsSql, revisionSql, versionsSql } from "./price-rows.ts";
import { catalogueOrganization, type PriceVersionRow } from "./price-version-row.ts";

const revisionStatement = Symbol("price book revision");

/** The number that every change of prices, models, aliases and catalogues increases. */
export function priceBookRevision(store: StoreThread): number {
  const statement = threadState(store, revisionStatement, () => store.db.prepare(revisionSql));
  return (statement.get() as { value: number }).value;
}

/** The price look-up of one store thread, which reads rows when it is asked. */
export function createPriceLookup(store: StoreThread): PriceLookup {
  const { db } = store;
  const rows: PriceRows = {
    revision: () => priceBookRevision(store),
    names: (owner) => ({
      models: db.prepare(modelsSql).all(owner) as unknown as PriceNames["models"],
      aliases: db.prepare(aliasesSql).all(owner) as unknown as PriceNames["aliases"],
    }),
    versions: (organizationId, provider, model) =>
      db
        .prepare(versionsSql)
        .all(catalogueOrganization, organizationId, provider, model) as unknown as PriceVersionRow[],
  };
  return priceLookupOn(rows);
}
