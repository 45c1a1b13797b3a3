import { costOf, type SummedRow } from "./answer-rows.ts";
import { measures } from "./exact-sums.ts";

/** What is summed: picos of a currency, or input and output tokens where none is named. */
export interface SummedUnit {
  readonly currency: string | undefined;
}

const inputAt = measures.indexOf("inputTokens");
const outputAt = measures.indexOf("outputTokens");

/** The sum of rows in one unit. */
export function unitOf(rows: readonly SummedRow[], { currency }: SummedUnit): bigint {
  let sum = 0n;
  for (const row of rows) {
    if (currency === undefined) sum += (row.sums[inputAt] ?? 0n) + (row.sums[outputAt] ?? 0n);
    else if (row.currency === currency) sum += costOf(row) ?? 0n;
  }
  return sum;
}
