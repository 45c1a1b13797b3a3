/** A price book for tests, on the store that this run of the tests is about. */

import { openTestedAt, type TestedStoreAt } from "../store/opened-fixture.ts";
import { storeRead } from "../store/operation.ts";
import { createPriceBook } from "./price-book.sql.ts";
import type { PriceBook } from "./price-book.ts";
import { createPriceLookup } from "./price-lookup.sqlite.ts";
import type { PriceLookup } from "./price-lookup.ts";
import { withPrices } from "./with-prices.sql.ts";

export interface TestedPriceBook extends TestedStoreAt {
  readonly book: PriceBook;
  /** What the work finds with the look-up that rates usage on this store. */
  find<Found>(organizationId: string, work: (lookup: PriceLookup) => Found): Promise<Found>;
  /** The price of a million input tokens of a model of OpenAI's at an instant, or why there is none. */
  inputPrice(organizationId: string, model: string, atMs: number): Promise<string>;
}

export async function openTestedPriceBook(now: () => number): Promise<TestedPriceBook> {
  const opened = await openTestedAt(now);
  const { store, thread } = opened;
  const ofThread = thread === undefined ? undefined : createPriceLookup(thread);
  const find: TestedPriceBook["find"] = async (organizationId, work) => {
    if (ofThread !== undefined) {
      ofThread.refresh();
      return work(ofThread);
    }
    const ask = storeRead<{ readonly organizationId: string }, ReturnType<typeof work>>(
      "test.findPrices",
      async (connection) => withPrices(connection, organizationId, work),
    );
    return store.run(ask, { organizationId });
  };
  return {
    ...opened,
    book: createPriceBook(store),
    find,
    inputPrice: (organizationId, model, atMs) =>
      find(organizationId, (lookup) => inputPrice(lookup.find(organizationId, "openai", model), atMs)),
  };
}

function inputPrice(found: ReturnType<PriceLookup["find"]>, atMs: number): string {
  if (found.kind === "unknown") return found.reason;
  const at = found.at(atMs);
  if (at.kind === "none") return at.reason;
  return at.price.version.rates.find(({ kind }) => kind === "input")?.price ?? "none";
}
