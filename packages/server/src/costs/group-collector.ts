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

/** Above this many combinations, of all or of each user, a map is smaller than a table. */
const denseMax = { ofAll: 4_000_000, ofUser: 100 };
const usersAtFirst = 64;

/** Finds the slot of each combination of series group, time bucket and user, and adds to it. */
export class GroupCollector {
  readonly sums = new ExactSums();
  readonly #series: SeriesGroups;
  readonly #combinations: number;
  readonly #withUsers: boolean;
  /** As many places for each user as there are combinations of time and group; it grows with the users. */
  #dense: Int32Array | undefined;
  readonly #sparse = new Map<number, number>();
  readonly #userCodes = new Map<string | null, number>();
  readonly #rows: GroupRow[] = [];

  constructor(series: SeriesGroups, buckets: number, withUsers: boolean) {
    this.#series = series;
    this.#withUsers = withUsers;
    this.#combinations = buckets * series.groups.length;
    const [max, users] = withUsers ? [denseMax.ofUser, usersAtFirst] : [denseMax.ofAll, 1];
    if (this.#combinations <= max) this.#dense = new Int32Array(this.#combinations * users).fill(-1);
  }

  /** The group of a series, or −1 where the question leaves it out. */
  groupOf(seriesId: number): number {
    return this.#series.groupOfSeries[seriesId] ?? -1;
  }

  isUnpriced(seriesId: number): boolean {
    return this.#series.unpriced[seriesId] === 1;
  }

  slotOf(group: number, bucket: number, user: string | null): number {
    const userCode = this.#withUsers ? this.#userCode(user) : 0;
    const key = userCode * this.#combinations + bucket * this.#series.groups.length + group;
    const slot = this.#dense === undefined ? this.#sparse.get(key) : this.#dense[key];
    if (slot !== undefined && slot !== -1) return slot;
    const made = this.#open(group, bucket, this.#withUsers && user !== "" ? user : null, userCode);
    if (this.#dense === undefined) this.#sparse.set(key, made);
    else this.#dense = withPlace(this.#dense, key, made);
    return made;
  }

  rows(): readonly GroupRow[] {
    return this.#rows.filter(({ slot }) => !this.sums.isZero(slot));
  }

  #open(group: number, bucket: number, user: string | null, userCode: number): number {
    if (this.sums.slots >= limits.groupRows) throw tooManyGroups();
    const slot = this.sums.open();
    this.#rows.push({ slot, group, bucket, user, userCode });
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
