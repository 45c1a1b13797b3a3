import type { PriceLookup } from "../pricing/price-lookup.ts";
import type { AppendArgs } from "./append-result.ts";
import { parseRecords } from "./parse-records.ts";
import { type Preparation, PreparationMemory, type PreparedRecord, prepareRecord } from "./prepare-record.ts";
import { readCostInput } from "./read-cost-input.ts";
import { readUsageInput } from "./read-usage-input.ts";
import { digest16, uuidV7Maker } from "./record-id.ts";
import { RejectedOutcome } from "./record-outcome.ts";
import { RejectedRecord } from "./rejected-record.ts";

/** A body with what its request said about it. */
export interface UsageBody {
  readonly args: AppendArgs;
  readonly bytes: Uint8Array;
}

/** Reads bodies one after the other, and remembers from one to the next what many records share. */
export class UsageBodyReader {
  readonly #memory = new PreparationMemory();
  readonly #makeId = uuidV7Maker();

  /**
   * Parses a body and derives everything about its records: nothing is written. `take` gets them one by one, in order,
   * each ready to be inserted or refused for itself, so that no more of them need live than its caller keeps. Whole-body
   * refusals are thrown before the first.
   */
  read(
    { args, bytes }: UsageBody,
    prices: PriceLookup,
    receivedAtMs: number,
    take: (record: PreparedRecord | RejectedOutcome) => void,
  ): void {
    const isCost = args.entry === "cost";
    const parsed = parseRecords(bytes, args.shape, isCost ? "entries" : "records");
    let index = 0;
    const by: Preparation = {
      organizationId: args.organizationId,
      source: args.source,
      requirePrice: args.requirePrice || parsed.requirePrice,
      within: args.within,
      apiKeyId: args.apiKeyId ?? null,
      receivedAtMs,
      prices,
      memory: this.#memory,
      makeId: () =>
        args.idempotencyKey === undefined
          ? this.#makeId(receivedAtMs)
          : digest16(`${args.organizationId}\x1f${args.entry}\x1f${args.idempotencyKey}\x1f${index}`),
    };
    const readOne = isCost ? readCostInput : readUsageInput;
    const { records, isPlain } = parsed;
    for (; index < records.length; index += 1) {
      const sent = records[index];
      // What was read is let go, lest every sweep of the garbage carries the whole body along.
      records[index] = undefined;
      const draft = sent instanceof RejectedRecord ? sent : readOne(sent, isPlain);
      const record = draft instanceof RejectedRecord ? draft : prepareRecord(draft, sent, by);
      take(record instanceof RejectedRecord ? new RejectedOutcome(idOf(sent), record) : record);
    }
  }
}

function idOf(sent: unknown): string | null {
  if (typeof sent !== "object" || sent === null || !Object.hasOwn(sent, "id")) return null;
  const { id } = sent as { id: unknown };
  return typeof id === "string" ? id.slice(0, 128) : null;
}
