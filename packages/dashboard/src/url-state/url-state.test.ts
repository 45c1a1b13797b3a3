import fc from "fast-check";
import { expect, test } from "vitest";
import { choiceField, flagField, listField, readState, textField, unreadIn, writeState } from "./fields.ts";
import { filtersField, toggled } from "./filters.ts";
import { bucketsOf, periodField, resolvePeriod, todayIn } from "./period.ts";

const fields = { q: textField(), by: choiceField(["model", "project"]), cmp: flagField(true), cols: listField(["a"]) };

test("whatever is written is read again, and what others keep in the address stays", () => {
  const state = fc.record({
    q: fc.string(),
    by: fc.constantFrom("model" as const, "project" as const),
    cmp: fc.boolean(),
    cols: fc.array(fc.string({ minLength: 1 })),
  });
  fc.assert(
    fc.property(state, (value) => {
      const query = writeState(fields, "?other=1", value);
      expect(readState(fields, query)).toEqual(value);
      expect(new URLSearchParams(query).get("other")).toBe("1");
    }),
  );
  expect(writeState(fields, "", { q: "", by: "model", cmp: true, cols: ["a"] })).toBe("");
  expect(readState(fields, "?by=nonsense&cmp=x")).toEqual({ q: "", by: "model", cmp: false, cols: ["a"] });
});

test("what an address says and a page does not read is named, and nothing else", () => {
  const read = { ...fields, f: filtersField(), period: periodField(), view: textField() };
  const slips = "?from=2026-13-01&by=foo&cmp=yes&period=2026-13-01..2026-13-02&f=model:a,evil:1,:x&q=any&view=v1";
  expect(unreadIn(read, slips)).toEqual([
    "from=2026-13-01",
    "by=foo",
    "cmp=yes",
    "period=2026-13-01..2026-13-02",
    "f=evil:1",
    "f=:x",
  ]);
  const right = "?by=model&cmp=1&period=30d&f=tags:team:a%252Cb,model:gpt-4o&q=&cols=x,y";
  expect(unreadIn(read, right)).toEqual([]);
  expect(unreadIn(read, "?constructor=1&__proto__=2")).toEqual(["constructor=1", "__proto__=2"]);
});

test("filters keep every value, whatever is in it", () => {
  const field = filtersField();
  const hostile = { model: ["a,b", "100%", "x:y"], tags: ["team:<b>", "ключ:ع"] };
  expect(field.read(field.write(hostile))).toEqual(hostile);
  expect(field.read("nonsense,:x,evil:1")).toEqual({});
  expect(toggled(toggled({}, "model", "a"), "model", "a")).toEqual({});
});

test.each([
  ["today", "2026-11-21", "2026-11-21", "2026-11-20", "2026-11-20", "hour"],
  ["7d", "2026-11-15", "2026-11-21", "2026-11-08", "2026-11-14", "day"],
  ["90d", "2026-08-24", "2026-11-21", "2026-05-26", "2026-08-23", "day"],
  ["mtd", "2026-11-01", "2026-11-21", "2026-10-01", "2026-10-21", "day"],
  ["last-month", "2026-10-01", "2026-10-31", "2026-09-01", "2026-09-30", "day"],
  ["2026-01-01..2026-12-31", "2026-01-01", "2026-12-31", "2025-01-01", "2025-12-31", "week"],
])("%s on 21 November 2026", (text, startDate, endDate, previousStart, previousEnd, bucket) => {
  const choice = periodField().read(text);
  expect(resolvePeriod(choice, "2026-11-21", "UTC")).toMatchObject({
    startDate,
    endDate,
    previous: { startDate: previousStart, endDate: previousEnd },
    bucket,
  });
});

test("a month to date is compared with no more days than the month before has", () => {
  expect(resolvePeriod("mtd", "2026-03-31", "UTC").previous).toEqual({
    startDate: "2026-02-01",
    endDate: "2026-02-28",
  });
});

test("today is today in the zone, and an address that says nonsense means the default", () => {
  const instant = Date.parse("2026-11-21T23:30:00Z");
  expect(todayIn("Europe/Berlin", instant)).toBe("2026-11-22");
  expect(todayIn("America/New_York", instant)).toBe("2026-11-21");
  for (const text of ["2026-02-40..2026-03-01", "2026-03-02..2026-03-01", "x", ""]) {
    expect(periodField().read(text)).toBe("30d");
  }
});

test("a chart has a place for each day and each week, also for those without any cost", () => {
  expect(bucketsOf(resolvePeriod("7d", "2026-11-21", "UTC"))).toHaveLength(7);
  const weeks = bucketsOf(resolvePeriod({ from: "2026-01-01", to: "2026-06-30" }, "2026-11-21", "UTC"));
  expect(weeks.slice(0, 2)).toEqual(["2025-12-29", "2026-01-05"]);
});
