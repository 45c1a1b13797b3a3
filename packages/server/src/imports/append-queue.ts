import { setTimeout as delay } from "node:timers/promises";
import { Refusal } from "../refusal.ts";
import type { Ledger, RecordedItem, UsageBytes } from "../usage/ledger.ts";

/** Bounds what is held at once. 250, 500 and 1,000 could not be told apart in speed or heap on a busy machine (2026-11-21). */
const batchRecordsMax = 500;
const batchBytesMax = 1024 * 1024;
/** While one batch commits, the next waits at the writer and a third is being read: more would only hold memory. */
const batchesInFlight = 3;
const attemptsMax = 8;
const firstDelayMs = 50;
const lineFeed = 10;

/** One record on its way to the ledger. */
export interface QueuedRecord {
  readonly line: number;
  /** One JSON object on one line. */
  readonly json: Uint8Array;
}

/** What the ledger said of a record. */
export interface AppendedRecord {
  readonly queued: QueuedRecord;
  readonly item: RecordedItem;
}

type Settings = Omit<UsageBytes, "bytes" | "shape">;

/**
 * Hands records to the ledger in batches, a few of them in flight, and gives back what became of each in order. `add`
 * waits when the ledger is behind, so that a fast reader cannot fill the memory.
 */
export class AppendQueue {
  readonly #ledger: Ledger;
  readonly #organizationId: string;
  readonly #settings: Settings;
  #batch: QueuedRecord[] = [];
  #batchBytes = 0;
  readonly #inFlight: Promise<readonly AppendedRecord[]>[] = [];

  constructor(ledger: Ledger, organizationId: string, settings: Settings) {
    this.#ledger = ledger;
    this.#organizationId = organizationId;
    this.#settings = settings;
  }

  /** Whether the next record fills a batch and `send` must be awaited. */
  add(record: QueuedRecord): boolean {
    this.#batch.push(record);
    this.#batchBytes += record.json.length + 1;
    return this.#batch.length >= batchRecordsMax || this.#batchBytes >= batchBytesMax;
  }

  /** Sends the batch; gives the results of an older one when as many as allowed are in flight. */
  async send(): Promise<readonly AppendedRecord[]> {
    if (this.#batch.length > 0) {
      const appended = this.#append(this.#batch);
      appended.catch(() => {}); // It is awaited later, in order; until then a failure must not look unhandled.
      this.#inFlight.push(appended);
      this.#batch = [];
      this.#batchBytes = 0;
    }
    return this.#inFlight.length < batchesInFlight ? [] : await this.#oldest();
  }

  /** Sends what is left and gives all results that are still out, batch by batch. */
  async *drain(): AsyncIterable<readonly AppendedRecord[]> {
    yield await this.send();
    while (this.#inFlight.length > 0) yield await this.#oldest();
  }

  /** Waits until nothing is under way any more, whatever becomes of it, and gives the results that there are. */
  async settle(): Promise<readonly AppendedRecord[]> {
    const settled = await Promise.allSettled(this.#inFlight.splice(0));
    return settled.flatMap((batch) => (batch.status === "fulfilled" ? batch.value : []));
  }

  async #oldest(): Promise<readonly AppendedRecord[]> {
    return (await this.#inFlight.shift()) ?? [];
  }

  async #append(batch: readonly QueuedRecord[]): Promise<readonly AppendedRecord[]> {
    try {
      const items = await this.#patiently(batch);
      return batch.map((queued, index) => ({ queued, item: items[index] ?? lostItem(index) }));
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === "UNAVAILABLE") throw error;
      // The whole batch was refused: halves find the one that is to blame without failing its neighbours.
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) return [{ queued: only, item: refusedItem(error) }];
      const middle = batch.length >> 1;
      return [...(await this.#append(batch.slice(0, middle))), ...(await this.#append(batch.slice(middle)))];
    }
  }

  /** A full queue is no reason to give up an import: it waits and tries again. Sending twice records once. */
  async #patiently(batch: readonly QueuedRecord[], attempt = 1): Promise<readonly RecordedItem[]> {
    try {
      // The ledger may hand the bytes over to another thread for good, so each attempt has its own.
      const bytes = joinLines(batch);
      return await this.#ledger.append(this.#organizationId, { ...this.#settings, shape: "lines", bytes });
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "UNAVAILABLE" || attempt >= attemptsMax) throw error;
      await delay(firstDelayMs * 2 ** (attempt - 1));
      return this.#patiently(batch, attempt + 1);
    }
  }
}

function joinLines(batch: readonly QueuedRecord[]): Uint8Array {
  const joined = new Uint8Array(batch.reduce((sum, record) => sum + record.json.length + 1, 0));
  let at = 0;
  for (const { json } of batch) {
    joined.set(json, at);
    at += json.length;
    joined[at++] = lineFeed;
  }
  return joined;
}

const lostItem = (index: number): RecordedItem => ({
  index,
  id: null,
  status: "rejected",
  error: { code: "INTERNAL_ERROR", message: "the ledger gave no result for this record" },
});

const refusedItem = (refusal: Refusal): RecordedItem => ({
  index: 0,
  id: null,
  status: "rejected",
  error: {
    code: refusal.code,
    message: refusal.message,
    ...(refusal.fieldErrors === undefined ? {} : { field_errors: { ...refusal.fieldErrors } }),
  },
});
