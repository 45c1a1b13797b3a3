import type { AggregateResult, View } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { headlineOf, questionOf } from "./pinned-sums.ts";

const viewOf = (state: string): View => ({ id: "view_1", name: "V", page: "explore", state }) as View;
const row = (day: string, currency: string | null, cost: string, requests: number) => ({
  day,
  currency,
  totalCostExact: cost,
  totalRequests: requests,
});
const result = {
  data: [
    row("2026-11-20", "USD", "0.1", 1),
    row("2026-11-21", "USD", "0.2", 2),
    row("2026-11-21", "EUR", "7", 4),
    row("2026-11-21", null, "0", 8),
  ],
  totals: [
    { currency: "USD", totalCostExact: "0.3", totalRequests: 3 },
    { currency: "EUR", totalCostExact: "7", totalRequests: 4 },
    { currency: null, totalRequests: 8 },
  ],
} as unknown as AggregateResult;

const headline = (state: string) => headlineOf(questionOf(viewOf(state), "2026-11-21", "UTC"), result);

test("the figure of a card is exact, of one currency, and has a place for each day", () => {
  expect(headline("period=2026-11-19..2026-11-21")).toEqual({
    currency: "USD",
    total: "0.3",
    values: [null, "0.1", "0.2"],
  });
  expect(headline("period=2026-11-19..2026-11-21&cur=EUR")).toMatchObject({ currency: "EUR", total: "7" });
});

test("a count is of all currencies and of what has no price", () => {
  expect(headline("period=2026-11-19..2026-11-21&m=requests")).toMatchObject({
    total: "15",
    values: [null, "1", "14"],
  });
});

test("the days of a preset are those of today, and what an address says in vain is the default", () => {
  expect(questionOf(viewOf("period=7d"), "2026-11-21", "UTC").period.startDate).toBe("2026-11-15");
  expect(questionOf(viewOf("period=never&m=nothing"), "2026-11-21", "UTC")).toMatchObject({
    measure: { id: "cost" },
    period: { days: 30 },
  });
});
