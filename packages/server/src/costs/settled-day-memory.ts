/** Bytes of settled days that a process keeps, of all organizations: 90 days of 900 series a day are 6.5 MB. */
const keptBytesMax = 64 * 1024 * 1024;
/** What an entry takes beside the bytes that it is of: its key, its place, its buffer. */
const entryBytes = 700;

/**
 * What was read of settled days, under the digests of its bytes: whatever a day holds now, of whichever organization, its digest
 * says which bytes these are. Those asked for longest ago go first.
 */
export class SettledDayMemory {
  readonly #kept = new Map<string, Uint8Array>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = keptBytesMax) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  find(digest: string): Uint8Array | undefined {
    const known = this.#kept.get(digest);
    if (known === undefined) return undefined;
    this.#kept.delete(digest);
    this.#kept.set(digest, known);
    return known;
  }

  keep(digest: string, sums: Uint8Array): void {
    if (this.#kept.has(digest) || bytesOf(sums) > this.#bytesMax) return;
    this.#kept.set(digest, sums);
    this.#bytes += bytesOf(sums);
    for (const [oldest, old] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#kept.delete(oldest);
      this.#bytes -= bytesOf(old);
    }
  }
}

export const bytesOf = ({ length }: Uint8Array): number => length + entryBytes;
