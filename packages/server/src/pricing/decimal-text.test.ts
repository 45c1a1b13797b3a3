import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shiftDecimal } from "./decimal-text.ts";

describe("moving the decimal point", () => {
  test.each([
    ["2.5e-06", 6, "2.5"],
    [2.5e-6, 6, "2.5"],
    [3e-7, 6, "0.3"],
    [1.25e-8, 6, "0.0125"],
    [0, 6, "0"],
    ["0.0", 6, "0"],
    [0.1, 0, "0.1"],
    [1e21, 0, "1000000000000000000000"],
    ["1.50", 0, "1.5"],
    ["007", 0, "7"],
    [0.01, 3, "10"],
    ["5", -3, "0.005"],
  ])("%s by %i places is %s", (value, places, text) => {
    expect(shiftDecimal(value, places)).toBe(text);
  });

  test.each(["", "-1", "1,5", "1e", "NaN", " 1", "0x10", "1.5.5", "Infinity"])("%s is no price", (value) => {
    expect(shiftDecimal(value)).toBeUndefined();
  });

  test("no digit is lost: there and back is the same number", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 20n), fc.integer({ min: 0, max: 18 }), (coefficient, places) => {
        const text = shiftDecimal(coefficient.toString(), -places) ?? "";
        expect(shiftDecimal(text, places)).toBe(coefficient.toString());
      }),
    );
  });
});
