import fc from "fast-check";
import { expect, test } from "vitest";
import { ExactSums, measures } from "./exact-sums.ts";

const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 52, -(2 ** 52), 2 ** 52 - 1, 1, -1),
);

test("sums of any safe integers, and of larger ones, have every digit", () => {
  fc.assert(
    fc.property(fc.array(safe, { maxLength: 40 }), fc.array(fc.bigInt(), { maxLength: 3 }), (values, big) => {
      const sums = new ExactSums();
      sums.open();
      const slot = sums.open();
      const at = slot * measures.length + 3;
      for (const value of values) sums.add(at, value);
      for (const value of big) sums.addBig(at, value);
      const expected = [...values.map(BigInt), ...big].reduce((sum, value) => sum + value, 0n);
      expect(sums.total(slot, 3)).toBe(expected);
      expect(sums.isZero(slot)).toBe(expected === 0n);
      expect(sums.isZero(0)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
