/** An amount of money: an integer count of 10⁻¹² of the currency unit. Signed; corrections are negative. */
export type Pico = bigint;

export const picoDigits = 12;
const picoPerUnit = 1_000_000_000_000n;

/** A non-negative decimal number held exactly: `coefficient × 10^-scale`. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly scale: number;
}

const decimalPattern = /^(\d{1,30})(?:\.(\d{1,30}))?$/;
const signedDecimalPattern = /^-?\d{1,30}(?:\.\d{1,30})?$/;

/** Reads a plain non-negative decimal (`"2.50"`); returns undefined for anything else (signs, exponents, spaces). */
export function parseDecimal(text: string): Decimal | undefined {
  const match = decimalPattern.exec(text);
  if (match === null) return undefined;
  const fraction = match[2] ?? "";
  return { coefficient: BigInt(match[1] + fraction), scale: fraction.length };
}

/** Writes a decimal without trailing zeros: `{2500n, 3}` → `"2.5"`. */
export function formatDecimal(decimal: Decimal): string {
  const digits = decimal.coefficient.toString().padStart(decimal.scale + 1, "0");
  const whole = digits.slice(0, digits.length - decimal.scale);
  const fraction = digits.slice(digits.length - decimal.scale).replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** Reads money from a decimal string with at most 12 decimals; undefined for anything else. */
export function parseMoney(text: string): Pico | undefined {
  if (!signedDecimalPattern.test(text)) return undefined;
  const negative = text.startsWith("-");
  const [whole = "", fraction = ""] = (negative ? text.slice(1) : text).split(".");
  if (fraction.length > picoDigits) return undefined;
  const pico = BigInt(whole) * picoPerUnit + BigInt(fraction.padEnd(picoDigits, "0"));
  return negative ? -pico : pico;
}

/** Writes money as a decimal string, shortest exact form: `37500n` → `"0.0000000375"`, `0n` → `"0"`. */
export function formatMoney(amount: Pico): string {
  const negative = amount < 0n;
  const text = formatDecimal({ coefficient: negative ? -amount : amount, scale: picoDigits });
  return negative ? `-${text}` : text;
}

/** `numerator ÷ denominator` as an integer, ties to even (banker's rounding). The denominator is positive. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const remainder = numerator % denominator;
  if (remainder === 0n) return quotient;
  const doubled = (remainder < 0n ? -remainder : remainder) * 2n;
  const away = numerator < 0n ? quotient - 1n : quotient + 1n;
  if (doubled > denominator) return away;
  if (doubled < denominator) return quotient;
  return quotient % 2n === 0n ? quotient : away;
}
