import { expect, test } from "vitest";
import { csvOf, fileNameOf } from "./download.ts";

const csv = (...cells: readonly string[]): readonly string[] =>
  csvOf({ columns: [{ key: "a", label: "A" }], rows: cells.map((a) => ({ a })) })
    .split("\r\n")
    .slice(1, -1);

test("a cell that a spreadsheet would run as a formula is text in it, and a number stays one", () => {
  expect(csv("=1+1", "+SUM(A1)", "-x", "@cmd", "\tx")).toEqual(["'=1+1", "'+SUM(A1)", "'-x", "'@cmd", "'\tx"]);
  expect(csv("-1.5", "+12", "-0", "1e5")).toEqual(["-1.5", "+12", "-0", "1e5"]);
  expect(csv("-1.5.2", "-1,5", "=a,b")).toEqual(["'-1.5.2", '"\'-1,5"', '"\'=a,b"']);
});

test("commas, quotes and lines stay within their cell", () => {
  expect(csv("a,b", 'say "so"', "plain")).toEqual(['"a,b"', '"say ""so"""', "plain"]);
  const table = {
    columns: [
      { key: "a", label: "A, B" },
      { key: "gone", label: "C" },
    ],
    rows: [{ a: "two\r\nlines" }],
  };
  expect(csvOf(table)).toBe('"A, B",C\r\n"two\r\nlines",\r\n');
});

test("a file is named after what is in it", () => {
  expect(["Spend by day", "—", "A/B: c?"].map(fileNameOf)).toEqual(["spend-by-day", "chart", "a-b-c"]);
});
