import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatInstant, parseInstant } from "../time/instant.ts";
import { type BudgetPeriod, parseBudgetPeriod, periodAt } from "./budget-period.ts";
import { InvalidBudget } from "./invalid-budget.ts";

const at = (text: string): number => parseInstant(text) ?? Number.NaN;
const hourMs = 3_600_000;

const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Sao_Paulo",
  "America/Havana",
  "America/Asuncion",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "Asia/Pyongyang",
  "Africa/Casablanca",
  "Pacific/Apia",
];
const [firstInstant, endInstant] = [at("2015-01-01"), at("2036-01-01")];

const zoneArb = fc.constantFrom(...zones);
const instantArb = fc.integer({ min: firstInstant, max: endInstant - 1 });
const tilingArb: fc.Arbitrary<BudgetPeriod> = fc.oneof(
  fc.record({ kind: fc.constantFrom("hour", "day", "week", "month"), zone: zoneArb }),
  fc.record({
    kind: fc.constantFrom("quarter", "year"),
    zone: zoneArb,
    firstMonth: fc.integer({ min: 1, max: 12 }),
  }),
);

/** The end of a period that has one. */
function endOf(period: BudgetPeriod, atMs: number): number {
  const { toMs } = periodAt(period, atMs);
  if (toMs === undefined) throw new Error("The period has no end.");
  return toMs;
}

/** Period, instant, first instant of its period, first instant of the next, and what is special about it. */
const periods: readonly (readonly [BudgetPeriod, string, string, string, string])[] = [
  [
    { kind: "hour", zone: "UTC" },
    "2026-02-01T10:59:59.999Z",
    "2026-02-01T10:00:00.000Z",
    "2026-02-01T11:00:00.000Z",
    "the last millisecond of an hour",
  ],
  [
    { kind: "day", zone: "Europe/Berlin" },
    "2026-03-29T12:00:00Z",
    "2026-03-28T23:00:00.000Z",
    "2026-03-29T22:00:00.000Z",
    "a day of 23 hours",
  ],
  [
    { kind: "day", zone: "Europe/Berlin" },
    "2026-10-25T12:00:00Z",
    "2026-10-24T22:00:00.000Z",
    "2026-10-25T23:00:00.000Z",
    "a day of 25 hours",
  ],
  [
    { kind: "day", zone: "America/Sao_Paulo" },
    "2018-11-04T15:00:00Z",
    "2018-11-04T03:00:00.000Z",
    "2018-11-05T02:00:00.000Z",
    "a day without midnight",
  ],
  [
    { kind: "week", zone: "UTC" },
    "2027-01-03T23:59:59Z",
    "2026-12-28T00:00:00.000Z",
    "2027-01-04T00:00:00.000Z",
    "a week over the new year ends with its Sunday",
  ],
  [
    { kind: "month", zone: "UTC" },
    "2024-02-29T00:00:00Z",
    "2024-02-01T00:00:00.000Z",
    "2024-03-01T00:00:00.000Z",
    "the leap day belongs to February",
  ],
  [
    { kind: "month", zone: "UTC" },
    "2026-01-31T23:59:59.999Z",
    "2026-01-01T00:00:00.000Z",
    "2026-02-01T00:00:00.000Z",
    "the last millisecond of a month",
  ],
  [
    { kind: "month", zone: "America/New_York" },
    "2026-03-01T04:59:59Z",
    "2026-02-01T05:00:00.000Z",
    "2026-03-01T05:00:00.000Z",
    "still February there",
  ],
  [
    { kind: "quarter", zone: "UTC", firstMonth: 1 },
    "2026-05-31T00:00:00Z",
    "2026-04-01T00:00:00.000Z",
    "2026-07-01T00:00:00.000Z",
    "a quarter of the calendar year",
  ],
  [
    { kind: "quarter", zone: "UTC", firstMonth: 2 },
    "2026-01-31T12:00:00Z",
    "2025-11-01T00:00:00.000Z",
    "2026-02-01T00:00:00.000Z",
    "the fourth quarter of a year that begins in February",
  ],
  [
    { kind: "quarter", zone: "Europe/Berlin", firstMonth: 12 },
    "2026-03-31T12:00:00Z",
    "2026-02-28T23:00:00.000Z",
    "2026-05-31T22:00:00.000Z",
    "a quarter that begins in winter time and ends in summer time",
  ],
  [
    { kind: "year", zone: "UTC", firstMonth: 1 },
    "2024-12-31T23:59:59.999Z",
    "2024-01-01T00:00:00.000Z",
    "2025-01-01T00:00:00.000Z",
    "the last millisecond of a leap year",
  ],
  [
    { kind: "year", zone: "Asia/Tokyo", firstMonth: 4 },
    "2026-03-31T14:59:59Z",
    "2025-03-31T15:00:00.000Z",
    "2026-03-31T15:00:00.000Z",
    "the last second of a Japanese fiscal year",
  ],
  [
    { kind: "year", zone: "America/New_York", firstMonth: 10 },
    "2026-10-01T04:00:00Z",
    "2026-10-01T04:00:00.000Z",
    "2027-10-01T04:00:00.000Z",
    "the first instant of a fiscal year",
  ],
  [
    { kind: "year", zone: "UTC", firstMonth: 3 },
    "1969-01-15T00:00:00Z",
    "1968-03-01T00:00:00.000Z",
    "1969-03-01T00:00:00.000Z",
    "before the epoch",
  ],
  [
    { kind: "rolling", unit: "hour", count: 5 },
    "2026-03-29T03:00:00Z",
    "2026-03-28T22:00:00.001Z",
    "2026-03-29T03:00:00.001Z",
    "five hours that include this millisecond",
  ],
  [
    { kind: "rolling", unit: "day", count: 30 },
    "2026-03-31T00:00:00Z",
    "2026-03-01T00:00:00.001Z",
    "2026-03-31T00:00:00.001Z",
    "thirty times 24 hours",
  ],
];

describe("periodAt", () => {
  it.each(periods)("%j at %s is from %s to before %s (%s)", (period, now, from, to) => {
    const { fromMs, toMs } = periodAt(period, at(now));
    expect([formatInstant(fromMs), formatInstant(toMs ?? Number.NaN)]).toEqual([from, to]);
  });

  it("gives a prepaid budget one period for ever", () => {
    const fromMs = at("2026-05-01T12:00:00Z");
    for (const now of ["2020-01-01", "2026-05-01T12:00:00Z", "2120-01-01"]) {
      expect(periodAt({ kind: "prepaid", fromMs }, at(now))).toEqual({ fromMs, toMs: undefined });
    }
  });

  it("refuses a zone that does not exist", () => {
    expect(() => periodAt({ kind: "day", zone: "Europe/Atlantis" }, 0)).toThrow(RangeError);
    expect(() => periodAt({ kind: "year", zone: "Europe/Atlantis", firstMonth: 4 }, 0)).toThrow(RangeError);
  });
});

describe("calendar periods", () => {
  it("hold the instant that they are of, and are the same for all of their instants", () => {
    fc.assert(
      fc.property(tilingArb, instantArb, (period, ms) => {
        const { fromMs } = periodAt(period, ms);
        const toMs = endOf(period, ms);
        expect(fromMs <= ms && ms < toMs).toBe(true);
        expect(periodAt(period, fromMs)).toEqual({ fromMs, toMs });
        expect(periodAt(period, toMs - 1)).toEqual({ fromMs, toMs });
        expect(periodAt(period, toMs).fromMs).toBe(toMs);
        expect(endOf(period, fromMs - 1)).toBe(fromMs);
      }),
      { numRuns: 500 },
    );
  });

  /** Every period from one instant to another, which both are starts of periods; throws where two do not meet. */
  function walk(period: BudgetPeriod, first: number, end: number): { fromMs: number; toMs: number }[] {
    const walked: { fromMs: number; toMs: number }[] = [];
    for (let fromMs = first; fromMs !== end; ) {
      const toMs = endOf(period, fromMs);
      if (periodAt(period, fromMs).fromMs !== fromMs) throw new Error(`A gap at ${formatInstant(fromMs)}.`);
      if (endOf(period, toMs - 1) !== toMs) throw new Error(`An overlap at ${formatInstant(toMs - 1)}.`);
      if (toMs <= fromMs || toMs > end) throw new Error(`No period ends at ${formatInstant(end)}.`);
      walked.push({ fromMs, toMs });
      fromMs = toMs;
    }
    return walked;
  }

  describe.each(zones)("tile the years 2015 to 2035 without gap or overlap in %s", (zone) => {
    it.each([
      ["month", 252, { kind: "month", zone }],
      ["quarter from January", 84, { kind: "quarter", zone, firstMonth: 1 }],
      ["quarter from April", 84, { kind: "quarter", zone, firstMonth: 4 }],
      ["year", 21, { kind: "year", zone, firstMonth: 1 }],
    ] as const)("by %s", (_name, count, period) => {
      // At midnight UTC it is new year's day in one part of the world and the day before in the other.
      const [first, end] = [at("2015-01-01"), at("2036-01-01")].map((year) => {
        const { fromMs, toMs } = periodAt({ kind: "day", zone }, year);
        return new Intl.DateTimeFormat("en-US", { timeZone: zone, day: "numeric" }).format(year) === "1"
          ? fromMs
          : toMs;
      });
      expect(walk(period, first ?? Number.NaN, end ?? Number.NaN)).toHaveLength(count);
    });

    it("by week, and by day and hour where the clocks change", () => {
      const weeks = walk(
        { kind: "week", zone },
        periodAt({ kind: "week", zone }, firstInstant).fromMs,
        periodAt({ kind: "week", zone }, endInstant).fromMs,
      );
      expect(weeks).toHaveLength(1_096);
      const odd = weeks.filter(({ fromMs, toMs }) => toMs - fromMs !== 7 * 24 * hourMs);
      expect(odd.length === 0).toBe(zone === "UTC" || zone === "Asia/Kathmandu");
      for (const week of odd) {
        const days = walk({ kind: "day", zone }, week.fromMs, week.toMs);
        expect(days).toHaveLength(7);
        const changed = days.filter(({ fromMs, toMs }) => toMs - fromMs !== 24 * hourMs);
        expect(changed).toHaveLength(1);
        for (const day of changed) walk({ kind: "hour", zone }, day.fromMs, day.toMs);
      }
    });
  });

  it("begin fiscal years and quarters with the first of their months on the wall", () => {
    fc.assert(
      fc.property(
        zoneArb,
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom("quarter" as const, "year" as const),
        instantArb,
        (zone, firstMonth, kind, ms) => {
          const clock = new Intl.DateTimeFormat("en-US", { timeZone: zone, month: "numeric", day: "numeric" });
          const wallDay = (instant: number) => clock.format(instant).split("/").map(Number);
          const { fromMs } = periodAt({ kind, zone, firstMonth }, ms);
          const [month = 0, day] = wallDay(fromMs);
          expect(day).toBe(1);
          expect((month - firstMonth + 12) % (kind === "year" ? 12 : 3)).toBe(0);
          expect(wallDay(fromMs - 1)[0]).toBe(month === 1 ? 12 : month - 1);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("rolling periods", () => {
  it("hold their instant, never change length and never go back", () => {
    fc.assert(
      fc.property(
        instantArb,
        fc.integer({ min: 0, max: 100 * hourMs }),
        fc.constantFrom("hour" as const, "day" as const),
        fc.integer({ min: 1, max: 400 }),
        (ms, laterMs, unit, count) => {
          const period = { kind: "rolling", unit, count } as const;
          const { fromMs } = periodAt(period, ms);
          const toMs = endOf(period, ms);
          expect(fromMs <= ms && ms < toMs).toBe(true);
          expect(toMs - fromMs).toBe(count * (unit === "day" ? 24 : 1) * hourMs);
          expect(periodAt(period, ms + laterMs)).toEqual({ fromMs: fromMs + laterMs, toMs: toMs + laterMs });
        },
      ),
    );
  });
});

describe("parseBudgetPeriod", () => {
  it("gives back what it accepts", () => {
    fc.assert(
      fc.property(tilingArb, (period) => {
        expect(parseBudgetPeriod({ ...period })).toEqual(period);
      }),
    );
    const rolling = { kind: "rolling", unit: "hour", count: 87_840 };
    expect(parseBudgetPeriod(rolling)).toEqual(rolling);
    expect(parseBudgetPeriod({ kind: "prepaid", fromMs: -1 })).toEqual({ kind: "prepaid", fromMs: -1 });
  });

  it("begins a fiscal year in January where nothing is said, and takes undefined as nothing said", () => {
    expect(parseBudgetPeriod({ kind: "year", zone: "UTC", firstMonth: undefined, count: undefined })).toEqual({
      kind: "year",
      zone: "UTC",
      firstMonth: 1,
    });
  });

  it.each([
    ["kind", {}],
    ["kind", { kind: "fortnight", zone: "UTC" }],
    ["kind", { kind: "toString" }],
    ["zone", { kind: "day" }],
    ["zone", { kind: "day", zone: "Europe/Atlantis" }],
    ["zone", { kind: "day", zone: "" }],
    ["zone", { kind: "quarter", zone: 1 }],
    ["zone", { kind: "rolling", unit: "day", count: 1, zone: "UTC" }],
    ["firstMonth", { kind: "year", zone: "UTC", firstMonth: 0 }],
    ["firstMonth", { kind: "quarter", zone: "UTC", firstMonth: 13 }],
    ["firstMonth", { kind: "year", zone: "UTC", firstMonth: 1.5 }],
    ["firstMonth", { kind: "year", zone: "UTC", firstMonth: "4" }],
    ["firstMonth", { kind: "month", zone: "UTC", firstMonth: 4 }],
    ["unit", { kind: "rolling", count: 1 }],
    ["unit", { kind: "rolling", unit: "week", count: 1 }],
    ["count", { kind: "rolling", unit: "day" }],
    ["count", { kind: "rolling", unit: "day", count: 0 }],
    ["count", { kind: "rolling", unit: "day", count: 3_661 }],
    ["count", { kind: "rolling", unit: "hour", count: 87_841 }],
    ["count", { kind: "rolling", unit: "hour", count: Number.NaN }],
    ["fromMs", { kind: "prepaid" }],
    ["fromMs", { kind: "prepaid", fromMs: 0.5 }],
    ["fromMs", { kind: "prepaid", fromMs: Number.POSITIVE_INFINITY }],
    ["fromMs", { kind: "day", zone: "UTC", fromMs: 0 }],
    ["color", { kind: "day", zone: "UTC", color: "red" }],
  ])("names %s as what is wrong with %j", (field, value) => {
    const refused = expect.objectContaining({ field, message: expect.stringContaining(field) });
    expect(() => parseBudgetPeriod(value)).toThrow(InvalidBudget);
    expect(() => parseBudgetPeriod(value)).toThrow(refused);
  });
});
