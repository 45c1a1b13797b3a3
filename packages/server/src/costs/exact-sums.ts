/** The measures that a row of an answer sums, in the order in which the sums keep them. */
export const measures = [
  "requests",
  "unpricedRequests",
  "inputTokens",
  "outputTokens",
  "cachedTokens",
  "cacheWriteTokens",
  "reasoningTokens",
  "costMilli",
  "costPico",
  "savedMilli",
  "savedPico",
] as const;
export type Measure = (typeof measures)[number];

const width = measures.length;
const milliAt = measures.indexOf("costMilli");
const picoPerMilli = 1_000_000_000n;

/** Half of what a double counts exactly: a sum below it stays exact when one more safe integer is added and compared. */
const carryAt = 2 ** 52;

/**
 * Exact integer sums in many slots. A sum lives in a double while it is small enough to be exact there, and carries over
 * into a BigInt when it grows, so that neither speed nor digits are lost.
 */
export class ExactSums {
  #low = new Float64Array(width * 64);
  readonly #carried = new Map<number, bigint>();
  #slots = 0;

  get slots(): number {
    return this.#slots;
  }

  /** A new slot, all zero. */
  open(): number {
    const slot = this.#slots;
    this.#slots += 1;
    if (this.#slots * width > this.#low.length) {
      const grown = new Float64Array(this.#low.length * 2);
      grown.set(this.#low);
      this.#low = grown;
    }
    return slot;
  }

  /** Adds a safe integer to one measure of a slot; `at` is `slot × measures.length + position of the measure`. */
  add(at: number, value: number): void {
    const low = this.#low[at] ?? 0;
    const sum = low + value;
    if (sum < carryAt && sum > -carryAt) {
      this.#low[at] = sum;
      return;
    }
    this.#carried.set(at, (this.#carried.get(at) ?? 0n) + BigInt(low));
    this.#low[at] = value;
  }

  /** Adds a safe integer each, or takes it, to one measure of many slots; −1 is none. */
  addColumn(measure: number, slots: Int32Array, values: Float64Array, sign: 1 | -1): void {
    for (let at = 0; at < slots.length; at += 1) {
      const slot = slots[at] ?? -1;
      const value = values[at] ?? 0;
      if (slot !== -1 && value !== 0) this.add(slot * width + measure, sign * value);
    }
  }

  /** Adds an integer of any size. */
  addBig(at: number, value: bigint): void {
    this.#carried.set(at, (this.#carried.get(at) ?? 0n) + value);
  }

  /** Adds a slot of these or other sums to a slot. */
  addSlot(to: number, from: ExactSums, slot: number): void {
    const [target, source] = [to * width, slot * width];
    for (let measure = 0; measure < width; measure += 1) {
      const value = from.#low[source + measure] ?? 0;
      if (value !== 0) this.add(target + measure, value);
    }
    if (from.#carried.size === 0) return;
    for (let measure = 0; measure < width; measure += 1) {
      const carried = from.#carried.get(source + measure);
      if (carried !== undefined) this.addBig(target + measure, carried);
    }
  }

  /** A sum to fifteen digits, for who compares sizes before it works with digits. */
  nearly(slot: number, measure: number): number {
    const at = slot * width + measure;
    const low = this.#low[at] ?? 0;
    return this.#carried.size === 0 ? low : low + Number(this.#carried.get(at) ?? 0n);
  }

  total(slot: number, measure: number): bigint {
    const at = slot * width + measure;
    const low = BigInt(this.#low[at] ?? 0);
    return this.#carried.size === 0 ? low : (this.#carried.get(at) ?? 0n) + low;
  }

  /** Whether nothing but zeros, or what cancelled out, was added to the slot. The limbs of no money may be 1 and −10⁹. */
  isZero(slot: number): boolean {
    for (let measure = 0; measure < milliAt; measure += 1) {
      const isPlain = this.#carried.size === 0;
      if (isPlain ? this.#low[slot * width + measure] !== 0 : this.total(slot, measure) !== 0n) return false;
    }
    for (let limb = milliAt; limb < width; limb += 2) {
      if (this.total(slot, limb) * picoPerMilli + this.total(slot, limb + 1) !== 0n) return false;
    }
    return true;
  }
}
