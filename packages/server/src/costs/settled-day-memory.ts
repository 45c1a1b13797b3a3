/** Bytes of settled days that a process keeps, of all organizations: 90 days of 900 series a day are 6.5 MB. */
const keptBytesMax = 64 * 1024 * 1024;

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

  find(digest: string): Uint8Array | undefined {
    const known = this.#kept.get(digest);
    if (known === undefined) return undefined;
    this.#kept.delete(digest);
    this.#kept.set(digest, known);
    return known;
  }

  keep(digest: string, sums: Uint8Array): void {
    if (this.#kept.has(digest) || sums.length > this.#bytesMax) return;
    this.#kept.set(digest, sums);
    this.#bytes += sums.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#kept.delete(oldest);
      this.#bytes -= length;
    }
  }
}
