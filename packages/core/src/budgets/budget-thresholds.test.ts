import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseThresholds, thresholdsCrossed, thresholdsReached } from "./budget-thresholds.ts";
import { InvalidBudget } from "./invalid-budget.ts";

const usual = ["50", "75", "90", "100"];

const totalArb = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
const amountArb = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 10n ** 18n }));
const thresholdsArb = fc
  .array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 8 })
  .map((hundredths) => hundredths.map((each) => `${Math.floor(each / 100)}.${String(each % 100).padStart(2, "0")}`));

describe("parseThresholds", () => {
  it.each([
    [[], []],
    [
      ["90", 50, "50.00"],
      ["50", "90"],
    ],
    [
      [100, 9, 75.5, "0.01", "1000"],
      ["0.01", "9", "75.5", "100", "1000"],
    ],
    [
      [33.33, "066.60"],
      ["33.33", "66.6"],
    ],
  ])("writes %j as %j", (given, written) => expect(parseThresholds(given)).toEqual(written));

  it.each([
    0,
    "0",
    "0.00",
    -1,
    "-1",
    1000.01,
    "1001",
    "33.333",
    0.1 + 0.2,
    Number.NaN,
    1e21,
    "1e2",
    "",
    " 5",
    "5%",
    null,
  ])("names %j as what is wrong", (percent) => {
    expect(() => parseThresholds(["50", percent])).toThrow(InvalidBudget);
    expect(() => parseThresholds(["50", percent])).toThrow(expect.objectContaining({ field: "thresholds[1]" }));
  });

  it("refuses more than twenty", () => {
    const many = Array.from({ length: 21 }, (_, index) => index + 1);
    expect(() => parseThresholds(many)).toThrow(expect.objectContaining({ field: "thresholds" }));
    expect(parseThresholds(many.slice(1))).toHaveLength(20);
  });
});

describe("thresholdsReached", () => {
  it.each([
    [49n, 100n, []],
    [50n, 100n, ["50"]],
    [-50n, 100n, []],
    [250n, 100n, usual],
    [0n, 0n, usual],
    [-1n, 0n, []],
    [749_999_999_999_999_999n, 1_000_000_000_000_000_000n, ["50"]],
    [750_000_000_000_000_000n, 1_000_000_000_000_000_000n, ["50", "75"]],
  ])("of a total of %i of %i are %j", (total, amount, reached) =>
    expect(thresholdsReached(total, amount, usual)).toEqual(reached),
  );

  it("compares fractions of a percent of odd amounts exactly", () => {
    expect(thresholdsReached(3_333n, 10_000n, ["33.33"])).toEqual(["33.33"]);
    expect(thresholdsReached(3_332n, 10_000n, ["33.33"])).toEqual([]);
    expect(thresholdsReached(2n, 7n, ["28.58"])).toEqual([]);
    expect(thresholdsReached(2n, 7n, ["28.57"])).toEqual(["28.57"]);
  });

  it("grows with the total and shrinks with the amount", () => {
    const more = fc.bigInt({ min: 0n, max: 10n ** 20n });
    fc.assert(
      fc.property(totalArb, more, amountArb, more, thresholdsArb, (total, extra, amount, raise, thresholds) => {
        const reached = thresholdsReached(total, amount, thresholds);
        expect(thresholdsReached(total + extra, amount, thresholds).slice(0, reached.length)).toEqual(reached);
        const raised = thresholdsReached(total, amount + raise, thresholds);
        if (total >= 0n) expect(reached.slice(0, raised.length)).toEqual(raised);
        expect(reached).toEqual(parseThresholds(thresholds).slice(0, reached.length));
      }),
    );
  });

  it("refuses a negative amount", () => {
    expect(() => thresholdsReached(0n, -1n, usual)).toThrow(RangeError);
    expect(() => thresholdsCrossed(0n, 1n, -1n, usual)).toThrow(RangeError);
  });
});

describe("thresholdsCrossed", () => {
  it.each([
    [0n, 49n, [], []],
    [49n, 50n, ["50"], []],
    [50n, 60n, [], []],
    [40n, 95n, ["50", "75", "90"], []],
    [0n, 500n, usual, []],
    [100n, 99n, [], ["100"]],
    [95n, -5n, [], ["50", "75", "90"]],
    [80n, 80n, [], []],
  ])("from %i to %i of 100 are reached %j and left %j", (before, after, reached, left) =>
    expect(thresholdsCrossed(before, after, 100n, usual)).toEqual({ reached, left }),
  );

  it("says the difference of what is reached, and undoes itself", () => {
    fc.assert(
      fc.property(totalArb, totalArb, amountArb, thresholdsArb, (before, after, amount, thresholds) => {
        const was = thresholdsReached(before, amount, thresholds);
        const is = thresholdsReached(after, amount, thresholds);
        const crossed = thresholdsCrossed(before, after, amount, thresholds);
        expect(crossed.reached).toEqual(is.filter((percent) => !was.includes(percent)));
        expect(crossed.left).toEqual(was.filter((percent) => !is.includes(percent)));
        expect(thresholdsCrossed(after, before, amount, thresholds)).toEqual({
          reached: crossed.left,
          left: crossed.reached,
        });
      }),
    );
  });

  it("says each crossing once, whatever steps a growing total takes", () => {
    const steps = fc.array(fc.bigInt({ min: 0n, max: 10n ** 17n }), { maxLength: 30 });
    fc.assert(
      fc.property(steps, amountArb, thresholdsArb, (added, amount, thresholds) => {
        const said: string[] = [];
        let total = -1n;
        for (const step of added) {
          said.push(...thresholdsCrossed(total, total + step, amount, thresholds).reached);
          total += step;
        }
        expect(said).toEqual(thresholdsCrossed(-1n, total, amount, thresholds).reached);
      }),
    );
  });
});
