import type { SqliteThreads } from "../sqlite/operation.ts";
import {
  applyCatalogue,
  catalogueOperations,
  listCatalogueVersions,
  previewCatalogue,
} from "./catalogue/catalogue.sqlite.ts";
import { createPrice, endPrice, organizationPriceOperations, updatePrice } from "./organization-prices.sqlite.ts";
import type { PriceBook } from "./price-book.ts";
import { getPrice, listPrices, priceListOperations, resolvePriceNow } from "./price-list.sqlite.ts";
import { priceWaiting } from "./price-waiting.sqlite.ts";
import {
  createProvider,
  deleteAlias,
  listAliases,
  listProviders,
  providerOperations,
  putAlias,
} from "./providers.sqlite.ts";

/** The price book on the embedded store. */
export function createSqlitePriceBook(threads: SqliteThreads): PriceBook {
  return {
    list: (organizationId, filter, page) => threads.read(listPrices, { organizationId, filter, page }),
    get: (organizationId, id) => threads.read(getPrice, { organizationId, id }),
    create: (organizationId, input) => threads.write(createPrice, { organizationId, input }),
    update: (organizationId, id, input) => threads.write(updatePrice, { organizationId, id, input }),
    end: (organizationId, id, endDate) =>
      threads.write(endPrice, { organizationId, id, input: endDate === undefined ? {} : { end_date: endDate } }),
    resolve: (organizationId, question) => threads.read(resolvePriceNow, { organizationId, ...question }),

    providers: (organizationId) => threads.read(listProviders, { organizationId }),
    createProvider: (organizationId, id, name) => threads.write(createProvider, { organizationId, id, name }),
    aliases: (organizationId) => threads.read(listAliases, { organizationId }),
    putAlias: (organizationId, provider, alias, model) =>
      threads.write(putAlias, { organizationId, provider, alias, model }),
    deleteAlias: (organizationId, provider, alias) => threads.write(deleteAlias, { organizationId, provider, alias }),

    catalogueVersions: () => threads.read(listCatalogueVersions, {}),
    previewCatalogue: (change) => threads.read(previewCatalogue, change),
    applyCatalogue: (change) => threads.write(applyCatalogue, change),
  };
}

/** Everything that the store's threads run for prices, except repricing. */
export const pricingOperations = [
  ...organizationPriceOperations,
  ...priceListOperations,
  ...providerOperations,
  ...catalogueOperations,
  priceWaiting,
] as const;
