import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocateExactly } from "./allocate-exactly.ts";
import { divideHalfEven, formatDecimal, formatMoney, parseDecimal, parseMoney } from "./money.ts";
import { formatMoneyForPeople } from "./money-for-people.ts";

describe("decimals", () => {
  it.each(["0", "1", "2.5", "0.0000000375", "123456789.000000000001"])(
    "keep %s through reading and writing",
    (text) => {
      const decimal = parseDecimal(text);
      expect(decimal && formatDecimal(decimal)).toBe(text);
    },
  );

  it("drop trailing zeros and nothing else", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 29n }), fc.integer({ min: 0, max: 29 }), (coefficient, scale) => {
        const again = parseDecimal(formatDecimal({ coefficient, scale }));
        expect(again && again.coefficient * 10n ** BigInt(scale)).toBe(coefficient * 10n ** BigInt(again?.scale ?? 0));
      }),
    );
  });

  it.each(["", "-1", "+1", "1e3", ".5", "5.", "1,000", " 1", "1 ", "NaN", "Infinity", "0x1", "١", "1".repeat(31)])(
    "refuse %j",
    (text) => expect(parseDecimal(text)).toBeUndefined(),
  );
});

describe("money", () => {
  it("reads what it writes, to the last picounit", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (amount) => {
        expect(parseMoney(formatMoney(amount))).toBe(amount);
      }),
    );
  });

  it.each(["", "-", "--1", "1.0000000000001", "1e-6", "$1", "1."])("refuses %j", (text) =>
    expect(parseMoney(text)).toBeUndefined(),
  );

  it.each([
    [5n, 10n, 0n],
    [15n, 10n, 2n],
    [25n, 10n, 2n],
    [26n, 10n, 3n],
    [-5n, 10n, 0n],
    [-15n, 10n, -2n],
    [-25n, 10n, -2n],
    [-26n, 10n, -3n],
    [7n, 3n, 2n],
    [1n, 2n, 0n],
    [3n, 2n, 2n],
  ])("divides %s by %s to %s, ties to even", (numerator, denominator, quotient) =>
    expect(divideHalfEven(numerator, denominator)).toBe(quotient),
  );
});

describe("money for people", () => {
  it.each([
    ["0", "USD", "$0.00"],
    ["1234.56", "USD", "$1,234.56"],
    ["1234567.8", "USD", "$1,234,567.80"],
    ["0.0000375", "USD", "$0.0000375"],
    ["0.00125", "USD", "$0.00125"],
    ["0.0012345", "USD", "$0.00123"],
    ["0.5", "USD", "$0.50"],
    ["0.9999", "USD", "$1.00"],
    ["0.09996", "USD", "$0.10"],
    ["-0.01", "USD", "-$0.01"],
    ["-1234.5", "USD", "-$1,234.50"],
    ["0.000000000001", "USD", "$0.000000000001"],
    ["90000000.000000000001", "USD", "$90,000,000.00"],
    ["2.345", "USD", "$2.34"],
    ["2.355", "USD", "$2.36"],
    ["12.5", "EUR", "€12.50"],
    ["12.5", "CHF", "CHF 12.50"],
    ["1250", "JPY", "¥1,250"],
    ["0.125", "JPY", "¥0.125"],
  ])("shows %s %s as %s", (amount, currency, shown) =>
    expect(formatMoneyForPeople(parseMoney(amount) ?? -1n, currency)).toBe(shown),
  );
});

describe("allocateExactly", () => {
  it.each([
    [100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    [-100n, [1n, 1n, 1n], [-34n, -33n, -33n]],
    [10n, [0n, 0n], [5n, 5n]],
    [7n, [1n, 2n, 4n], [1n, 2n, 4n]],
    [1n, [1n, 3n], [0n, 1n]],
    [0n, [], []],
  ])("splits %s by %s into %s", (total, weights, parts) => expect(allocateExactly(total, weights)).toEqual(parts));

  it("hands out every unit and gives nobody more than a unit from the exact share", () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 18n }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), weights, (total, shares) => {
        const parts = allocateExactly(total, shares);
        expect(parts.reduce((all, part) => all + part, 0n)).toBe(total);
        const sum = shares.reduce((all, share) => all + share, 0n);
        if (sum === 0n) return;
        for (const [index, share] of shares.entries()) {
          const apart = (parts[index] ?? 0n) * sum - total * share;
          expect(apart < sum && apart > -sum).toBe(true);
        }
      }),
    );
  });

  it("refuses negative weights and an empty table", () => {
    expect(() => allocateExactly(1n, [-1n, 2n])).toThrow(RangeError);
    expect(() => allocateExactly(1n, [])).toThrow(RangeError);
  });
});
