import { CostFilter } from "@llm-cost-ops/contract";
import { describe, expect, test } from "vitest";
import { always, readPeriod, readRecordFilter } from "./cost-filter.ts";
import { holdsTag, tagCandidates } from "./tag-term.ts";

const nowMs = Date.UTC(2026, 10, 21, 15);
const period = (asked: Record<string, unknown>, byDefault: "always" | "last-30-days" = "always") => {
  const { fromMs, toMs } = readPeriod(CostFilter.parse(asked), nowMs, byDefault);
  return [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
};

describe("the period of a question", () => {
  const cases: readonly [string, Record<string, unknown>, readonly [string, string]][] = [
    [
      "a bare end day is included whole",
      { start_date: "2026-01-01", end_date: "2026-01-31" },
      ["2026-01-01T00", "2026-02-01T00"],
    ],
    ["one day", { start_date: "2026-01-31", end_date: "2026-01-31" }, ["2026-01-31T00", "2026-02-01T00"]],
    [
      "an end instant is exclusive",
      { start_date: "2026-01-01", end_date: "2026-01-31T06:00:00Z" },
      ["2026-01-01T00", "2026-01-31T06"],
    ],
    [
      "a date-time without offset is UTC",
      { start_date: "2026-01-01 06:00", end_date: "2026-01-02T00:00+0100", timezone: "Asia/Kolkata" },
      ["2026-01-01T06", "2026-01-01T23"],
    ],
    [
      "days are days of the zone",
      { start_date: "2026-03-08", end_date: "2026-03-08", timezone: "America/New_York" },
      ["2026-03-08T05", "2026-03-09T04"],
    ],
    ["the last days end with today", { days: 2, timezone: "Australia/Lord_Howe" }, ["2026-11-20T13", "2026-11-22T13"]],
    ["a preset in the other spelling", { range: "LAST_7_DAYS" }, ["2026-11-15T00", "2026-11-22T00"]],
    ["a month of a zone", { range: "this-month", timezone: "America/New_York" }, ["2026-11-01T04", "2026-12-01T05"]],
    ["a start alone ends with today", { start_date: "2026-11-20" }, ["2026-11-20T00", "2026-11-22T00"]],
    ["an end alone begins in 1970", { end_date: "2026-11-20" }, ["1970-01-01T00", "2026-11-21T00"]],
  ];
  for (const [name, asked, [from, to]] of cases) {
    test(name, () => {
      const [start, end] = period(asked);
      expect([start?.slice(0, from.length), end?.slice(0, to.length)]).toEqual([from, to]);
    });
  }

  test("without dates a list means everything and a sum the last 30 days", () => {
    expect(readPeriod({}, nowMs, "always")).toMatchObject(always);
    expect(period({}, "last-30-days")).toEqual(["2026-10-23T00:00:00.000Z", "2026-11-22T00:00:00.000Z"]);
  });

  const refused: readonly [Record<string, unknown>, readonly string[]][] = [
    [{ start_date: "2026-02-01", end_date: "2026-01-01" }, ["start_date", "end_date"]],
    [{ start_date: "2026-02-01T00:00:00Z", end_date: "2026-02-01T00:00:00Z" }, ["start_date", "end_date"]],
    [{ start_date: "2026-02-30" }, ["start_date"]],
    [{ range: "last-13-moons" }, ["range"]],
    [{ range: "today", days: 3 }, ["range"]],
    [{ days: 3, end_date: "2026-01-01" }, ["days"]],
    [{ timezone: "Mars/Olympus" }, ["timezone"]],
  ];
  for (const [asked, fields] of refused) {
    test(`${JSON.stringify(asked)} is refused by field`, () => {
      try {
        period(asked);
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ code: "VALIDATION_ERROR" });
        expect(Object.keys((error as { fieldErrors: object }).fieldErrors)).toEqual(fields);
      }
    });
  }
});

test("another organization's costs are never asked about", () => {
  expect(() => readRecordFilter({ organizationId: "acme" }, { organization_id: "other" })).toThrow(
    expect.objectContaining({ code: "AUTH_002" }),
  );
  expect(readRecordFilter({ organizationId: "acme" }, { organization_id: "acme" })).toEqual({
    dimensions: {},
    tags: [],
  });
});

describe("hours of the week", () => {
  const hours = (asked: string): readonly number[] | undefined =>
    readRecordFilter({ organizationId: "acme" }, CostFilter.parse({ hours: asked })).hours;

  test("are those that any term names, each once; all of them and none are no restriction", () => {
    expect(hours("mon 01-03, tue 00,mon-tue 02")).toEqual([1, 2, 24, 26]);
    expect(hours("mon-sun")).toBeUndefined();
    expect(hours("sat-thu,fri")).toBeUndefined();
    expect(hours("")).toBeUndefined();
  });

  test("that do not exist are refused by field", () => {
    for (const asked of ["fri 22-06", "mon 24", "mon 09-25", "10-10", "mo", "mon 9", "monday", "09:00"]) {
      expect(CostFilter.safeParse({ hours: asked }).error?.issues[0]?.path[0]).toBe("hours");
    }
  });
});

describe("tag terms", () => {
  const cases: readonly [string, Record<string, string>, boolean][] = [
    ["team", { team: "" }, true],
    ["team", { env: "team" }, false],
    ["team:web", { team: "web" }, true],
    ["team=web", { team: "web" }, true],
    ["team=web", { team: "ml" }, false],
    ["url:https://a?b=c", { url: "https://a?b=c" }, true],
    ["expr=a=b:c", { expr: "a=b:c" }, true],
    ["ns:team=web", { "ns:team": "web" }, true],
    ["constructor", {}, false],
    ["team:", { team: "" }, true],
  ];
  for (const [term, tags, holds] of cases) {
    test(`${term} ${holds ? "finds" : "does not find"} ${JSON.stringify(tags)}`, () => {
      expect(holdsTag(tags, tagCandidates(term))).toBe(holds);
    });
  }
});
