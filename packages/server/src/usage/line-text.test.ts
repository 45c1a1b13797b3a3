import { type CostLine, usageKinds } from "@llm-cost-ops/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { GrowingBytes } from "../store/growing-bytes.ts";
import { addLines, fromLineText, toLineText } from "./line-text.ts";

const line: fc.Arbitrary<CostLine> = fc.record({
  kind: fc.constantFrom(...usageKinds),
  quantity: fc.maxSafeNat(),
  ratedAs: fc.constantFrom(...usageKinds),
  price: fc.constantFrom("0", "2.5", "0.0000375"),
  per: fc.constantFrom(1, 1_000, 1_000_000),
  factors: fc.array(fc.record({ reason: fc.string(), factor: fc.constantFrom("0.5", "1.1") }), { maxLength: 2 }),
  amount: fc.oneof(fc.bigInt({ min: 0n, max: 10n ** 25n }), fc.constantFrom(0n, 2n ** 53n - 1n, 2n ** 53n, -5n)),
});

test("lines are the same as bytes and as text, and come back from it", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      const bytes = new GrowingBytes(8);
      addLines(bytes, lines);
      expect(bytes.toString()).toBe(toLineText(lines));
      expect(fromLineText(bytes.toString())).toEqual(lines);
    }),
  );
});
