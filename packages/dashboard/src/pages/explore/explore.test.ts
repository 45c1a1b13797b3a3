import { expect, test } from "vitest";
import type { ChartTheme } from "../../chart/chart-theme.ts";
import { currenciesOf, shownCurrency } from "../../data/currencies.ts";
import { sumDecimals } from "../../format/decimal.ts";
import { resolvePeriod } from "../../url-state/period.ts";
import { dimensionsField, narrowed } from "./dimensions.ts";
import { commandOf, daysOf, dimensionsFor } from "./explore-state.ts";
import { flowOf, groupTree, leavesOf } from "./group-tree.ts";
import { hourMap } from "./hour-map.ts";
import { measures, type Row, sumOf, totalOf, writingOf } from "./measures.ts";
import { flowColors, tilesOption, tinted } from "./picture-options.ts";
import { beforeNames, hoursOf, timePicture, timeTable } from "./time-picture.ts";
import { addedHours, hoursWords, toggledHour } from "./week-hours.ts";

const period = resolvePeriod({ from: "2026-11-01", to: "2026-11-03" }, "2026-11-21", "Europe/Berlin");
const row = (fields: object, cost: string | null, currency: string | null = "USD", requests = 1): Row =>
  ({ currency, totalCostExact: cost, totalRequests: requests, ...fields }) as unknown as Row;

const drawn = { before: undefined, by: ["model"], period, measure: measures.cost, currency: "USD" };

test("every day has its place, currencies stay apart, and what is unknown is no zero", () => {
  const rows = [
    row({ day: "2026-11-01", model: "a" }, "1.000000000001"),
    row({ day: "2026-11-03", model: null }, "-0.5"),
    row({ day: "2026-11-02", model: "a" }, "9", "EUR"),
    row({ day: "2026-11-02", model: "b", unpricedRequests: 1_200 }, null, null),
  ];
  const picture = timePicture({ ...drawn, rows });
  expect(picture.unpriced).toEqual([0, 1_200, 0]);
  expect(timePicture({ ...drawn, rows, measure: measures.requests }).unpriced).toEqual([0, 0, 0]);
  expect(picture.labels).toEqual(["1 Nov", "2 Nov", "3 Nov"]);
  expect(picture.series.map(({ name, values }) => [name, values])).toEqual([
    ["a", ["1.000000000001", null, null]],
    ["(none)", [null, null, "-0.5"]],
  ]);
  const table = timeTable(picture, measures.cost, writingOf(measures.cost, "USD"));
  expect(table.rows[0]).toEqual({
    time: "2026-11-01",
    s0: "$1.000000000001",
    s1: "",
    sum: "$1.000000000001",
    unpriced: "",
  });
  expect(table.columns.at(-1)?.label).toBe("Calls without a price");
  expect(table.rows[1]).toEqual({ time: "2026-11-02", s0: "", s1: "", sum: "", unpriced: "1,200" });
});

test("counts are of every currency, and of what has no price", () => {
  const rows = [
    row({ model: "a" }, "1", "USD", 3),
    row({ model: "a" }, "1", "EUR", 4),
    row({ model: "a" }, null, null, 5),
  ];
  expect(sumOf(rows, measures.requests)).toBe("12");
  expect(totalOf(rows, measures.cost, "EUR")).toBe("1");
  expect(groupTree(rows, ["model"], measures.requests, "USD")[0]?.value).toBe("12");
});

test("the currency of most calls is shown first, however large the bare numbers of another are", () => {
  const totals = [
    row({}, "90000", "JPY", 2),
    row({}, null, null, 50),
    row({}, "12.5", "EUR", 9),
    row({}, "3", "USD", 2),
  ];
  const currencies = currenciesOf(totals);
  expect(currencies).toEqual(["EUR", "JPY", "USD"]);
  expect([shownCurrency(currencies, "JPY"), shownCurrency(currencies, "CHF"), shownCurrency([], "")]).toEqual([
    "JPY",
    "EUR",
    "USD",
  ]);
});

test("averages are shown as they are told and never added", () => {
  const rows = Array.from({ length: 20 }, (_, at) => ({
    ...row({ day: "2026-11-02", model: `m${at}` }, "1"),
    avgCostPerRequestExact: `0.${10 + at}`,
  })) as unknown as Row[];
  const picture = timePicture({ ...drawn, rows, measure: measures.average });
  expect(picture.series[0]).toMatchObject({ name: "m19", values: [null, "0.29", null] });
  expect([picture.series.length, picture.left]).toEqual([8, 12]);
  expect(sumOf(rows, measures.average)).toBeNull();
});

test("groups that the server summed up stand with the others, and for as many as they are", () => {
  const own = Array.from({ length: 9 }, (_, at) => row({ day: "2026-11-02", model: `m${at}` }, `${at + 1}.5`));
  const summed = row({ day: "2026-11-02", model: null, otherGroups: 40 }, "0.25");
  const { series } = timePicture({ ...drawn, rows: [...own, summed] });
  expect(series.map(({ name }) => name)).toEqual([...[8, 7, 6, 5, 4, 3, 2, 1].map((at) => `m${at}`), "41 others"]);
  expect(series.at(-1)?.values).toEqual([null, "1.75", null]);
  const averages = timePicture({ ...drawn, rows: [...own, summed], measure: measures.average });
  expect(averages.left).toBe(40);

  const many = Array.from({ length: 24 }, (_, at) => row({ model: `m${at}` }, `${at + 1}`));
  const tiles = (rows: readonly Row[]) =>
    groupTree(rows, ["model"], measures.cost, "USD").map(({ name, value }) => [name, value]);
  expect(tiles([...many, summed]).slice(23)).toEqual([
    ["m0", "1"],
    ["40 others", "0.25"],
  ]);
  expect(tiles([...many, row({ model: "m24" }, "0.5"), summed]).slice(23)).toEqual([
    ["m0", "1"],
    ["41 others", "0.75"],
  ]);
});

test("ten thousand groups are nine series, whose sum is the sum", () => {
  const rows = Array.from({ length: 10_000 }, (_, at) => row({ day: "2026-11-02", model: `m${at}` }, `${at}.01`));
  const { series } = timePicture({ ...drawn, rows });
  expect(series).toHaveLength(9);
  expect(series.at(-1)?.name).toBe("9,992 others");
  expect(sumDecimals(series.map(({ values }) => values[1] ?? "0"))).toBe(sumOf(rows, measures.cost));
  const tree = groupTree(rows, ["model"], measures.cost, "USD");
  expect(sumDecimals(leavesOf(tree).map(({ value }) => value))).toBe(sumOf(rows, measures.cost));
});

test("as many rows as an answer may have are summed", () => {
  const rows = Array.from({ length: 150_000 }, () => row({ model: "a" }, "0.01"));
  expect(sumOf(rows, measures.cost)).toBe("1500.00");
});

test("the period before lies above this one, and is no part of its sum", () => {
  const rows = [row({ day: "2026-11-01", model: "a" }, "2"), row({ day: "2026-11-01", model: "b" }, "1")];
  const before = [row({ day: "2026-10-30" }, "5")];
  const picture = timePicture({ ...drawn, rows, before });
  expect(picture.series.at(-1)).toMatchObject({ name: beforeNames.ofGroups, values: [null, "5", null], dashed: true });
  expect(timeTable(picture, measures.cost, writingOf(measures.cost, "USD")).rows[0]?.["sum"]).toBe("$3.00");
});

test("an hour that comes twice when clocks go back has one place with both", () => {
  const day = resolvePeriod({ from: "2026-10-25", to: "2026-10-25" }, "2026-11-21", "Europe/Berlin");
  const rows = [row({ hour: "2026-10-25T02:00:00+02:00" }, "1.1"), row({ hour: "2026-10-25T02:00:00+01:00" }, "2.2")];
  const picture = timePicture({ ...drawn, rows, by: [], period: day });
  expect(hoursOf(day)).toHaveLength(24);
  expect(picture.series[0]?.values[2]).toBe("3.3");
  const { cells } = hourMap(rows, measures.cost, "USD");
  expect([cells[6]?.[2], cells[0]?.[2]]).toEqual(["3.3", null]);
});

test("a flow keeps its sums from level to level, whatever the values are called", () => {
  const rows = [
    row({ project: "x", model: "x" }, "3"),
    row({ project: null, model: "x" }, "2"),
    row({ project: "x", model: "y" }, "-1"),
  ];
  const { nodes, links } = flowOf(rows, ["project", "model"], measures.cost, "USD");
  expect(nodes.map(({ name, level, value }) => [name, level, value])).toEqual([
    ["x", 0, "3"],
    ["(none)", 0, "2"],
    ["x", 1, "5"],
  ]);
  expect(links.map(({ source, target, value }) => [source.name, target.name, value])).toEqual([
    ["x", "x", "3"],
    ["(none)", "x", "2"],
  ]);
  const flows = [["model"], ["project"], [], ["user", "project"]].map((by) => dimensionsFor("flow", by));
  expect(flows).toEqual([
    ["project", "model"],
    ["project", "model"],
    ["project", "model"],
    ["user", "project"],
  ]);
  expect(dimensionsFor("bar", ["project"])).toEqual(["project"]);
});

test("no colour of a flow means two things, however many values its levels have", () => {
  const theme = { series: ["red", "green", "blue", "brown"], muted: "grey" } as unknown as ChartTheme;
  const rows = [..."abc"].map((name, at) => row({ project: name, user: name, model: name }, String(9 - at)));
  const nodesOf = (by: readonly string[]) => flowColors(flowOf(rows, by, measures.cost, "USD"), theme);
  const told = (by: readonly string[]) => [...nodesOf(by)].map(([{ name, level }, color]) => [name, level, color]);
  expect(told(["project", "model"])).toEqual([
    ["a", 0, "red"],
    ["b", 0, "green"],
    ["c", 0, "blue"],
  ]);
  expect(told(["project", "user", "model"])).toEqual([
    ["a", 0, "red"],
    ["a", 1, "green"],
    ["b", 0, "blue"],
    ["b", 1, "brown"],
  ]);
});

test("what is picked narrows the filters: one value of a field, one of a tag's key, and none where there is no value", () => {
  expect(
    narrowed({ model: ["a", "b"], tags: ["team:x", "env"] }, [
      { dimension: "model", value: "c" },
      { dimension: "tag:team", value: "y" },
      { dimension: "user", value: null },
    ]),
  ).toEqual({ model: ["c"], tags: ["env", "team:y"] });
});

test("dimensions of an address that are none are passed over", () => {
  const field = dimensionsField(["model"]);
  expect(field.read("user,<b>,tag:a%2Cb,user,region,provider")).toEqual(["user", "tag:a,b", "region"]);
  expect(field.read(null)).toEqual(["model"]);
  expect(field.read("")).toEqual([]);
  expect(field.unread?.("user,<b>,tag:a%2Cb,region,provider")).toEqual(["<b>", "provider"]);
  expect(field.unread?.("")).toEqual([]);
});

test("tiles are redrawn at once: their own movement would lay the headings of what goes over one another", () => {
  const theme = { series: ["#0b7285"], muted: "#999999", text: "#000000", line: "#cccccc", ground: "#ffffff" };
  const tree = groupTree([row({ model: "a" }, "1")], ["model"], measures.cost, "USD");
  const option = tilesOption(tree, "1", "Cost", writingOf(measures.cost, "USD"), theme as unknown as ChartTheme);
  expect(option["series"]).toMatchObject([{ type: "treemap", animation: false }]);
});

test("the question for a terminal says the same, and is none where it could not", () => {
  expect(commandOf(period, { model: ["gpt-4o"], tags: ["team:it's"] }, ["apiKey", "tag:team"])).toBe(
    "cost-ops query --from 2026-11-01 --to 2026-11-03 --timezone Europe/Berlin --model gpt-4o --tag 'team:it'\\''s' --group-by 'api_key,tag:team'",
  );
  expect(commandOf(period, { model: ["a,b"] }, [])).toBeUndefined();
});

test("the days of a week stay within the period", () => {
  const year = resolvePeriod({ from: "2026-01-01", to: "2026-11-18" }, "2026-11-21", "UTC");
  expect(daysOf(year, "2025-12-29", "2025-12-29")).toEqual({ startDate: "2026-01-01", endDate: "2026-01-04" });
  expect(daysOf(year, "2026-11-16", "2026-11-16").endDate).toBe("2026-11-18");
});

test("a tint lies between its colour and the ground", () => {
  expect(tinted("#000000", "#ffffff", 0.5)).toBe("#808080");
});

test("hours of the week are told in words, and a click adds one or lets it go", () => {
  const words = [
    ["mon 09", "Mondays 09:00 to 10:00"],
    ["mon-fri 09-18", "Monday to Friday 09:00 to 18:00"],
    ["sat", "Saturdays"],
    ["22-24", "Every day 22:00 to 24:00"],
    ["sun-mon 00", "Sunday to Monday 00:00 to 01:00"],
    ["<b>mon</b>", "<b>mon</b>"],
  ] as const;
  for (const [term, text] of words) expect(hoursWords(term)).toBe(text);
  const model = { model: ["a"] };
  const one = toggledHour(model, 9);
  expect(one).toEqual({ ...model, hours: ["mon 09"] });
  const three = toggledHour(toggledHour(one, 10), 33);
  expect(three).toEqual({ ...model, hours: ["mon 09-11", "tue 09"] });
  expect([9, 10, 33].reduce(toggledHour, three)).toEqual(model);
  expect(addedHours(one, "mon-fri 09-11")).toEqual({ ...model, hours: ["mon-fri 09-11"] });
  expect(toggledHour({ hours: ["mon-fri 09-11"] }, 24 + 10)).toEqual({
    hours: ["mon 09-11", "wed-fri 09-11", "tue 09"],
  });
  expect(commandOf(period, one, [])).toContain("--hours 'mon 09'");
});
