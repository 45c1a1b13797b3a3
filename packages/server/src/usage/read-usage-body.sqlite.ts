import { createPriceLookup } from "../pricing/price-lookup.sqlite.ts";
import type { PriceLookup } from "../pricing/price-lookup.ts";
import { type GroupCall, type StoreThread, threadState } from "../sqlite/operation.ts";
import type { AppendArgs } from "./append-result.ts";
import { parseRecords } from "./parse-records.ts";
import { type Preparation, PreparationMemory, type PreparedRecord, prepareRecord } from "./prepare-record.ts";
import { readCostInput } from "./read-cost-input.ts";
import { readUsageInput } from "./read-usage-input.ts";
import { digest16, uuidV7Maker } from "./record-id.ts";
import { RejectedOutcome } from "./record-outcome.ts";
import { RejectedRecord } from "./rejected-record.ts";

/** The records of a body, each ready to be inserted or refused for itself. */
export interface UsageBody {
  readonly receivedAtMs: number;
  readonly records: readonly (PreparedRecord | RejectedOutcome)[];
}

/** What reading bodies remembers on its thread. */
interface BodyReader {
  readonly prices: PriceLookup;
  readonly memory: PreparationMemory;
  readonly makeId: (now: number) => Uint8Array;
}

const readerKey = Symbol("reading bodies of usage");

/**
 * Parses a body and derives everything about its records, on any store thread: nothing is written. Whole-body refusals
 * are thrown. Prices are those of the revision that the thread sees at the call or of a later one.
 */
export function readUsageBody(store: StoreThread, { args, bytes }: GroupCall<AppendArgs>): UsageBody {
  const reader = threadState(
    store,
    readerKey,
    (): BodyReader => ({
      prices: createPriceLookup(store),
      memory: new PreparationMemory(),
      makeId: uuidV7Maker(),
    }),
  );
  reader.prices.refresh();
  const isCost = args.entry === "cost";
  const parsed = parseRecords(bytes, args.shape, isCost ? "entries" : "records");
  const receivedAtMs = store.now();
  let index = 0;
  const by: Preparation = {
    organizationId: args.organizationId,
    source: args.source,
    requirePrice: args.requirePrice || parsed.requirePrice,
    receivedAtMs,
    prices: reader.prices,
    memory: reader.memory,
    makeId: () =>
      args.idempotencyKey === undefined
        ? reader.makeId(receivedAtMs)
        : digest16(`${args.organizationId}\x1f${args.entry}\x1f${args.idempotencyKey}\x1f${index}`),
  };
  const readOne = isCost ? readCostInput : readUsageInput;
  const records: (PreparedRecord | RejectedOutcome)[] = [];
  for (const sent of parsed.records) {
    const draft = sent instanceof RejectedRecord ? sent : readOne(sent);
    const record = draft instanceof RejectedRecord ? draft : prepareRecord(draft, sent, by);
    records.push(record instanceof RejectedRecord ? new RejectedOutcome(idOf(sent), record) : record);
    index += 1;
  }
  return { receivedAtMs, records };
}

function idOf(sent: unknown): string | null {
  if (typeof sent !== "object" || sent === null || !Object.hasOwn(sent, "id")) return null;
  const { id } = sent as { id: unknown };
  return typeof id === "string" ? id.slice(0, 128) : null;
}
