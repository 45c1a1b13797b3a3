import { divideHalfEven, formatMoney, type Pico, picoDigits } from "./money.ts";

const symbols: ReadonlyMap<string, string> = new Map([
  ["USD", "$"],
  ["EUR", "€"],
  ["GBP", "£"],
  ["JPY", "¥"],
  ["INR", "₹"],
]);

/** Digits after the point that people expect, where they are not two (ISO 4217 minor units). */
const minorDigits: ReadonlyMap<string, number> = new Map([
  ["JPY", 0],
  ["KRW", 0],
  ["VND", 0],
  ["CLP", 0],
  ["BHD", 3],
  ["KWD", 3],
]);

const significantDigits = 3;

/** A whole number with thousands marked: `1234567` → `1,234,567`. */
export function formatCount(count: number | bigint): string {
  return count.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Puts the currency's symbol or code, thousands marks and at least the currency's minor digits on a plain decimal. */
export function decorateMoney(decimal: string, currency: string): string {
  const negative = decimal.startsWith("-");
  const [whole = "0", fraction = ""] = (negative ? decimal.slice(1) : decimal).split(".");
  const digits = fraction.padEnd(minorDigits.get(currency) ?? 2, "0");
  const number = `${formatCount(BigInt(whole))}${digits === "" ? "" : `.${digits}`}`;
  return `${negative ? "-" : ""}${symbols.get(currency) ?? `${currency} `}${number}`;
}

/**
 * Money for reading: two decimals (or what the currency has), and for amounts under one unit as many as show three
 * significant digits. Rounded half to even; for the exact value use `formatMoney`.
 *
 * @example formatMoneyForPeople(37_500_000n, "USD") // "$0.0000375"
 */
export function formatMoneyForPeople(amount: Pico, currency: string): string {
  const size = amount < 0n ? -amount : amount;
  const decimals = minorDigits.get(currency) ?? 2;
  const leadingZeros = picoDigits - size.toString().length;
  const shown =
    leadingZeros < 0 ? decimals : Math.max(decimals, Math.min(picoDigits, leadingZeros + significantDigits));
  const step = 10n ** BigInt(picoDigits - (size === 0n ? decimals : shown));
  return decorateMoney(formatMoney(divideHalfEven(amount, step) * step), currency);
}
