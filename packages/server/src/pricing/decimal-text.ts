const numberPattern = /^(\d{1,30})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * The plain decimal digits of a non-negative number, multiplied by a power of ten by moving the point: no arithmetic, so
 * nothing is rounded. A JSON number is taken at the shortest digits that stand for it. Undefined for anything else.
 *
 * @example shiftDecimal("2.5e-06", 6) // "2.5"
 */
export function shiftDecimal(value: string | number, powerOfTen = 0): string | undefined {
  const match = numberPattern.exec(String(value));
  if (match === null) return undefined;
  const [, whole = "", fraction = "", exponent = "0"] = match;
  const point = whole.length + Number(exponent) + powerOfTen;
  const digits = whole + fraction;
  const padded = point <= 0 ? "0".repeat(1 - point) + digits : digits.padEnd(point, "0");
  const at = Math.max(point, 1);
  const left = padded.slice(0, at).replace(/^0+(?=\d)/, "");
  const right = padded.slice(at).replace(/0+$/, "");
  return right === "" ? left : `${left}.${right}`;
}
