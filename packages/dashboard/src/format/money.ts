import { type Decimal, decimalText, parseDecimal, roundTo } from "./decimal.ts";

const minus = "\u2212";

interface Symbols {
  readonly before: string;
  /** Digits after the point that the currency is written with. */
  readonly digits: number;
}

const known = new Map<string, Symbols>();

/** Currencies of the world by their sign; others, such as credits of a provider, by their name before the amount. */
function symbolsOf(currency: string): Symbols {
  const found = known.get(currency);
  if (found !== undefined) return found;
  const made = makeSymbols(currency);
  known.set(currency, made);
  return made;
}

function makeSymbols(currency: string): Symbols {
  const fallback = { before: currency === "" ? "" : `${currency}\u00a0`, digits: 2 };
  if (!/^[A-Z]{3}$/.test(currency)) return fallback;
  const format = new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay: "narrowSymbol" });
  const parts = format.formatToParts(0);
  const at = parts.findIndex(({ type }) => type === "currency");
  const sign = parts[at]?.value ?? currency;
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return sign === currency ? { ...fallback, digits } : { before: sign, digits };
}

const grouped = (whole: string): string => whole.replace(/\B(?=(\d{3})+$)/g, ",");

function withSymbols(text: string, symbols: Symbols): string {
  const negative = text.startsWith("-");
  const [whole = "0", fraction] = (negative ? text.slice(1) : text).split(".");
  const number = `${grouped(whole)}${fraction === undefined ? "" : `.${fraction}`}`;
  return `${negative ? minus : ""}${symbols.before}${number}`;
}

/** Without zeros at the end, but with at least so many digits after the point. */
function trimmed(text: string, digitsMin: number): string {
  const [whole = "0", fraction = ""] = text.split(".");
  const kept = fraction.replace(/0+$/, "").padEnd(digitsMin, "0");
  return kept === "" ? whole : `${whole}.${kept}`;
}

const magnitudeOf = ({ units }: Decimal): bigint => (units < 0n ? -units : units);

/** Digits after the point that show three significant digits of an amount below one. */
function digitsForSmall(value: Decimal): number {
  const leadingZeros = value.scale - magnitudeOf(value).toString().length;
  return leadingZeros + 3;
}

const absent = "–";

/**
 * An amount as people read it: from one unit of the currency on with its usual digits, below with three significant ones,
 * so that `0.0000375` is `$0.0000375`. Rounded half away from zero, from the decimal string itself. `null` is a dash: unknown
 * is not zero.
 */
export function formatMoney(amount: string | null | undefined, currency: string | null | undefined): string {
  if (amount === null || amount === undefined) return absent;
  const symbols = symbolsOf(currency ?? "");
  const value = parseDecimal(amount);
  const isSmall = value.units !== 0n && magnitudeOf(value) < 10n ** BigInt(value.scale);
  const scale = isSmall ? Math.max(symbols.digits, digitsForSmall(value)) : symbols.digits;
  return withSymbols(trimmed(decimalText(roundTo(value, scale)), symbols.digits), symbols);
}

/** Every digit that there is. */
export function formatMoneyExact(amount: string | null | undefined, currency: string | null | undefined): string {
  if (amount === null || amount === undefined) return absent;
  const symbols = symbolsOf(currency ?? "");
  return withSymbols(trimmed(decimalText(parseDecimal(amount)), symbols.digits), symbols);
}

/** The currency's usual digits whatever the size, for columns whose points stand below one another. */
export function formatMoneyFixed(amount: string | null | undefined, currency: string | null | undefined): string {
  if (amount === null || amount === undefined) return absent;
  const symbols = symbolsOf(currency ?? "");
  const value = parseDecimal(amount);
  const rounded = roundTo(value, symbols.digits);
  // A cost that is there must not read as none.
  if (rounded.units === 0n && value.units !== 0n) return formatMoney(amount, currency);
  return withSymbols(decimalText(rounded), symbols);
}

/** For the labels of an axis, whose values are positions already: `$1.2k`. */
export function formatMoneyAxis(value: number, currency: string | null | undefined): string {
  const { before, digits } = symbolsOf(currency ?? "");
  const size = Math.abs(value);
  const [divisor, unit] = size >= 1e9 ? [1e9, "B"] : size >= 1e6 ? [1e6, "M"] : size >= 1e3 ? [1e3, "k"] : [1, ""];
  const short = String(Number((size / divisor).toPrecision(3)));
  // Of an amount with a part of a unit all digits that the currency is written with: $0.60, not $0.6.
  const text = unit === "" && currency && short.includes(".") ? trimmed(short, digits) : short;
  return `${value < 0 ? minus : ""}${before}${text}${unit}`;
}
