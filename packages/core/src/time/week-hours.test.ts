import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatInstant, parseInstant } from "./instant.ts";
import { weekWindows, weekWindowsMax } from "./week-hours.ts";

const at = (text: string): number => parseInstant(text) ?? Number.NaN;
const all = Array.from({ length: 168 }, (_, hour) => hour);

/** Weekday and hour by the runtime's own calendar, as an oracle beside ours. */
const clocks = new Map<string, Intl.DateTimeFormat>();
function hourOfWeek(ms: number, zone: string): number {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat("en-US", { timeZone: zone, weekday: "short", hour: "2-digit", hourCycle: "h23" });
  clocks.set(zone, clock);
  const parts = Object.fromEntries(clock.formatToParts(ms).map(({ type, value }) => [type, value]));
  const day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(parts["weekday"] ?? "");
  return day * 24 + Number(parts["hour"]);
}

describe("weekWindows", () => {
  it("has both of an hour that the clocks repeat, and none of one that they skip", () => {
    const sunday = (from: string, to: string, hours: readonly number[]): readonly string[] =>
      weekWindows(
        { fromMs: at(from), toMs: at(to) },
        hours.map((hour) => 144 + hour),
        "Europe/Berlin",
      ).map(({ fromMs, toMs }) => `${formatInstant(fromMs)} ${formatInstant(toMs)}`);
    expect(sunday("2026-10-24", "2026-10-27", [2])).toEqual(["2026-10-25T00:00:00.000Z 2026-10-25T02:00:00.000Z"]);
    expect(sunday("2026-03-28", "2026-03-31", [2])).toEqual([]);
    expect(sunday("2026-03-28", "2026-03-31", [1, 2, 3])).toEqual([
      "2026-03-29T00:00:00.000Z 2026-03-29T02:00:00.000Z",
    ]);
  });

  it("holds just the instants at which the zone's clocks show one of the hours, in any zone", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          "UTC",
          "Europe/Berlin",
          "Asia/Kolkata",
          "Australia/Lord_Howe",
          "America/Havana",
          "Pacific/Apia",
        ),
        fc.integer({ min: at("2008-01-01"), max: at("2030-01-01") }),
        fc.nat(40 * 86_400_000),
        fc.uniqueArray(fc.nat(167), { maxLength: 80 }),
        fc.array(fc.double({ min: -0.1, max: 1.1, noNaN: true }), { minLength: 1, maxLength: 30 }),
        (zone, fromMs, length, hours, places) => {
          const period = { fromMs, toMs: fromMs + length };
          const windows = weekWindows(period, hours, zone);
          expect(windows.length).toBeLessThanOrEqual(weekWindowsMax(period, hours) + 4);
          for (const [place, { fromMs: from, toMs: to }] of windows.entries()) {
            expect(from < to && from > (windows[place - 1]?.toMs ?? Number.NEGATIVE_INFINITY)).toBe(true);
          }
          const probes = windows.flatMap(({ fromMs: from, toMs: to }) => [from - 1, from, to - 1, to]);
          for (const ms of [...places.map((share) => Math.floor(fromMs + share * length)), ...probes.slice(0, 40)]) {
            const expected = ms >= fromMs && ms < period.toMs && hours.includes(hourOfWeek(ms, zone));
            expect(windows.some(({ fromMs: from, toMs: to }) => ms >= from && ms < to)).toBe(expected);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it("is the period itself where every hour is asked for", () => {
    const period = { fromMs: at("2026-01-01"), toMs: at("2026-12-31") };
    expect(weekWindows(period, all, "Europe/Berlin")).toEqual([period]);
  });
});
