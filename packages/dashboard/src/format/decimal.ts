/** Exact arithmetic on the decimal strings of the wire: a whole number of 10⁻ˢ, and s. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** Reads a decimal string such as `-12.0375`. @throws RangeError for anything else. */
export function parseDecimal(text: string): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new RangeError(`not a decimal: ${text.slice(0, 40)}`);
  const fraction = match[3] ?? "";
  const units = BigInt(`${match[2]}${fraction}`);
  return { units: match[1] === "-" ? -units : units, scale: fraction.length };
}

const pow10 = (digits: number): bigint => 10n ** BigInt(digits);
const unitsAt = ({ units, scale }: Decimal, wanted: number): bigint => units * pow10(wanted - scale);

/** Rounded half away from zero to so many digits after the point; the same value where it has fewer. */
export function roundTo(value: Decimal, scale: number): Decimal {
  if (value.scale <= scale) return { units: unitsAt(value, scale), scale };
  const divisor = pow10(value.scale - scale);
  const magnitude = value.units < 0n ? -value.units : value.units;
  const rounded = (magnitude + divisor / 2n) / divisor;
  return { units: value.units < 0n ? -rounded : rounded, scale };
}

export function decimalText({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? "-" : ""}${whole}${scale === 0 ? "" : `.${digits.slice(-scale)}`}`;
}

/** The exact sum, such as of the rows of a table. */
export function sumDecimals(texts: readonly string[]): string {
  const values = texts.map(parseDecimal);
  // One by one: an answer has up to a hundred thousand rows, which are too many to be arguments.
  const scale = values.reduce((most, value) => Math.max(most, value.scale), 0);
  return decimalText({ units: values.reduce((sum, value) => sum + unitsAt(value, scale), 0n), scale });
}

export const subtractDecimals = (a: string, b: string): string =>
  sumDecimals([a, b.startsWith("-") ? b.slice(1) : `-${b}`]);

/** Negative, 0 or positive, exactly. */
export function compareDecimals(a: string, b: string): number {
  const [left, right] = [parseDecimal(a), parseDecimal(b)];
  const scale = Math.max(left.scale, right.scale);
  const difference = unitsAt(left, scale) - unitsAt(right, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export const isZero = (text: string): boolean => parseDecimal(text).units === 0n;

/** The exact product, such as of an amount and a percent. */
export function multiplyDecimals(a: string, b: string): string {
  const [left, right] = [parseDecimal(a), parseDecimal(b)];
  return decimalText({ units: left.units * right.units, scale: left.scale + right.scale });
}

/** part ÷ whole with so many digits, rounded half away from zero; undefined where the whole is 0. */
export function ratioOf(part: string, whole: string, scale = 6): Decimal | undefined {
  const [a, b] = [parseDecimal(part), parseDecimal(whole)];
  if (b.units === 0n) return undefined;
  const numerator = a.units * pow10(b.scale + scale + 1);
  const denominator = b.units * pow10(a.scale);
  return roundTo({ units: numerator / denominator, scale: scale + 1 }, scale);
}

/** For pixels and nothing else: bars, axes, positions. */
export const pixels = (text: string | null | undefined): number =>
  text === null || text === undefined ? 0 : Number(text);
