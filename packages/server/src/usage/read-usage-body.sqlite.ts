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

/** What reading bodies remembers on its thread. */
interface BodyReader {
  readonly prices: PriceLookup;
  readonly memory: PreparationMemory;
  readonly makeId: (now: number) => Uint8Array;
}

const readerKey = Symbol("reading bodies of usage");

/**
 * Parses a body and derives everything about its records, on any store thread: nothing is written. `take` gets them one
 * by one, in order, each ready to be inserted or refused for itself, so that no more of them need live than its caller
 * keeps. Whole-body refusals are thrown before the first. Prices are those of the revision that the thread sees at the
 * call, or of a later one.
 */
export function readUsageBody(
  store: StoreThread,
  { args, bytes }: GroupCall<AppendArgs>,
  take: (record: PreparedRecord | RejectedOutcome) => void,
): void {
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
    projectId: args.projectId,
    receivedAtMs,
    prices: reader.prices,
    memory: reader.memory,
    makeId: () =>
      args.idempotencyKey === undefined
        ? reader.makeId(receivedAtMs)
        : digest16(`${args.organizationId}\x1f${args.entry}\x1f${args.idempotencyKey}\x1f${index}`),
  };
  const readOne = isCost ? readCostInput : readUsageInput;
  const { records } = parsed;
  for (; index < records.length; index += 1) {
    const sent = records[index];
    // What was read is let go, lest every sweep of the garbage carries the whole body along.
    records[index] = undefined;
    const draft = sent instanceof RejectedRecord ? sent : readOne(sent);
    const record = draft instanceof RejectedRecord ? draft : prepareRecord(draft, sent, by);
    take(record instanceof RejectedRecord ? new RejectedOutcome(idOf(sent), record) : record);
  }
}

function idOf(sent: unknown): string | null {
  if (typeof sent !== "object" || sent === null || !Object.hasOwn(sent, "id")) return null;
  const { id } = sent as { id: unknown };
  return typeof id === "string" ? id.slice(0, 128) : null;
}
