import { expect, test } from "vitest";
import { differencesOf } from "./difference.ts";

test("a change says what was and what is, and leaves out what stayed", () => {
  expect(
    differencesOf(
      { name: "a", settings: { timezone: "UTC", rate: 5 }, tags: ["x"] },
      { name: "a", settings: { timezone: "Europe/Berlin", limit: "2.50" }, tags: ["x", "y"] },
    ),
  ).toEqual([
    { path: "settings.timezone", before: "UTC", after: "Europe/Berlin" },
    { path: "settings.limit", after: "2.50" },
    { path: "tags", before: '["x"]', after: '["x","y"]' },
    { path: "settings.rate", before: "5" },
  ]);
});

test("what is made has no before, and what is deleted no after", () => {
  expect(differencesOf(null, { id: "1", end: null })).toEqual([
    { path: "id", after: "1" },
    { path: "end", after: "null" },
  ]);
  expect(differencesOf({ id: "1" }, null)).toEqual([{ path: "id", before: "1" }]);
  expect(differencesOf(null, null)).toEqual([]);
});

test("things that are one value are compared as they are, and names of prototypes are names", () => {
  expect(differencesOf("on", "off")).toEqual([{ path: "", before: "on", after: "off" }]);
  expect(differencesOf({}, JSON.parse('{"__proto__":{"x":1}}'))).toEqual([{ path: "__proto__.x", after: "1" }]);
});
