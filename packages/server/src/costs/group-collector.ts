import { limits } from "@llm-cost-ops/contract/limits";
import { ExactSums } from "./exact-sums.ts";
import type { SeriesGroups } from "./series-groups.ts";
import { tooManyGroups } from "./time-buckets.ts";

/** A combination that was added to. */
export interface GroupRow {
  readonly slot: number;
  readonly group: number;
  readonly bucket: number;
  readonly user: string | null;
  /** The user's number among those of the collector; 0 where nobody asks for users. */
  readonly userCode: number;
}

/** Above this many combinations a map is smaller than a table, and above this many of a user one of all users. */
const denseMax = 4_000_000;
const denseOfUserMax = 100;

/** Finds the slot of each combination of series group, time bucket and user, and adds to it. */
export class GroupCollector {
  readonly sums = new ExactSums();
  readonly #series: SeriesGroups;
  readonly #buckets: number;
  readonly #withUsers: boolean;
  readonly #dense: Int32Array | undefined;
  /** As many places for each user as there are combinations; it grows with the users. */
  #ofUsers: Int32Array | undefined;
  readonly #sparse = new Map<number, number>();
  readonly #userCodes = new Map<string | null, number>();
  readonly #rows: GroupRow[] = [];

  constructor(series: SeriesGroups, buckets: number, withUsers: boolean) {
    this.#series = series;
    this.#buckets = buckets;
    this.#withUsers = withUsers;
    const combinations = buckets * series.groups.length;
    if (!withUsers && combinations <= denseMax) this.#dense = new Int32Array(combinations).fill(-1);
    if (withUsers && combinations <= denseOfUserMax) this.#ofUsers = new Int32Array(combinations * 64).fill(-1);
  }

  /** The group of a series, or −1 where the question leaves it out. */
  groupOf(seriesId: number): number {
    return this.#series.groupOfSeries[seriesId] ?? -1;
  }

  isUnpriced(seriesId: number): boolean {
    return this.#series.unpriced[seriesId] === 1;
  }

  slotOf(group: number, bucket: number, user: string | null): number {
    const at = bucket * this.#series.groups.length + group;
    if (this.#dense !== undefined) {
      const slot = this.#dense[at] ?? -1;
      if (slot !== -1) return slot;
      const made = this.#open({ group, bucket, user: null, userCode: 0 });
      this.#dense[at] = made;
      return made;
    }
    const userCode = this.#withUsers ? this.#userCode(user) : 0;
    const key = userCode * (this.#buckets * this.#series.groups.length) + at;
    const slot = this.#ofUsers === undefined ? this.#sparse.get(key) : this.#ofUsers[key];
    if (slot !== undefined && slot !== -1) return slot;
    const made = this.#open({ group, bucket, user: this.#withUsers && user !== "" ? user : null, userCode });
    if (this.#ofUsers === undefined) this.#sparse.set(key, made);
    else this.#ofUsers = withPlace(this.#ofUsers, key, made);
    return made;
  }

  rows(): readonly GroupRow[] {
    return this.#rows.filter(({ slot }) => !this.sums.isZero(slot));
  }

  #open(row: Omit<GroupRow, "slot">): number {
    if (this.sums.slots >= limits.groupRows) throw tooManyGroups();
    const slot = this.sums.open();
    this.#rows.push({ slot, ...row });
    return slot;
  }

  /** Rollups write an absent user as an empty text, records as null. */
  #userCode(user: string | null): number {
    const name = user ?? "";
    const known = this.#userCodes.get(name);
    if (known !== undefined) return known;
    this.#userCodes.set(name, this.#userCodes.size);
    return this.#userCodes.size - 1;
  }
}

/** The same places, or twice as many where the key has none. */
function withPlace(places: Int32Array, key: number, slot: number): Int32Array {
  let roomy = places;
  if (key >= places.length) {
    roomy = new Int32Array(Math.max(places.length * 2, key + 1)).fill(-1);
    roomy.set(places);
  }
  roomy[key] = slot;
  return roomy;
}
