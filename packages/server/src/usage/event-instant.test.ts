import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEventInstant } from "./event-instant.ts";

describe("instants of events", () => {
  it("read every millisecond from 1970 to 9999 as the calendar has it", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
        (date) => {
          const text = date.toISOString();
          expect(readEventInstant(text)).toBe(date.getTime());
          expect(readEventInstant(text.replace("Z", "+00:00"))).toBe(date.getTime());
          expect(readEventInstant(date.getTime())).toBe(date.getTime());
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["2026-01-15", "2026-01-15T00:00:00.000Z"],
    ["2026-01-15 10:00", "2026-01-15T10:00:00.000Z"],
    ["2026-01-15T10:00:00", "2026-01-15T10:00:00.000Z"],
    ["2026-01-15t10:00:00,25z", "2026-01-15T10:00:00.250Z"],
    ["2026-01-15T10:00:00.123456789+0200", "2026-01-15T08:00:00.123Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
  ])("read %s", (text, iso) => {
    expect(readEventInstant(text)).toBe(Date.parse(iso));
  });

  it.each([
    "2026-02-29",
    "2026-13-01",
    "2026-00-10",
    "2026-01-15T24:00:00Z",
    "2026-01-15T10:60:00Z",
    "1969-12-31",
    "now",
    "",
    "2026-01-15T10:00:00ZZ",
    "20a6-01-15T10:00:00Z",
  ])("refuse %s", (text) => {
    expect(readEventInstant(text)).toBeUndefined();
  });
});
