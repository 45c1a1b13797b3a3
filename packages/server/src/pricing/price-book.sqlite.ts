import type { SqliteThreads } from "../sqlite/operation.ts";
import { applyCatalogue, listCatalogueVersions, previewCatalogue } from "./catalogue/catalogue.sqlite.ts";
import { createPrice, endPrice, updatePrice } from "./organization-prices.sqlite.ts";
import type { PriceBook } from "./price-book.ts";
import { getPrice, listPrices, resolvePriceNow } from "./price-list.sqlite.ts";
import { priceWaiting } from "./price-waiting.sqlite.ts";
import { createProvider, deleteAlias, listAliases, listProviders, putAlias } from "./providers.sqlite.ts";
import { advanceStep, beginStep, examinePage, getRepricing, listRepricings, savePreview } from "./repricing.sqlite.ts";

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

/** What the reader thread runs for prices. */
export const pricingReads = [
  listPrices,
  getPrice,
  resolvePriceNow,
  listProviders,
  listAliases,
  listCatalogueVersions,
  previewCatalogue,
  examinePage,
  getRepricing,
  listRepricings,
] as const;

/** What the writer thread runs for prices. */
export const pricingWrites = [
  createPrice,
  updatePrice,
  endPrice,
  createProvider,
  putAlias,
  deleteAlias,
  applyCatalogue,
  priceWaiting,
  savePreview,
  beginStep,
  advanceStep,
] as const;
