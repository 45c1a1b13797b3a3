import type { Store } from "../store/operation.ts";
import { applyCatalogue, listCatalogueVersions, previewCatalogue } from "./catalogue/catalogue.sql.ts";
import { createPrice, endPrice, updatePrice } from "./organization-prices.sql.ts";
import type { PriceBook } from "./price-book.ts";
import { getPrice, listPrices } from "./price-list.sql.ts";
import { priceWaiting } from "./price-waiting.sql.ts";
import { createProvider, deleteAlias, listAliases, listProviders, putAlias } from "./providers.sql.ts";
import { advanceStep, beginStep, examinePage, getRepricing, listRepricings, savePreview } from "./repricing.sql.ts";
import { resolvePriceNow } from "./resolve-price.sql.ts";

/** The price book on any store. */
export function createPriceBook(store: Store): PriceBook {
  return {
    list: (organizationId, filter, page) => store.run(listPrices, { organizationId, filter, page }),
    get: (organizationId, id) => store.run(getPrice, { organizationId, id }),
    create: (organizationId, input) => store.run(createPrice, { organizationId, input }),
    update: (organizationId, id, input) => store.run(updatePrice, { organizationId, id, input }),
    end: (organizationId, id, endDate) =>
      store.run(endPrice, { organizationId, id, input: endDate === undefined ? {} : { end_date: endDate } }),
    resolve: (organizationId, question) => store.run(resolvePriceNow, { organizationId, ...question }),

    providers: (organizationId) => store.run(listProviders, { organizationId }),
    createProvider: (organizationId, id, name) => store.run(createProvider, { organizationId, id, name }),
    aliases: (organizationId) => store.run(listAliases, { organizationId }),
    putAlias: (organizationId, provider, alias, model) =>
      store.run(putAlias, { organizationId, provider, alias, model }),
    deleteAlias: (organizationId, provider, alias) => store.run(deleteAlias, { organizationId, provider, alias }),

    catalogueVersions: () => store.run(listCatalogueVersions, {}),
    previewCatalogue: (change) => store.run(previewCatalogue, change),
    applyCatalogue: (change) => store.run(applyCatalogue, change),
  };
}

/** For the registry. */
export const pricingOperations = [
  listPrices,
  getPrice,
  listProviders,
  listAliases,
  listCatalogueVersions,
  previewCatalogue,
  createPrice,
  updatePrice,
  endPrice,
  createProvider,
  putAlias,
  deleteAlias,
  applyCatalogue,
  resolvePriceNow,
  priceWaiting,
  examinePage,
  savePreview,
  getRepricing,
  listRepricings,
  beginStep,
  advanceStep,
] as const;
