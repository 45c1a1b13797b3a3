import { expect, test } from "vitest";
import { resolvePeriod } from "../../url-state/period.ts";
import type { GroupSums } from "./explore-questions.ts";
import { groupColumns, groupLines, groupTable } from "./group-lines.tsx";
import { type Measure, measures, type Row } from "./measures.ts";

const row = (model: string, cost: string | null, currency: string | null, tokens: number): Row =>
  ({ model, currency, totalCostExact: cost, totalTokens: tokens, totalRequests: 1 }) as unknown as Row;

const sums = (compare: boolean): GroupSums =>
  ({
    asked: {
      period: resolvePeriod("7d", "2026-11-21", "UTC"),
      filters: {},
      by: ["model"],
      compare,
    },
    now: {
      data: [row("dear", "9", "USD", 1_000), row("cheap", "0.5", "USD", 40_000), row("free?", null, null, 9_000)],
      totals: [row("", "9.5", "USD", 41_000), row("", null, null, 9_000)],
    },
    before: compare ? { data: [row("cheap", "0.25", "USD", 20_000)], totals: [] } : undefined,
  }) as unknown as GroupSums;

const written = (measure: Measure, compare = false): readonly string[][] => {
  const answer = sums(compare);
  const columns = groupColumns(answer.asked, measure).slice(1);
  const lines = groupLines(answer, measure).map((line) => [
    String(line.row["model"]),
    ...columns.slice(0, compare ? 4 : 3).map(({ cell }) => String(cell(line))),
  ]);
  return [columns.slice(0, compare ? 4 : 3).map(({ label }) => label), ...lines];
};

test("the table leads with the measure that is asked for, its share, and is in its order", () => {
  expect(written(measures.tokens)).toEqual([
    ["Tokens", "Share", "Cost"],
    ["cheap", "40,000", "80.0%", "$0.50"],
    ["free?", "9,000", "18.0%", "unpriced"],
    ["dear", "1,000", "2.0%", "$9.00"],
  ]);
  expect(written(measures.cost)).toEqual([
    ["Cost", "Share", "Requests"],
    ["dear", "$9.00", "94.7%", "1"],
    ["cheap", "$0.50", "5.3%", "1"],
    ["free?", "unpriced", "", "1"],
  ]);
});

test("what it was before is of the same measure, and an average has no share", () => {
  expect(written(measures.tokens, true)).toEqual([
    ["Tokens", "Share", "Change", "Before"],
    ["cheap", "40,000", "80.0%", "+100.0%", "20,000"],
    ["free?", "9,000", "18.0%", "new", "–"],
    ["dear", "1,000", "2.0%", "new", "–"],
  ]);
  expect(written(measures.cost, true)[2]).toEqual(["cheap", "$0.50", "5.3%", "+100.0%", "$0.25"]);
  expect(written(measures.average)[0]).toEqual(["Cost per request", "Cost", "Requests"]);
});

test("a file leads with what the table leads with, has every other figure, and what it was before of the same", () => {
  const answer = sums(true);
  const file = (measure: Measure) => groupTable(groupLines(answer, measure), answer.asked, measure);
  const shown = (measure: Measure) => groupColumns(answer.asked, measure)[1]?.label;
  for (const measure of Object.values(measures)) {
    const { columns } = file(measure);
    const labels = columns.map(({ label }) => label);
    expect(labels.slice(0, 4)).toEqual(["Model", "Currency", shown(measure), `${measure.label} before`]);
    expect(labels.slice(2).toSorted()).toEqual(
      [...Object.values(measures).map(({ label }) => label), `${measure.label} before`].toSorted(),
    );
  }
  const cells = ({ rows }: ReturnType<typeof file>) =>
    rows.map(({ cost, before, tokens }) => [cost, before, tokens].join(" | "));
  expect(cells(file(measures.tokens))).toEqual(["0.5 | 20000 | 40000", " |  | 9000", "9 |  | 1000"]);
  expect(cells(file(measures.cost))).toEqual(["9 |  | 1000", "0.5 | 0.25 | 40000", " |  | 9000"]);
});

test("what stands for other groups is no group of the table", () => {
  const answer = sums(false);
  const others = { ...row("", "0.5", "USD", 7), model: null, otherGroups: 3 } as unknown as Row;
  const withOthers = { ...answer, now: { ...answer.now, data: [...answer.now.data, others] } } as GroupSums;
  expect(groupLines(withOthers, measures.tokens)).toEqual(groupLines(answer, measures.tokens));
});
