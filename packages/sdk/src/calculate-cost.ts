/**
 * `tokens × ratePer1k ÷ 1000`, computed on the decimal digits that the rate is written with and rounded once, to the
 * nearest number. For estimates beside the code; the ledger's costs come from the price book.
 * @throws RangeError unless `tokens` is a whole number from 0 and the rate is a finite number.
 */
export function calculateCost(tokens: number, ratePer1k: number): number {
  if (!Number.isSafeInteger(tokens) || tokens < 0) throw new RangeError("tokens must be a whole number from 0");
  if (!Number.isFinite(ratePer1k)) throw new RangeError("ratePer1k must be a finite number");
  const [digits = "0", exponent = "0"] = ratePer1k.toExponential().split("e");
  const [whole = "0", fraction = ""] = digits.split(".");
  const product = BigInt(whole + fraction) * BigInt(tokens);
  return Number(`${product}e${Number(exponent) - fraction.length - 3}`);
}
