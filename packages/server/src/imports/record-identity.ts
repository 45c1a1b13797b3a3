import { hash } from "node:crypto";

/** Distinct contents that are told apart exactly. Beyond it numbers are shared, which stays safe (see `OccurrenceTable`). */
const exactContentsMax = 2_900_000;

/**
 * Makes ids for records that carry none: the same file gives the same ids in every run, so that importing it again
 * records nothing, while equal rows within one file stay distinct.
 *
 * The id is the content's SHA-256 (together with how many equal contents came before it in this file, from the second
 * on), written like a UUIDv8 whose first 48 bits are the record's time in milliseconds, or hash bits where it has none:
 * an index on time-ordered keys stays several times faster than one on random keys.
 */
export class RecordIdentity {
  readonly #occurrences: OccurrenceTable;

  constructor(contentsMax: number = exactContentsMax) {
    this.#occurrences = new OccurrenceTable(contentsMax);
  }

  identify(content: Uint8Array | string, occurredAtMs: number | undefined): string {
    const digest = hash("sha256", content, "buffer");
    const before = this.#occurrences.next(digest.readUInt32LE(0), digest.readUInt32LE(4));
    const hex = digest.toString("hex");
    return before === 0 ? uuidLike(hex, occurredAtMs) : stableId(`${before}\n${hex}`, occurredAtMs);
  }
}

/** A provider's id as the contract accepts one: too long or unprintable ids are replaced by their hash. */
export function externalId(id: string): string {
  const printable = id.length > 0 && id.length <= 128 && !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(id);
  return printable ? id : uuidLike(hash("sha256", id, "hex"), undefined);
}

/** An id that depends on the text alone: for calls that a source describes uniquely without giving them an id. */
export const stableId = (text: string, occurredAtMs: number | undefined): string =>
  uuidLike(hash("sha256", text, "hex"), occurredAtMs);

const instantMsMax = 2 ** 48 - 1;

function uuidLike(hex: string, occurredAtMs: number | undefined): string {
  const inRange = occurredAtMs !== undefined && occurredAtMs >= 0 && occurredAtMs <= instantMsMax;
  const time = inRange ? Math.floor(occurredAtMs).toString(16).padStart(12, "0") : hex.slice(32, 44);
  const variant = "89ab"[Number.parseInt(hex[3] as string, 16) & 3];
  return `${time.slice(0, 8)}-${time.slice(8)}-8${hex.slice(0, 3)}-${variant}${hex.slice(4, 7)}-${hex.slice(7, 19)}`;
}

/**
 * Counts how often a 64-bit key was seen, in an open-addressing table of 12 bytes a slot. When it is full, new keys share
 * the counter of their first slot: a shared number is only ever larger, so equal contents still get distinct numbers and
 * the same file still gets the same ones.
 */
class OccurrenceTable {
  readonly #keysMax: number;
  #slots = 4_096;
  #used = 0;
  #low = new Uint32Array(this.#slots);
  #high = new Uint32Array(this.#slots);
  #counts = new Uint32Array(this.#slots);

  constructor(keysMax: number) {
    this.#keysMax = keysMax;
  }

  /** How often the key came before. */
  next(low: number, high: number): number {
    const slot = this.#slotOf(low, high);
    const before = this.#counts[slot] as number;
    this.#counts[slot] = before + 1;
    if (before === 0) {
      this.#low[slot] = low;
      this.#high[slot] = high;
      this.#used++;
      if (this.#used > this.#slots * 0.7 && this.#used < this.#keysMax) this.#grow();
    }
    return before;
  }

  #slotOf(low: number, high: number): number {
    const mask = this.#slots - 1;
    let slot = low & mask;
    while (this.#counts[slot] !== 0) {
      if (this.#low[slot] === low && this.#high[slot] === high) return slot;
      slot = (slot + 1) & mask;
      if (this.#used >= this.#keysMax && this.#probed(slot, low, mask)) return low & mask;
    }
    return this.#used >= this.#keysMax ? low & mask : slot;
  }

  /** A full table is not searched from end to end. */
  #probed(slot: number, low: number, mask: number): boolean {
    return ((slot - low) & mask) > 64;
  }

  #grow(): void {
    const [low, high, counts] = [this.#low, this.#high, this.#counts];
    this.#slots *= 2;
    this.#low = new Uint32Array(this.#slots);
    this.#high = new Uint32Array(this.#slots);
    this.#counts = new Uint32Array(this.#slots);
    for (let index = 0; index < counts.length; index++) {
      if (counts[index] === 0) continue;
      const slot = this.#slotOf(low[index] as number, high[index] as number);
      this.#low[slot] = low[index] as number;
      this.#high[slot] = high[index] as number;
      this.#counts[slot] = counts[index] as number;
    }
  }
}
