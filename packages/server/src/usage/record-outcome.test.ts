import { formatMoney } from "@llm-cost-ops/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PreparedRecord } from "./prepare-record.ts";
import { itemText } from "./record-outcome.ts";

const picoPerMilli = 1_000_000_000;

/** What an item says of a record that cost so much. */
function costOf(costMilli: number, costPico: number): unknown {
  const record = {
    externalId: 'a "b"',
    idText: 'a "b"',
    costMilli,
    costPico,
    series: { costStatus: "priced", currency: "USD" },
    warnings: [],
  } as unknown as PreparedRecord;
  return (JSON.parse(itemText(0, { kind: "recorded", record })) as { total_cost: unknown }).total_cost;
}

test("an item's cost is the shortest decimal text of its limbs, whatever their size", () => {
  const pico = fc.oneof(fc.nat(picoPerMilli - 1), fc.constantFrom(0, 1, 1_000, 10_000_000, 500_000_000, 999_999_999));
  const milli = fc.oneof(fc.nat(5_000), fc.constantFrom(0, 1, 10, 999, 1_000, 100_000), fc.nat(2 ** 43), fc.integer());
  fc.assert(
    fc.property(milli, pico, (costMilli, costPico) => {
      const amount = BigInt(costMilli) * BigInt(picoPerMilli) + BigInt(costPico);
      expect(costOf(costMilli, costPico)).toBe(formatMoney(amount));
    }),
    { numRuns: 2_000 },
  );
});
