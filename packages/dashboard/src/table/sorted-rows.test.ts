import { expect, test } from "vitest";
import { type Column, sortedRows } from "./data-table.tsx";

interface Line {
  readonly name: string;
  readonly cost: string | null;
}

const column = (key: string, sortBy: Column<Line>["sortBy"], numeric = false): Column<Line> => ({
  key,
  label: key,
  numeric,
  cell: () => "",
  ...(sortBy === undefined ? {} : { sortBy }),
});
const columns = [
  column("name", ({ name }) => name),
  column("cost", ({ cost }) => cost, true),
  column("unsorted", undefined),
];
const rows: readonly Line[] = [
  { name: "b", cost: "9" },
  { name: "B", cost: null },
  { name: "a", cost: "10.000000000001" },
  { name: "c", cost: "10" },
  { name: "d", cost: "-2" },
];
const sorted = (key: string, descending: boolean) => sortedRows(rows, columns, { key, descending });

test("figures are in the order of their size, exactly, and what is unknown comes last either way", () => {
  expect(sorted("cost", false).map(({ cost }) => cost)).toEqual(["-2", "9", "10", "10.000000000001", null]);
  expect(sorted("cost", true).map(({ cost }) => cost)).toEqual(["10.000000000001", "10", "9", "-2", null]);
});

test("names are in the order of words", () => {
  expect(sorted("name", false).map(({ name }) => name)).toEqual(["a", "b", "B", "c", "d"]);
  expect(sorted("name", true).map(({ name }) => name)).toEqual(["d", "c", "B", "b", "a"]);
});

test("rows are as they came where nothing was chosen, or a column that is not sorted", () => {
  expect(sortedRows(rows, columns, undefined)).toBe(rows);
  expect(sorted("unsorted", true)).toBe(rows);
  expect(sorted("gone", true)).toBe(rows);
});
