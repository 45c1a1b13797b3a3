import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAllWeekHours, readWeekHours, weekHoursCount, writeWeekHours } from "./week-hours.ts";

const all = Array.from({ length: weekHoursCount }, (_, hour) => hour);

describe("readWeekHours", () => {
  it.each([
    ["mon 09", [9]],
    ["tue 09-11", [33, 34]],
    ["SUN 23", [167]],
    ["fri-mon 00", [96, 120, 144, 0]],
    ["22-24", [0, 1, 2, 3, 4, 5, 6].flatMap((day) => [day * 24 + 22, day * 24 + 23])],
    ["sat", all.slice(120, 144)],
    ["mon-sun", all],
    ["00-24", all],
    ["mon-mon 03", [3]],
  ])("reads %s", (term, hours) => expect(readWeekHours(term)).toEqual(hours));

  it.each([
    "",
    " ",
    "mon09",
    "mon 9",
    "mon 24",
    "mon 10-10",
    "22-06",
    "mon 25-26",
    "mo",
    "mon-",
    "mon  09",
    "-fri",
    "mon 09-",
  ])("refuses %j", (term) => expect(readWeekHours(term)).toBeUndefined());
});

describe("writeWeekHours", () => {
  it("names just the hours that were given", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uniqueArray(fc.nat(167)), fc.subarray(all)), (hours) => {
        const terms = writeWeekHours(hours);
        expect(readAllWeekHours(terms)).toEqual([...hours].sort((a, b) => a - b));
        expect(terms.every((term) => readWeekHours(term) !== undefined)).toBe(true);
      }),
    );
  });

  it.each([["mon-fri 09-18"], ["tue 07"], ["sat-sun"], ["22-24"], ["mon-sun"]])("%s is one term", (term) =>
    expect(writeWeekHours(readWeekHours(term) ?? [])).toEqual([term]),
  );
});
