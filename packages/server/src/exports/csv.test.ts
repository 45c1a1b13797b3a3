import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvCell, csvLine } from "./csv.ts";

describe("cells that a spreadsheet would run are made text", () => {
  const cases: readonly [unknown, string][] = [
    ["=1+1", "'=1+1"],
    ["+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"],
    ["-2+3", "'-2+3"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    ["-0.0375", "-0.0375"],
    ["+5", "+5"],
    ["9007199254740993", "9007199254740993"],
    ['say "hi", twice', '"say ""hi"", twice"'],
    ["two\r\nlines", '"two\r\nlines"'],
    [null, ""],
    [undefined, ""],
    [false, "false"],
    [{ team: "web" }, '"{""team"":""web""}"'],
  ];
  for (const [value, cell] of cases)
    test(JSON.stringify(value) ?? "undefined", () => expect(csvCell(value)).toBe(cell));
});

test("what is written reads back, but for the quote that defuses formulas", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string({ unit: "binary" }), { minLength: 2, maxLength: 4 })), (rows) => {
      const text = rows.map(csvLine).join("");
      const read = parse(text, { relax_column_count: true, record_delimiter: "\r\n" }) as string[][];
      expect(read.map((row) => row.map((cell) => cell.replace(/^'(?=[=+\-@\t\r])/, "")))).toEqual(
        rows.map((row) => row.map((cell) => cell.replace(/^'(?=[=+\-@\t\r])/, ""))),
      );
    }),
  );
});
