import type { Metric } from "./cost-query.ts";
import { ExactSums, measures } from "./exact-sums.ts";

/** A combination of values, time and currency, whose sums lie in a slot. */
export interface Cell {
  readonly slot: number;
  readonly bucket: number;
  readonly currency: string | null;
  /** The same for cells that agree in everything but time and currency. */
  readonly key: number;
}

/** What stands for several groups at a time and in a currency, with how many of that currency there are. */
export interface OtherGroups {
  readonly slot: number;
  readonly bucket: number;
  readonly currency: string | null;
  readonly groups: number;
}

export interface FirstGroups {
  readonly top: number;
  readonly metrics: readonly Metric[];
  /** Which of two groups, by their keys, comes first where they are as large as each other; never neither. */
  readonly compare: (key: number, other: number) => number;
}

/** What a group comes to over all time, for one of the things that groups are ranked by. */
type Sizes = Map<number, bigint>;

const moneyAt = measures.indexOf("costMilli");
const [requestsAt, unpricedAt] = [measures.indexOf("requests"), measures.indexOf("unpricedRequests")];
const [inputAt, outputAt] = [measures.indexOf("inputTokens"), measures.indexOf("outputTokens")];
const picosPerMilli = 1_000_000_000;

/**
 * Finds the groups that are among the first `top` by anything that is asked about them: by cost, by what caching saved and
 * by the dearest average, each within its currency, and by every count. The others are added up in slots of their own, one
 * for each time and currency. So whatever of these is drawn, its first groups are there, and the sum stays the sum. Nothing
 * of a cell leaves its slot for that, since there may be a hundred thousand of which hundreds are wanted. The order of the
 * cells, which is that of whatever was read, changes nothing.
 */
export function topGroups<C extends Cell>(
  cells: readonly C[],
  sums: ExactSums,
  { top, metrics, compare }: FirstGroups,
): { readonly own: readonly C[]; readonly others: readonly OtherGroups[] } {
  const kept = new Set<number>();
  for (const sizes of rankings(cells, sums, metrics)) for (const key of largest(sizes, top, compare)) kept.add(key);
  const own: C[] = [];
  const counts = new Map<string | null, Set<number>>();
  const folded = new Map<string | null, Map<number, Omit<OtherGroups, "groups">>>();
  for (const cell of cells) {
    const { bucket, currency, key } = cell;
    if (kept.has(key)) {
      own.push(cell);
      continue;
    }
    getOrMake(counts, currency, () => new Set<number>()).add(key);
    const ofCurrency = getOrMake(folded, currency, () => new Map());
    const place = getOrMake(ofCurrency, bucket, () => ({ slot: sums.open(), bucket, currency }));
    sums.addSlot(place.slot, sums, cell.slot);
  }
  const others = [...folded.values()].flatMap((ofCurrency) => [...ofCurrency.values()]);
  return { own, others: others.map((one) => ({ ...one, groups: counts.get(one.currency)?.size ?? 0 })) };
}

/** What a group comes to in a currency, over all time. */
interface Whole {
  readonly key: number;
  readonly slot: number;
  dearestAverage: bigint;
  /** The same to fifteen digits. */
  dearestNearly: number;
}

/** The sizes of the groups by everything that they are ranked by. */
function rankings(cells: readonly Cell[], sums: ExactSums, metrics: readonly Metric[]): readonly Sizes[] {
  const found = new Map<string, Sizes>();
  const plus = (name: string, key: number, value: bigint): void => {
    const sizes = getOrMake(found, name, () => new Map());
    sizes.set(key, (sizes.get(key) ?? 0n) + value);
  };
  const counts = [
    ...(metrics.includes("count") ? [requestsAt, unpricedAt] : []),
    ...(metrics.includes("sum") ? measures.slice(inputAt, moneyAt).map((_, at) => inputAt + at) : []),
  ];
  const wholes = new ExactSums();
  for (const [currency, ofCurrency] of wholesOf(cells, sums, wholes, metrics.includes("avg"))) {
    for (const { key, slot, dearestAverage } of ofCurrency) {
      for (const at of counts) plus(String(at), key, wholes.total(slot, at));
      if (metrics.includes("sum")) plus("tokens", key, wholes.total(slot, inputAt) + wholes.total(slot, outputAt));
      if (currency === null) continue;
      for (let limb = moneyAt; limb < measures.length && metrics.includes("sum"); limb += 2) {
        plus(`${limb} ${currency}`, key, moneyOf(wholes, slot, limb));
      }
      if (metrics.includes("avg")) plus(`average ${currency}`, key, dearestAverage);
    }
  }
  return [...found.values()];
}

function wholesOf(
  cells: readonly Cell[],
  sums: ExactSums,
  wholes: ExactSums,
  withAverages: boolean,
): ReadonlyMap<string | null, readonly Whole[]> {
  const found = new Map<string | null, Map<number, Whole>>();
  for (const { key, currency, slot } of cells) {
    const ofCurrency = getOrMake(found, currency, () => new Map());
    const whole = getOrMake(ofCurrency, key, () => ({
      ...{ key, slot: wholes.open() },
      ...{ dearestAverage: 0n, dearestNearly: 0 },
    }));
    wholes.addSlot(whole.slot, sums, slot);
    if (withAverages && currency !== null) raiseAverage(whole, sums, slot);
  }
  return new Map([...found].map(([currency, ofCurrency]) => [currency, [...ofCurrency.values()]]));
}

/** Most averages are far below the dearest, as fifteen digits tell; only the others are divided exactly. */
function raiseAverage(whole: Whole, sums: ExactSums, slot: number): void {
  const requests = sums.nearly(slot, requestsAt);
  if (requests <= 0) return;
  const cost = sums.nearly(slot, moneyAt) * picosPerMilli + sums.nearly(slot, moneyAt + 1);
  const nearly = cost / requests;
  if (nearly + 1 < whole.dearestNearly * (1 - 1e-9)) return;
  const exact = moneyOf(sums, slot, moneyAt) / sums.total(slot, requestsAt);
  if (exact > whole.dearestAverage) whole.dearestAverage = exact;
  if (nearly > whole.dearestNearly) whole.dearestNearly = nearly;
}

const moneyOf = (sums: ExactSums, slot: number, limb: number): bigint =>
  sums.total(slot, limb) * BigInt(picosPerMilli) + sums.total(slot, limb + 1);

/** The keys of the largest sizes, at most `top` of them. Zeros are none. */
function largest(sizes: Sizes, top: number, compare: FirstGroups["compare"]): readonly number[] {
  interface Sized {
    readonly key: number;
    readonly size: bigint;
  }
  const isBehind = (one: Sized, other: Sized | undefined): boolean =>
    other !== undefined && (one.size === other.size ? compare(one.key, other.key) > 0 : one.size < other.size);
  const first: Sized[] = [];
  for (const [key, signed] of sizes) {
    const one = { key, size: signed < 0n ? -signed : signed };
    if (one.size === 0n || (first.length === top && isBehind(one, first.at(-1)))) continue;
    let at = first.length;
    while (at > 0 && !isBehind(one, first[at - 1])) at -= 1;
    first.splice(at, 0, one);
    if (first.length > top) first.pop();
  }
  return first.map(({ key }) => key);
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
