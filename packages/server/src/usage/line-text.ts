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
    const factors =
      line.factors.length === 0 ? "[]" : JSON.stringify(line.factors.map(({ reason, factor }) => [reason, factor]));
    text += `${text.length > 1 ? "," : ""}["${line.kind}",${line.quantity},"${line.ratedAs}","${line.price}",${line.per},${factors},"${line.amount}"]`;
  }
  return `${text}]`;
}

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
