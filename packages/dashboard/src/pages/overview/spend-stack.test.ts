import type { AggregateResult } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { sumDecimals } from "../../format/decimal.ts";
import { resolvePeriod } from "../../url-state/period.ts";
import { stackOf, tableOf } from "./spend-stack.ts";

const period = resolvePeriod({ from: "2026-11-01", to: "2026-11-03" }, "2026-11-03", "UTC");
const row = (day: string, model: string | null, cost: string, currency: string | null = "USD") =>
  ({
    day,
    model,
    currency,
    totalCost: Number(cost),
    totalCostExact: cost,
  }) as unknown as AggregateResult["data"][number];
const result = (data: AggregateResult["data"], groupBy = ["day", "model"]): AggregateResult =>
  ({ data, totals: [], range: { start: "", end: "", timezone: "UTC" }, groupBy }) as unknown as AggregateResult;

test("every day has its place, unknown stays unknown, and the other currency is in another picture", () => {
  const stack = stackOf(
    result([
      row("2026-11-01", "a", "1.000000000001"),
      row("2026-11-03", "a", "2"),
      row("2026-11-03", null, "-0.5"),
      row("2026-11-02", "b", "9", "EUR"),
    ]),
    "model",
    period,
    "USD",
  );
  expect(stack.labels).toEqual(["1 Nov", "2 Nov", "3 Nov"]);
  expect(stack.series.map(({ name, values }) => [name, values])).toEqual([
    ["a", ["1.000000000001", null, "2"]],
    ["(none)", [null, null, "-0.5"]],
  ]);
  expect(stack.total).toBe("2.500000000001");
  expect(tableOf(stack, "USD").rows[2]).toEqual({ time: "2026-11-03", s0: "$2.00", s1: "−$0.50", sum: "$1.50" });
});

test("ten thousand models are nine series whose sum is the sum", () => {
  const rows = Array.from({ length: 10_000 }, (_, at) => row("2026-11-02", `model-${at}`, `${at}.01`));
  const stack = stackOf(result(rows), "model", period, "USD");
  expect(stack.series).toHaveLength(9);
  expect(stack.series[0]?.name).toBe("model-9999");
  expect(sumDecimals(stack.series.map(({ total }) => total))).toBe(stack.total);
});

test("where the models of each day were too many for an answer, their sum is one series", () => {
  const stack = stackOf(result([row("2026-11-02", null, "7.5")], ["day"]), "model", period, "USD");
  expect(stack.series.map(({ name, total }) => [name, total])).toEqual([["All", "7.5"]]);
});

test("what the server summed up is among the others, and in the sum", () => {
  const own = Array.from({ length: 9 }, (_, at) => row("2026-11-02", `model-${at}`, `${at + 1}.5`));
  const summed = { ...row("2026-11-02", null, "0.25"), otherGroups: 40 } as unknown as AggregateResult["data"][number];
  const stack = stackOf(result([...own, summed]), "model", period, "USD");
  expect(stack.series.map(({ name }) => name)).toEqual([
    ...[8, 7, 6, 5, 4, 3, 2, 1].map((at) => `model-${at}`),
    "Others",
  ]);
  expect([stack.series.at(-1)?.total, stack.total]).toEqual(["1.75", "49.75"]);
});
