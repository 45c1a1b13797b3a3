import type { Totals } from "@llm-cost-ops/contract";
import { formatCount, formatMoneyForPeople, parseMoney } from "@llm-cost-ops/core";

/** What stands where there is no amount: unpriced is not zero. */
const noAmount = "–";

/** An exact amount as people read it; null is shown as no amount. */
export function money(exact: string | null | undefined, currency: string | null | undefined): string {
  const pico = exact === null || exact === undefined ? undefined : parseMoney(exact);
  return pico === undefined ? noAmount : formatMoneyForPeople(pico, currency ?? "USD");
}

/** An exact amount as an integer of 10⁻¹², for sums and bars; no amount counts as nothing. */
export const pico = (exact: string | null | undefined): bigint =>
  exact === null || exact === undefined ? 0n : (parseMoney(exact) ?? 0n);

/** A count with thousands marked. Counts beyond 2^53 arrive as strings. */
export const count = (value: number | string | null | undefined): string =>
  value === null || value === undefined ? noAmount : formatCount(BigInt(value));

/** So many of something, in a sentence: `1 record`, `2,000 records`, `3 entries`. */
export const counted = (value: number | string, one: string, many = `${one}s`): string =>
  `${count(value)} ${count(value) === "1" ? one : many}`;

/** The amounts of several currencies side by side, largest first; currencies are never added up. */
export function moneyOfAll(totals: readonly Pick<Totals, "currency" | "total_cost">[]): string {
  const priced = totals.filter((each) => each.currency !== null && each.total_cost !== undefined);
  if (priced.length === 0) return money("0", "USD");
  return priced
    .toSorted((a, b) => (pico(b.total_cost) > pico(a.total_cost) ? 1 : -1))
    .map((each) => money(each.total_cost, each.currency))
    .join(" + ");
}

/** How far `now` is from `before`, as people say it: `+12 %`. Undefined where there is nothing to compare with. */
export function change(now: bigint, before: bigint): string | undefined {
  if (before <= 0n) return undefined;
  const tenths = ((now - before) * 1_000n) / before;
  const size = sizeOf(tenths);
  const text = size >= 100n ? `${(size + 5n) / 10n}` : `${size / 10n}.${size % 10n}`;
  return `${tenths < 0n ? "−" : "+"}${text} %`;
}

/** A part of a whole in percent, for reading; below zero where more was given back than spent. */
export function share(part: bigint, whole: bigint): string {
  if (whole <= 0n) return "";
  const tenths = (part * 1_000n) / whole;
  const size = sizeOf(tenths);
  return `${tenths < 0n ? "−" : ""}${size / 10n}.${size % 10n} %`;
}

const sizeOf = (value: bigint): bigint => (value < 0n ? -value : value);
