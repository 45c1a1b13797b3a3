import { createPriceLookup } from "../pricing/price-lookup.sqlite.ts";
import type { PriceLookup } from "../pricing/price-lookup.ts";
import { type StoreThread, threadState } from "../sqlite/operation.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { type UsageBody, UsageBodyReader } from "./read-usage-body.ts";
import type { RejectedOutcome } from "./record-outcome.ts";

/** What reading bodies remembers on its thread. */
interface ThreadReader {
  readonly prices: PriceLookup;
  readonly bodies: UsageBodyReader;
}

const readerKey = Symbol("reading bodies of usage");

/**
 * Reads a body on any store thread, as `UsageBodyReader` does. Prices are those of the revision that the thread sees at
 * the call, or of a later one.
 */
export function readUsageBody(
  store: StoreThread,
  body: UsageBody,
  take: (record: PreparedRecord | RejectedOutcome) => void,
): void {
  const reader = threadState(
    store,
    readerKey,
    (): ThreadReader => ({ prices: createPriceLookup(store), bodies: new UsageBodyReader() }),
  );
  reader.prices.refresh();
  reader.bodies.read(body, reader.prices, store.now(), take);
}
