import type { CostLine, UsageKind } from "@llm-cost-ops/core";

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
