import type { Metric } from "./cost-query.ts";
import { ExactSums, measures } from "./exact-sums.ts";

/** A combination of values, time and currency, whose sums lie in a slot. */
export interface Cell {
  readonly slot: number;
  readonly bucket: number;
}

/** What stands for several groups at a time and in a currency, with how many of that currency there are. */
export interface OtherGroups {
  readonly slot: number;
  readonly bucket: number;
  readonly currency: string | null;
  readonly groups: number;
}

export interface FirstGroups<C extends Cell> {
  readonly top: number;
  readonly metrics: readonly Metric[];
  readonly currencyOf: (cell: C) => string | null;
  /** The same for cells that agree in everything but time and currency. */
  readonly keyOf: (cell: C) => number;
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
  groups: FirstGroups<C>,
): { readonly own: readonly C[]; readonly others: readonly OtherGroups[] } {
  const { top, metrics, currencyOf, keyOf, compare } = groups;
  const kept = new Set<number>();
  for (const sizes of rankings(wholesOf(cells, sums, groups), metrics))
    for (const key of largest(sizes, top, compare)) kept.add(key);
  const own: C[] = [];
  const counts = new Map<string | null, Set<number>>();
  const folded = new Map<string | null, Map<number, Omit<OtherGroups, "groups">>>();
  for (const cell of cells) {
    const key = keyOf(cell);
    if (kept.has(key)) {
      own.push(cell);
      continue;
    }
    const { bucket } = cell;
    const currency = currencyOf(cell);
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

/** What every group comes to, by currency; their slots are in sums of their own. */
interface Wholes {
  readonly sums: ExactSums;
  readonly byCurrency: ReadonlyMap<string | null, ReadonlyMap<number, Whole>>;
}

/** The sizes of the groups by everything that they are ranked by. */
function rankings({ sums, byCurrency }: Wholes, metrics: readonly Metric[]): readonly Sizes[] {
  const found = new Map<string, Sizes>();
  const plus = (name: string, key: number, value: bigint): void => {
    const sizes = getOrMake(found, name, () => new Map());
    sizes.set(key, (sizes.get(key) ?? 0n) + value);
  };
  const counts = [
    ...(metrics.includes("count") ? [requestsAt, unpricedAt] : []),
    ...(metrics.includes("sum") ? measures.slice(inputAt, moneyAt).map((_, at) => inputAt + at) : []),
  ];
  for (const [currency, ofCurrency] of byCurrency) {
    for (const { key, slot, dearestAverage } of ofCurrency.values()) {
      for (const at of counts) plus(String(at), key, sums.total(slot, at));
      if (metrics.includes("sum")) plus("tokens", key, sums.total(slot, inputAt) + sums.total(slot, outputAt));
      if (currency === null) continue;
      for (let limb = moneyAt; limb < measures.length && metrics.includes("sum"); limb += 2) {
        plus(`${limb} ${currency}`, key, moneyOf(sums, slot, limb));
      }
      if (metrics.includes("avg")) plus(`average ${currency}`, key, dearestAverage);
    }
  }
  return [...found.values()];
}

function wholesOf<C extends Cell>(
  cells: readonly C[],
  sums: ExactSums,
  { metrics, currencyOf, keyOf }: FirstGroups<C>,
): Wholes {
  const withAverages = metrics.includes("avg");
  const wholes = new ExactSums();
  const byCurrency = new Map<string | null, Map<number, Whole>>();
  for (const cell of cells) {
    const key = keyOf(cell);
    const currency = currencyOf(cell);
    const ofCurrency = getOrMake(byCurrency, currency, () => new Map());
    let whole = ofCurrency.get(key);
    if (whole === undefined) {
      whole = { key, slot: wholes.open(), dearestAverage: 0n, dearestNearly: 0 };
      ofCurrency.set(key, whole);
    }
    wholes.addSlot(whole.slot, sums, cell.slot);
    if (withAverages && currency !== null) raiseAverage(whole, sums, cell.slot);
  }
  return { sums: wholes, byCurrency };
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
function largest(sizes: Sizes, top: number, compare: FirstGroups<Cell>["compare"]): readonly number[] {
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
