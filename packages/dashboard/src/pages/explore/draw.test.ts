import { expect, test } from "vitest";
import { resolvePeriod } from "../../url-state/period.ts";
import { drawFlow, drawTiles } from "./draw.ts";
import { drawTime } from "./draw-time.ts";
import type { GroupSums, TimeSums } from "./explore-questions.ts";
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

test("where the groups of each day were too many for an answer, their sum is one series, and that is said", () => {
  const period = resolvePeriod({ from: "2026-11-01", to: "2026-11-02" }, "2026-11-21", "UTC");
  const rows = [{ hour: "2026-11-02T07:00:00Z", currency: "USD", totalCostExact: "7.5" }];
  const times = { asked: { period, by: ["user"] }, by: [], now: { data: rows, totals: rows }, before: undefined };
  const { table, note, summary } = drawTime(times as unknown as TimeSums, "bar", look("cost"));
  expect(table.columns.map(({ label }) => label)).toEqual(["Time", "All"]);
  expect([table.rows.length, table.rows[31]]).toEqual([48, { time: "2026-11-02 07", s0: "$7.50" }]);
  expect(note).toBe("There are too many groups to draw each over time, so this is their sum.");
  expect(summary).toBe("$7.50 from 1 Nov 2026 to 2 Nov 2026.");
});
