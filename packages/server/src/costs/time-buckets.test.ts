import { describe, expect, test } from "vitest";
import { bucketBounds, bucketLabel, type TimeDimension } from "./time-buckets.ts";

const hourMs = 3_600_000;
const labels = (unit: TimeDimension, from: string, to: string, zone: string): string[] => {
  const bounds = bucketBounds({ fromMs: Date.parse(from), toMs: Date.parse(to), zone }, [unit]);
  return bounds.slice(0, -1).map((start) => bucketLabel(unit, start, zone));
};

describe("days are as long as the zone's clocks make them", () => {
  const cases: readonly [string, string, string, number][] = [
    ["America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", 23],
    ["America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", 25],
    ["America/New_York", "2026-11-02", "2026-11-02T05:00:00Z", 24],
    ["Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 23.5],
    ["Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 24.5],
    ["Asia/Kolkata", "2026-11-01", "2026-10-31T18:30:00Z", 24],
    ["UTC", "2026-03-08", "2026-03-08T00:00:00Z", 24],
  ];
  for (const [zone, label, start, hours] of cases) {
    test(`${label} in ${zone} has ${hours} hours`, () => {
      const fromMs = Date.parse(start);
      const bounds = bucketBounds({ fromMs, toMs: fromMs + 3 * 24 * hourMs, zone }, ["day"]);
      expect(bucketLabel("day", fromMs, zone)).toBe(label);
      expect(bucketLabel("day", fromMs - 1, zone)).not.toBe(label);
      expect(bounds[1]).toBe(fromMs + hours * hourMs);
    });
  }
});

describe("a month ends when the zone's clocks say so", () => {
  const cases: readonly [string, string][] = [
    ["America/New_York", "2026-11-01T04:00:00Z"],
    ["Asia/Kolkata", "2026-10-31T18:30:00Z"],
    ["Australia/Lord_Howe", "2026-10-31T13:00:00Z"],
  ];
  for (const [zone, end] of cases) {
    test(zone, () => {
      const bounds = bucketBounds({ fromMs: Date.UTC(2026, 9, 15), toMs: Date.UTC(2026, 10, 15), zone }, ["month"]);
      expect(bounds).toEqual([Date.UTC(2026, 9, 15), Date.parse(end), Date.UTC(2026, 10, 15)]);
      expect(bucketLabel("month", Date.parse(end) - 1, zone)).toBe("2026-10");
      expect(bucketLabel("month", Date.parse(end), zone)).toBe("2026-11");
    });
  }
});

test("weeks begin on Monday and are called by it", () => {
  expect(labels("week", "2026-11-14T00:00:00Z", "2026-11-24T00:00:00Z", "UTC")).toEqual([
    "2026-11-09",
    "2026-11-16",
    "2026-11-23",
  ]);
});

test("hours carry the offset that tells the repeated one apart", () => {
  expect(labels("hour", "2026-11-01T04:30:00Z", "2026-11-01T07:00:00Z", "America/New_York")).toEqual([
    "2026-11-01T00:00:00-04:00",
    "2026-11-01T01:00:00-04:00",
    "2026-11-01T01:00:00-05:00",
  ]);
  expect(labels("hour", "2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z", "UTC")).toEqual(["2026-11-01T04:00:00Z"]);
  expect(labels("hour", "2026-10-31T18:30:00Z", "2026-10-31T19:30:00Z", "Asia/Kolkata")).toEqual([
    "2026-11-01T00:00:00+05:30",
  ]);
});

test("several units cut time where any of them ends", () => {
  const period = { fromMs: Date.UTC(2026, 9, 29), toMs: Date.UTC(2026, 10, 3), zone: "UTC" };
  expect(bucketBounds(period, ["week", "month"])).toEqual([
    period.fromMs,
    Date.UTC(2026, 10, 1),
    Date.UTC(2026, 10, 2),
    period.toMs,
  ]);
});
