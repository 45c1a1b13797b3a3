import { divideHalfEven, formatMoney, type Pico, parseDecimal, picoDigits } from "../money/money.ts";
import { decorateMoney, formatCount } from "../money/money-for-people.ts";
import type { CostLine, RatedCost } from "./rated-cost.ts";

function exactDecimal(text: string): { readonly coefficient: bigint; readonly scale: number } {
  const decimal = parseDecimal(text);
  if (decimal === undefined) throw new RangeError(`A cost line holds "${text}", which is not a decimal.`);
  return decimal;
}

/** The amount of a line computed again from what the line itself says. Throws a RangeError where it is not a number. */
export function recomputeLine(line: CostLine): Pico {
  const price = exactDecimal(line.price);
  let numerator = BigInt(line.quantity) * price.coefficient * 10n ** BigInt(picoDigits);
  let denominator = BigInt(line.per) * 10n ** BigInt(price.scale);
  for (const { factor } of line.factors) {
    const { coefficient, scale } = exactDecimal(factor);
    numerator *= coefficient;
    denominator *= 10n ** BigInt(scale);
  }
  return divideHalfEven(numerator, denominator);
}

/** Whether every line gives its amount when computed again and the amounts sum to the total. An unpriced cost has nothing to verify. */
export function verifyRatedCost(rated: RatedCost): boolean {
  if (rated.kind === "unpriced") return true;
  const sum = rated.lines.reduce((total, line) => total + line.amount, 0n);
  return sum === rated.total && rated.lines.every((line) => recomputeLine(line) === line.amount);
}

/**
 * A line as a person would write it down to redo it; every number in it is exact. `currency` is the rated cost's.
 *
 * @example "1,000 × $2.50 / 1,000,000 × 0.5 (batch) = $0.00125"
 */
export function costLineFormula(line: CostLine, currency: string): string {
  const per = line.per === 1 ? "" : ` / ${formatCount(line.per)}`;
  const factors = line.factors.map(({ factor, reason }) => ` × ${factor} (${reason})`).join("");
  const price = decorateMoney(line.price, currency);
  const amount = decorateMoney(formatMoney(line.amount), currency);
  return `${formatCount(line.quantity)} × ${price}${per}${factors} = ${amount}`;
}
