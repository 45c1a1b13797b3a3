import fc from "fast-check";
import { expect, test } from "vitest";
import { calculateCost } from "./calculate-cost.ts";

test.each([
  [1_000, 0.03, 0.03],
  [0, 0.03, 0],
  [3, 0.1, 0.0003],
  [1_500, 1e-7, 1.5e-7],
  [10, -0.5, -0.005],
])("%d tokens at %d per thousand cost %d", (tokens, rate, cost) => {
  expect(calculateCost(tokens, rate)).toBe(cost);
});

test("the result is within one rounding of the plain product", () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1_000, noNaN: true }), (tokens, rate) => {
      expect(calculateCost(tokens, rate)).toBeCloseTo((tokens / 1_000) * rate, 4);
    }),
  );
});

test.each([
  [-1, 1],
  [0.5, 1],
  [1, Number.NaN],
])("%d tokens at %d are refused", (tokens, rate) => {
  expect(() => calculateCost(tokens, rate)).toThrow(RangeError);
});
