import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareDecimals, decimalText, parseDecimal, ratioOf, subtractDecimals, sumDecimals } from "./decimal.ts";
import { formatAgo, formatDay, formatDays, formatInstant, formatRecent } from "./instants.ts";
import { formatMoney, formatMoneyAxis, formatMoneyExact, formatMoneyFixed } from "./money.ts";
import { formatChange, formatCount, formatShare, formatTokens } from "./numbers.ts";

describe("money", () => {
  test.each([
    ["0", "USD", "$0.00"],
    ["1234567.891", "USD", "$1,234,567.89"],
    ["0.0000375", "USD", "$0.0000375"],
    ["0.000037549", "USD", "$0.0000375"],
    ["0.5", "USD", "$0.50"],
    ["0.125999", "USD", "$0.126"],
    ["0.9999", "USD", "$1.00"],
    ["-0.005", "USD", "−$0.005"],
    ["-1200.5", "EUR", "−€1,200.50"],
    ["1500.4", "JPY", "¥1,500"],
    ["12.5", "CREDITS", "CREDITS\u00a012.50"],
    ["99999999999999999999.999999999999", "USD", "$100,000,000,000,000,000,000.00"],
    [null, "USD", "–"],
  ])("%s %s reads %s", (amount, currency, text) => {
    expect(formatMoney(amount, currency)).toBe(text);
  });

  test("exactly means every digit, and fixed never shows a cost as none", () => {
    expect(formatMoneyExact("1234.000000000001", "USD")).toBe("$1,234.000000000001");
    expect(formatMoneyExact("12", "USD")).toBe("$12.00");
    expect(formatMoneyFixed("0.126", "USD")).toBe("$0.13");
    expect(formatMoneyFixed("0.0000375", "USD")).toBe("$0.0000375");
  });

  test("an axis is short", () => {
    expect([0.0005, 0.6, 12, 1_250, 3_400_000, -2_000].map((value) => formatMoneyAxis(value, "USD"))).toEqual([
      "$0.0005",
      "$0.60",
      "$12",
      "$1.25k",
      "$3.4M",
      "−$2k",
    ]);
    expect([formatMoneyAxis(0.5, ""), formatMoneyAxis(1_500, "JPY")]).toEqual(["0.5", "¥1.5k"]);
  });
});

const decimals = fc
  .tuple(fc.bigInt(-(10n ** 24n), 10n ** 24n), fc.integer({ min: 0, max: 12 }))
  .map(([units, scale]) => decimalText({ units, scale }));

test("sums of decimals are exact, in any order, and what is taken away comes back", () => {
  fc.assert(
    fc.property(decimals, decimals, decimals, (a, b, c) => {
      expect(compareDecimals(sumDecimals([a, b, c]), sumDecimals([c, a, b]))).toBe(0);
      expect(compareDecimals(sumDecimals([subtractDecimals(a, b), b]), a)).toBe(0);
      expect(decimalText(parseDecimal(a))).toBe(a);
    }),
  );
  expect(() => parseDecimal("1e5")).toThrow(RangeError);
  expect(ratioOf("1", "3", 4)).toEqual({ units: 3333n, scale: 4 });
});

test("counts keep every digit, and tokens are short", () => {
  expect(formatCount("123456789012345678901")).toBe("123,456,789,012,345,678,901");
  expect(["9999", "12345", "1234567", "-45600000", "123456789012"].map(formatTokens)).toEqual([
    "9,999",
    "12.3k",
    "1.23M",
    "−45.6M",
    "123B",
  ]);
});

test("shares and changes are percents that do not hide what is there", () => {
  expect(formatShare("1", "3")).toBe("33.3%");
  expect(formatShare(1, 100_000)).toBe("<0.1%");
  expect(formatShare(99_999, 100_000)).toBe(">99.9%");
  expect(formatShare("0", "0")).toBe("–");
  expect(formatChange("112.4", "100")).toBe("+12.4%");
  expect(formatChange("50", "100")).toBe("−50.0%");
  expect(formatChange("4000", "1")).toBe("+399,900%");
  expect(formatChange("1", "0")).toBeUndefined();
  // Of what was below zero, more is up: caching that lost 100 and now loses 50.
  expect(formatChange("-50", "-100")).toBe("+50.0%");
  expect(formatChange("-150", "-100")).toBe("−50.0%");
  expect(formatChange("50", "-100")).toBe("+150.0%");
});

test("instants are shown in the zone that is stated", () => {
  expect(formatInstant("2026-11-21T23:30:00Z", "Europe/Berlin")).toBe("22 Nov 2026, 00:30");
  expect(formatDay("2026-11-21")).toBe("21 Nov");
  expect(formatAgo("2026-11-21T10:00:00Z", Date.parse("2026-11-21T12:10:00Z"))).toBe("2 h ago");
  expect(formatDays("2026-11-03", "2026-11-21")).toBe("3 Nov – 21 Nov");
  expect(formatDays("2026-11-03", "2026-11-03", true)).toBe("3 Nov 2026");
  // The same two dates of three years are not those of one.
  expect(formatDays("2023-11-03", "2026-11-21")).toBe("3 Nov 2023 – 21 Nov 2026");
  const nowMs = Date.parse("2026-11-21T20:00:00Z");
  const recent = ["2026-11-21T18:00:05Z", "2026-11-21T18:30:05Z", "2025-11-22T18:30:05Z"].map((instant) =>
    formatRecent(instant, "Asia/Kolkata", nowMs),
  );
  expect(recent).toEqual(["21 Nov, 23:30:05", "00:00:05", "23 Nov 2025, 00:00:05"]);
});
