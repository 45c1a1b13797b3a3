import { expect, test } from "vitest";
import { drawFlow, drawTiles } from "./draw.ts";
import type { GroupSums } from "./explore-questions.ts";
import { measures, type Row, writingOf } from "./measures.ts";

const row = (project: string, model: string, saved: string) =>
  ({ project, model, currency: "USD", cacheSavingsExact: saved, totalCostExact: "1" }) as unknown as Row;

const sums = (...rows: readonly Row[]) =>
  ({
    asked: { by: ["project", "model"], period: { startDate: "2026-11-01", endDate: "2026-11-07" } },
    now: { data: rows, totals: rows },
  }) as unknown as GroupSums;

const look = (id: "saved" | "cost" | "average") => ({
  measure: measures[id],
  currency: "USD",
  writing: writingOf(measures[id], "USD"),
});

test("a picture of areas or widths says that it leaves out what is below zero", () => {
  const both = sums(row("a", "x", "0.5"), row("b", "y", "-0.25"));
  for (const draw of [drawTiles, drawFlow]) {
    expect(draw(both, look("saved")).note).toBe("What is below zero cannot be drawn so: the table below has it.");
    expect(draw(both, look("cost")).note).toBeUndefined();
    expect(draw(both, look("average")).note).toBe("Averages of parts do not add up: the table below has them.");
    expect(draw(sums(row("a", "x", "0.5")), look("saved")).note).toBeUndefined();
  }
  expect(drawTiles(both, look("saved")).table.rows).toMatchObject([{ d0: "a", value: "$0.50" }]);
});
