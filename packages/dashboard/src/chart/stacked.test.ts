import { expect, test } from "vitest";
import type { ChartTheme } from "./chart-theme.ts";
import { positionsOf, type Stack, stackedOption } from "./stacked.ts";

const lone = { name: "lone", values: [null, null, "57.15", null, null, null] };
const daily = { name: "daily", values: [null, "1", "2", null, "1.5", null] };
const before = { name: "before", values: ["3", null, "3", "3", "3", "3"], dashed: true };

test("a sum stands at zero where it has nothing, and nowhere that nothing is known of anything", () => {
  expect(positionsOf([lone, daily, before], true)).toEqual([
    ["-", 0, 57.15, 0, 0, "-"],
    ["-", 1, 2, 0, 1.5, "-"],
    [3, "-", 3, 3, 3, 3],
  ]);
  expect(positionsOf([lone], false)).toEqual([["-", "-", 57.15, "-", "-", "-"]]);
  expect(positionsOf([{ name: "none", values: [null, null] }], true)).toEqual([["-", "-"]]);
  expect(positionsOf([], true)).toEqual([]);
  // On the fourth nothing but what has no price was called.
  expect(positionsOf([lone, daily, before], true, [0, 0, 0, 5, 5, 0])).toEqual([
    ["-", 0, 57.15, "-", 0, "-"],
    ["-", 1, 2, "-", 1.5, "-"],
    [3, "-", 3, 3, 3, 3],
  ]);
});

interface Drawn {
  readonly legend: { readonly data: readonly (string | { readonly name: string; readonly icon: string })[] };
  readonly series: readonly { readonly showSymbol?: boolean; readonly data: readonly unknown[] }[];
}
const theme = {
  series: ["#111111"],
  muted: "#999999",
  text: "#000",
  line: "#ccc",
  ground: "#fff",
} as unknown as ChartTheme;
const draw = (stack: Pick<Stack, "kind" | "series"> & Partial<Stack>): Drawn =>
  stackedOption(
    { labels: ["1", "2", "3", "4", "5", "6"], text: String, axis: String, ...stack },
    theme,
  ) as unknown as Drawn;

test("an area of one day is drawn down to zero beside it, and an average of one day as a point", () => {
  const sums = draw({ kind: "area", series: [lone, daily], isSum: true });
  expect(sums.series.map(({ showSymbol }) => showSymbol)).toEqual([false, false]);
  expect(sums.series[0]?.data).toEqual(["-", 0, 57.15, 0, 0, "-"]);
  const averages = draw({ kind: "line", series: [lone, daily] });
  expect(averages.series.map(({ showSymbol }) => showSymbol)).toEqual([true, true]);
});

test("what others are compared with has dashes in the key too, and is first where not all keys may be in sight", () => {
  const key = { name: "before", icon: expect.stringMatching(/^path:/) };
  expect(draw({ kind: "line", series: [daily, before] }).legend.data).toEqual(["daily", key]);
  const many = ["a", "b", "c", "d"].map((name) => ({ ...daily, name }));
  expect(draw({ kind: "bar", series: [...many, before] }).legend.data).toEqual([key, "a", "b", "c", "d"]);
});
