import type { CostLine, UsageKind } from "@llm-cost-ops/core";
import type { GrowingBytes } from "../store/growing-bytes.ts";

type StoredLine = readonly [
  kind: UsageKind,
  quantity: number,
  ratedAs: UsageKind,
  price: string,
  per: number,
  factors: readonly (readonly [reason: string, factor: string])[],
  amount: string,
];

/** Cost lines as they are stored: a JSON list of lists, amounts as text in 10⁻¹² of the unit. */
export function toLineText(lines: readonly CostLine[]): string {
  let text = "[";
  for (const line of lines) {
    text += `${text.length > 1 ? "," : ""}["${line.kind}",${line.quantity},${rateText(line)}"${line.amount}"]`;
  }
  return `${text}]`;
}

/** The same text, as it is sent to a store that takes bytes. */
export function addLines(bytes: GrowingBytes, lines: readonly CostLine[]): void {
  bytes.addAscii("[");
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as CostLine;
    bytes.addAscii(at === 0 ? '["' : ',["');
    bytes.addAscii(line.kind);
    bytes.addAscii('",');
    bytes.addWhole(line.quantity);
    bytes.addAscii(",");
    bytes.addText(rateText(line));
    bytes.addAscii('"');
    if (line.amount <= wholeMax && line.amount >= 0n) bytes.addWhole(Number(line.amount));
    else bytes.addAscii(line.amount.toString());
    bytes.addAscii('"]');
  }
  bytes.addAscii("]");
}

const wholeMax = BigInt(Number.MAX_SAFE_INTEGER);

/** The lines of a record as text: as they were rated, or already written by the thread that read the record. */
export const linesText = (lines: readonly CostLine[] | string | null): string | null =>
  lines === null || typeof lines === "string" ? lines : toLineText(lines);

/** The last text of what a rate says of a line, by the rate's own list of factors: nearly always the next line's as well. */
const lastTexts = new WeakMap<CostLine["factors"], { readonly line: CostLine; readonly text: string }>();

function rateText(line: CostLine): string {
  const last = lastTexts.get(line.factors);
  if (last !== undefined && isSameRate(last.line, line)) return last.text;
  const factors = JSON.stringify(line.factors.map(({ reason, factor }) => [reason, factor]));
  const text = `"${line.ratedAs}","${line.price}",${line.per},${factors},`;
  lastTexts.set(line.factors, { line, text });
  return text;
}

const isSameRate = (a: CostLine, b: CostLine): boolean =>
  a.ratedAs === b.ratedAs && a.price === b.price && a.per === b.per;

/** Cost lines from their stored form; none where there is no price. */
export function fromLineText(text: string | null): readonly CostLine[] {
  if (text === null) return [];
  return (JSON.parse(text) as readonly StoredLine[]).map(([kind, quantity, ratedAs, price, per, factors, amount]) => ({
    kind,
    quantity,
    ratedAs,
    price,
    per,
    factors: factors.map(([reason, factor]) => ({ reason, factor })),
    amount: BigInt(amount),
  }));
}
