import type { Dimension } from "@llm-cost-ops/contract";
import { costOf, type SummedRow } from "./answer-rows.ts";
import { measures } from "./exact-sums.ts";
import { timeDimensions } from "./time-buckets.ts";

/** What a group comes to over all time, for one of the things that groups are ranked by. */
type Sizes = Map<string, bigint>;

const moneyAt = measures.indexOf("costMilli");
const requestsAt = measures.indexOf("requests");
const [inputAt, outputAt] = [measures.indexOf("inputTokens"), measures.indexOf("outputTokens")];

/**
 * Leaves the groups that are among the first `top` by anything that can be asked about them: by cost, by what caching saved and
 * by the dearest average, each within its currency, and by every count. The others become one row for each time and
 * currency, which says how many groups of the currency are in it. So whatever of these is drawn, its first groups are there,
 * and the sum stays the sum.
 */
export function topGroups(
  rows: readonly SummedRow[],
  groupBy: readonly Dimension[],
  top: number | undefined,
): readonly SummedRow[] {
  const isTime = groupBy.map((name) => (timeDimensions as readonly string[]).includes(name));
  if (top === undefined || isTime.every((each) => each)) return rows;
  const keyed = rows.map((row) => ({ row, key: keyOf(row.values, isTime) }));
  const kept = new Set<string>();
  for (const sizes of rankings(keyed)) {
    const ranked = [...sizes]
      .filter(([, size]) => size !== 0n)
      .sort(([, a], [, b]) => compare(magnitude(b), magnitude(a)));
    for (const [key] of ranked.slice(0, top)) kept.add(key);
  }
  const others = keyed.filter(({ key }) => !kept.has(key));
  const counts = new Map<string | null, Set<string>>();
  for (const { row, key } of others) counts.set(row.currency, (counts.get(row.currency) ?? new Set()).add(key));
  const folded = new Map<string, { row: SummedRow; sums: bigint[] }>();
  for (const { row } of others) {
    const place = `${row.bucket} ${row.currency}`;
    const known = folded.get(place);
    if (known === undefined) folded.set(place, { row, sums: [...row.sums] });
    else for (const [at, sum] of row.sums.entries()) known.sums[at] = (known.sums[at] ?? 0n) + sum;
  }
  return [
    ...keyed.flatMap(({ row, key }) => (kept.has(key) ? [row] : [])),
    ...[...folded.values()].map(({ row, sums }) => ({
      ...row,
      values: row.values.map((value, at) => (isTime[at] ? value : null)),
      sums,
      otherGroups: counts.get(row.currency)?.size ?? 0,
    })),
  ];
}

interface KeyedRow {
  readonly row: SummedRow;
  readonly key: string;
}

/** The same for rows that agree in everything but time. */
function keyOf(values: readonly (string | null)[], isTime: readonly boolean[]): string {
  let key = "";
  for (const [at, value] of values.entries()) {
    if (isTime[at] !== true) key += value === null ? "-" : `${value.length}=${value}`;
  }
  return key;
}

/** What a group comes to in a currency, over all time. */
interface Whole {
  readonly key: string;
  readonly currency: string | null;
  readonly sums: bigint[];
  dearestAverage: bigint;
}

function wholesOf(rows: readonly KeyedRow[]): readonly Whole[] {
  const wholes = new Map<string | null, Map<string, Whole>>();
  for (const { row, key } of rows) {
    const ofCurrency = wholes.get(row.currency) ?? new Map<string, Whole>();
    wholes.set(row.currency, ofCurrency);
    const known = ofCurrency.get(key);
    const whole = known ?? { key, currency: row.currency, sums: [...row.sums], dearestAverage: 0n };
    if (known === undefined) ofCurrency.set(key, whole);
    else for (const [at, sum] of row.sums.entries()) whole.sums[at] = (whole.sums[at] ?? 0n) + sum;
    const requests = row.sums[requestsAt] ?? 0n;
    const average = requests <= 0n ? 0n : (costOf(row) ?? 0n) / requests;
    if (average > whole.dearestAverage) whole.dearestAverage = average;
  }
  return [...wholes.values()].flatMap((ofCurrency) => [...ofCurrency.values()]);
}

/** The sizes of the groups by everything that they are ranked by. */
function rankings(rows: readonly KeyedRow[]): readonly Sizes[] {
  const found = new Map<string, Sizes>();
  const plus = (name: string, key: string, value: bigint): void => {
    const sizes = found.get(name) ?? new Map<string, bigint>();
    found.set(name, sizes);
    sizes.set(key, (sizes.get(key) ?? 0n) + value);
  };
  for (const { key, currency, sums, dearestAverage } of wholesOf(rows)) {
    for (let at = 0; at < moneyAt; at += 1) plus(String(at), key, sums[at] ?? 0n);
    plus("tokens", key, (sums[inputAt] ?? 0n) + (sums[outputAt] ?? 0n));
    if (currency === null) continue;
    for (let limb = moneyAt; limb < measures.length; limb += 2) {
      plus(`${limb} ${currency}`, key, (sums[limb] ?? 0n) * 1_000_000_000n + (sums[limb + 1] ?? 0n));
    }
    plus(`average ${currency}`, key, dearestAverage);
  }
  return [...found.values()];
}

const magnitude = (size: bigint): bigint => (size < 0n ? -size : size);
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
