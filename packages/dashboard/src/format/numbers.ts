import { decimalText, parseDecimal, ratioOf, roundTo } from "./decimal.ts";

const minus = "\u2212";
const signed = (text: string): string => text.replace("-", minus);

/** A count with thousands: `1,234,567`. Counts beyond 2⁵³ come as strings and keep every digit. */
export function formatCount(count: number | string | null | undefined): string {
  if (count === null || count === undefined) return "–";
  return signed(String(count).replace(/\B(?=(\d{3})+$)/g, ","));
}

const units = [
  [12, "T"],
  [9, "B"],
  [6, "M"],
  [3, "k"],
] as const;

/** A count in three significant digits: `1.23M`. Below ten thousand every digit. */
export function formatTokens(count: number | string | null | undefined): string {
  if (count === null || count === undefined) return "–";
  const text = String(count);
  const value = parseDecimal(text);
  const size = value.units < 0n ? -value.units : value.units;
  if (size < 10_000n) return formatCount(text);
  const digits = size.toString().length;
  const [power, unit] = units.find(([at]) => digits > at) ?? [0, ""];
  const rounded = roundTo({ units: value.units, scale: power }, Math.max(0, 2 - (digits - power - 1)));
  return `${signed(decimalText(rounded))}${unit}`;
}

/** A share as percent: 0.1234 → `12.3%`. A share that is there never reads as none, and one that lacks something never as all. */
export function formatShare(part: string | number, whole: string | number): string {
  const ratio = ratioOf(String(part), String(whole), 9);
  if (ratio === undefined) return "–";
  const text = decimalText(roundTo({ units: ratio.units, scale: ratio.scale - 2 }, 1));
  if (ratio.units > 0n && text === "0.0") return "<0.1%";
  if (ratio.units < 10n ** 9n && text === "100.0") return ">99.9%";
  return `${signed(text)}%`;
}

/** How much more or less than before: `+12.4%`. Undefined where there was nothing before. */
export function formatChange(now: string, before: string): string | undefined {
  const ratio = ratioOf(now, before, 9);
  if (ratio === undefined) return undefined;
  const change = { units: ratio.units - 10n ** 9n, scale: 7 };
  const [flip] = before.startsWith("-") ? [-1n] : [1n];
  const value = { units: change.units * (flip as bigint), scale: change.scale };
  const large = value.units >= 10n ** 10n;
  const text = decimalText(roundTo(value, large ? 0 : 1));
  return `${value.units > 0n ? "+" : ""}${signed(formatCountText(text))}%`;
}
const formatCountText = (text: string): string => text.replace(/\B(?=(\d{3})+(?:\.|$))/g, ",");
