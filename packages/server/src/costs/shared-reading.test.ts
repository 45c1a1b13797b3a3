import { limits } from "@llm-cost-ops/contract/limits";
import { expect, test } from "vitest";
import type { SummedRow } from "./answer-rows.ts";
import { noFilter } from "./arbitrary-question-fixture.ts";
import { always } from "./cost-filter.ts";
import { GroupCollector } from "./group-collector.ts";
import type { GroupQuestion, SumPlan } from "./group-sums.ts";
import { readingsOf, SumsTogether } from "./shared-reading.ts";

const question: GroupQuestion = { period: { ...always, zone: "UTC" }, filter: noFilter, groupBy: ["user"] };
const row: SummedRow = { values: ["ana"], currency: null, bucket: 0, sums: [] };

/** Adds up what so many equal questions of so many rows each read, and says how many of them were made. */
function answered(questions: number, rowsOfEach: number) {
  let made = 0;
  const series = { groupOfSeries: new Int32Array(), unpriced: new Uint8Array(), groups: [] };
  const collector = (): GroupCollector => new GroupCollector(series, 1, true);
  const rows = (): readonly SummedRow[] => {
    made += 1;
    return new Array(rowsOfEach).fill(row);
  };
  const planOf = () => ({ series, bounds: [0, 1], collector, rows }) as Partial<SumPlan> as SumPlan;
  const sums = new SumsTogether(questions);
  const add = (): void => {
    for (const reading of readingsOf(new Array(questions).fill(question), planOf)) sums.add(reading, collector());
  };
  return { sums, add, made: () => made };
}

test("answers may have as many rows together as one may have alone", () => {
  const { sums, add } = answered(4, limits.groupRows / 4);
  add();
  expect(sums.found.map(({ length }) => length)).toEqual(new Array(4).fill(limits.groupRows / 4));
});

test("more are refused before all of them are made", () => {
  const { add, made } = answered(100, limits.groupRows / 4 + 1);
  expect(add).toThrow(
    expect.objectContaining({
      code: "VALIDATION_ERROR",
      fieldErrors: { filters: `give more than ${limits.groupRows} rows together` },
    }),
  );
  expect(made()).toBe(4);
});
