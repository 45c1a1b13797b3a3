import type { SqliteThreads } from "../sqlite/operation.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { createPriceBook } from "./price-book.sql.ts";
import type { PriceBook } from "./price-book.ts";
import { priceWaiting } from "./price-waiting.sqlite.ts";
import { advanceStep, beginStep, examinePage, getRepricing, listRepricings, savePreview } from "./repricing.sqlite.ts";
import { resolvePriceNow } from "./resolve-price.sqlite.ts";

/** The price book on the embedded store. */
export const createSqlitePriceBook = (threads: SqliteThreads): PriceBook =>
  createPriceBook(sqliteStore(threads), (organizationId, question) =>
    threads.read(resolvePriceNow, { organizationId, ...question }),
  );

/** What the reader thread runs for prices and no other store has yet. */
export const pricingReads = [resolvePriceNow, examinePage, getRepricing, listRepricings] as const;

/** What the writer thread runs for prices and no other store has yet. */
export const pricingWrites = [priceWaiting, savePreview, beginStep, advanceStep] as const;
