import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addUnits, type CalendarUnit, calendarUnits, isTimeZone, nextStart, startOf } from "./calendar.ts";
import { formatInstant, parseInstant } from "./instant.ts";
import { isRangePreset, rangePresets, resolveRange } from "./ranges.ts";

const at = (text: string): number => parseInstant(text) ?? Number.NaN;

describe("parseInstant", () => {
  it.each([
    ["2026-03-01", "2026-03-01T00:00:00.000Z"],
    ["2026-03-01T10:20Z", "2026-03-01T10:20:00.000Z"],
    ["2026-03-01T10:20:30Z", "2026-03-01T10:20:30.000Z"],
    ["2026-03-01T10:20:30.5Z", "2026-03-01T10:20:30.500Z"],
    ["2026-03-01T10:20:30.123999999Z", "2026-03-01T10:20:30.123Z"],
    ["2026-03-01T10:20:30+02:00", "2026-03-01T08:20:30.000Z"],
    ["2026-03-01T23:20:30-05:30", "2026-03-02T04:50:30.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["0050-01-01", "0050-01-01T00:00:00.000Z"],
    ["1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"],
  ])("reads %s", (text, instant) => expect(formatInstant(at(text))).toBe(instant));

  it.each([
    "",
    "2026-03-01T10:20:30",
    "2026-03-01 10:20:30Z",
    "2026-02-29",
    "2100-02-29",
    "2026-04-31",
    "2026-13-01",
    "2026-00-01",
    "2026-01-00",
    "2026-03-01T24:00:00Z",
    "2026-03-01T10:60:00Z",
    "2026-03-01T10:20:60Z",
    "2026-03-01T10:20:30.Z",
    "2026-03-01T10:20:30.1234567890Z",
    "2026-03-01T10:20:30+0200",
    "2026-03-01T10:20:30+24:00",
    "2026-3-1",
    "26-03-01",
    "1767225600",
    "2026-03-01T10:20:30z",
    " 2026-03-01",
    "2026-03-01\n",
  ])("refuses %j", (text) => expect(parseInstant(text)).toBeUndefined());

  it("reads what formatInstant writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: at("0000-01-01"), max: at("9999-12-31") }), (ms) => {
        expect(parseInstant(formatInstant(ms))).toBe(ms);
      }),
    );
  });
});

/** Unit, zone, instant, the start that holds it, and what is special about it. */
const starts: readonly (readonly [CalendarUnit, string, string, string, string])[] = [
  ["day", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00.000Z", "the day on which clocks go forward"],
  ["day", "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00.000Z", "the day on which clocks go back"],
  ["day", "America/Sao_Paulo", "2018-11-04T15:00:00Z", "2018-11-04T03:00:00.000Z", "a day without midnight"],
  ["day", "America/Havana", "2025-11-02T15:00:00Z", "2025-11-02T04:00:00.000Z", "a day with two midnights: the first"],
  ["day", "Asia/Kathmandu", "2026-01-01T18:14:00Z", "2025-12-31T18:15:00.000Z", "an offset of quarters of an hour"],
  ["day", "Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T10:00:00.000Z", "the day after a day that was skipped"],
  [
    "hour",
    "Asia/Kathmandu",
    "2026-01-01T18:14:00Z",
    "2026-01-01T17:15:00.000Z",
    "an hour that starts at a quarter UTC",
  ],
  ["hour", "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00.000Z", "the second of a repeated hour"],
  ["hour", "Australia/Lord_Howe", "2026-10-03T15:40:00Z", "2026-10-03T15:30:00.000Z", "an hour that began half way"],
  ["week", "UTC", "2026-03-01T10:00:00Z", "2026-02-23T00:00:00.000Z", "Sunday belongs to the week before"],
  ["week", "UTC", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00.000Z", "Monday starts the week"],
  ["week", "UTC", "1969-12-31T00:00:00Z", "1969-12-29T00:00:00.000Z", "before the epoch"],
  ["month", "America/New_York", "2026-03-01T04:59:59Z", "2026-02-01T05:00:00.000Z", "still February there"],
  ["quarter", "UTC", "2026-05-31T00:00:00Z", "2026-04-01T00:00:00.000Z", "the second quarter"],
  ["year", "Asia/Tokyo", "2025-12-31T15:00:00Z", "2025-12-31T15:00:00.000Z", "new year in Tokyo"],
];

describe("startOf", () => {
  it.each(starts)("%s in %s at %s is %s (%s)", (unit, zone, now, start) =>
    expect(formatInstant(startOf(unit, at(now), zone))).toBe(start),
  );

  it("refuses a zone that does not exist", () => {
    expect(() => startOf("day", 0, "Europe/Atlantis")).toThrow(RangeError);
    expect(isTimeZone("Europe/Atlantis")).toBe(false);
    expect(isTimeZone("Europe/Berlin")).toBe(true);
  });
});

describe("buckets", () => {
  const zones = [
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Havana",
  ];

  it("tile time in every zone: each instant lies in the bucket that its start names", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...calendarUnits),
        fc.integer({ min: at("2005-01-01"), max: at("2030-01-01") }),
        (zone, unit, ms) => {
          const start = startOf(unit, ms, zone);
          const next = nextStart(unit, ms, zone);
          expect(start <= ms && ms < next).toBe(true);
          expect(startOf(unit, start, zone)).toBe(start);
          expect(startOf(unit, next - 1, zone)).toBe(start);
          expect(startOf(unit, next, zone)).toBe(next);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ["Australia/Lord_Howe", "2026-10-03T12:00:00Z"],
    ["Australia/Lord_Howe", "2026-04-04T12:00:00Z"],
    ["America/Sao_Paulo", "2018-11-03T20:00:00Z"],
    ["America/Havana", "2025-11-02T00:00:00Z"],
  ])("of an hour walk over the change of the clocks in %s", (zone, from) => {
    let start = startOf("hour", at(from), zone);
    for (let step = 0; step < 12; step += 1) {
      const next = nextStart("hour", start, zone);
      expect(next - start).toBeGreaterThan(0);
      expect(next - start).toBeLessThanOrEqual(3_600_000);
      expect(startOf("hour", next - 1, zone)).toBe(start);
      start = next;
    }
  });
});

describe("addUnits", () => {
  it.each([
    ["2026-01-31T10:00:00Z", 1, "month", "UTC", "2026-02-28T10:00:00.000Z"],
    ["2024-01-31T10:00:00Z", 1, "month", "UTC", "2024-02-29T10:00:00.000Z"],
    ["2026-03-31T10:00:00Z", -1, "month", "UTC", "2026-02-28T10:00:00.000Z"],
    ["2026-01-15T10:00:00Z", -13, "month", "UTC", "2024-12-15T10:00:00.000Z"],
    ["2026-11-30T10:00:00Z", 1, "quarter", "UTC", "2027-02-28T10:00:00.000Z"],
    ["2024-02-29T10:00:00Z", 1, "year", "UTC", "2025-02-28T10:00:00.000Z"],
    ["2026-03-28T11:00:00Z", 1, "day", "Europe/Berlin", "2026-03-29T10:00:00.000Z"],
    ["2026-03-28T11:00:00Z", 24, "hour", "Europe/Berlin", "2026-03-29T11:00:00.000Z"],
    ["2026-10-24T22:00:00Z", 1, "day", "Europe/Berlin", "2026-10-25T23:00:00.000Z"],
    ["2026-10-25T01:30:00Z", 0, "day", "Europe/Berlin", "2026-10-25T01:30:00.000Z"],
    ["2026-03-02T00:00:00Z", -1, "week", "UTC", "2026-02-23T00:00:00.000Z"],
  ] as const)("%s moved by %i %s in %s is %s", (from, count, unit, zone, to) =>
    expect(formatInstant(addUnits(at(from), count, unit, zone))).toBe(to),
  );
});

describe("resolveRange", () => {
  const now = at("2026-08-19T15:30:00Z");
  it.each([
    ["today", "2026-08-19", "2026-08-20"],
    ["yesterday", "2026-08-18", "2026-08-19"],
    ["last-24-hours", "2026-08-18T15:30:00Z", "2026-08-19T15:30:00Z"],
    ["last-7-days", "2026-08-13", "2026-08-20"],
    ["last-30-days", "2026-07-21", "2026-08-20"],
    ["last-90-days", "2026-05-22", "2026-08-20"],
    ["this-week", "2026-08-17", "2026-08-24"],
    ["last-week", "2026-08-10", "2026-08-17"],
    ["this-month", "2026-08-01", "2026-09-01"],
    ["last-month", "2026-07-01", "2026-08-01"],
    ["month-to-date", "2026-08-01", "2026-08-20"],
    ["this-quarter", "2026-07-01", "2026-10-01"],
    ["this-year", "2026-01-01", "2027-01-01"],
    ["all", "1970-01-01", "2026-08-20"],
  ] as const)("%s is from %s to before %s", (preset, from, to) =>
    expect(resolveRange(preset, now, "UTC")).toEqual({ fromMs: at(from), toMs: at(to) }),
  );

  it("counts whole days of the zone over a change of the clocks", () => {
    const { fromMs, toMs } = resolveRange("last-7-days", at("2026-03-31T12:00:00Z"), "Europe/Berlin");
    expect([formatInstant(fromMs), formatInstant(toMs)]).toEqual([
      "2026-03-24T23:00:00.000Z",
      "2026-03-31T22:00:00.000Z",
    ]);
    expect(toMs - fromMs).toBe((7 * 24 - 1) * 3_600_000);
  });

  it("starts days at midnight although today starts at one o'clock", () => {
    const { fromMs, toMs } = resolveRange("yesterday", at("2018-11-04T15:00:00Z"), "America/Sao_Paulo");
    expect([formatInstant(fromMs), formatInstant(toMs)]).toEqual([
      "2018-11-03T03:00:00.000Z",
      "2018-11-04T03:00:00.000Z",
    ]);
  });

  it("knows its names and no others", () => {
    expect(rangePresets.every(isRangePreset)).toBe(true);
    expect(isRangePreset("toString")).toBe(false);
  });
});
