import type { AggregateResult } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { uncertainShareOf } from "./uncertain-share.ts";

type Row = readonly [status: string | null, currency: string | null, requests: number, cost: string | undefined];

const answer = (rows: readonly Row[], totals: readonly (readonly [string | null, number, string | undefined])[]) =>
  ({
    data: rows.map(([usageStatus, currency, totalRequests, totalCostExact]) => ({
      usageStatus,
      currency,
      totalRequests,
      totalCostExact,
    })),
    totals: totals.map(([currency, totalRequests, totalCostExact]) => ({ currency, totalRequests, totalCostExact })),
  }) as unknown as AggregateResult;

test("what is estimated or partial is counted over all currencies, and its money in each by itself, exactly", () => {
  const share = uncertainShareOf(
    answer(
      [
        ["reported", "USD", 90, "9"],
        ["partial", "USD", 3, "0.100000000001"],
        ["estimated", "USD", 4, "0.2"],
        ["partial", "EUR", 1, "5"],
        ["partial", null, 2, undefined],
        ["reported", "JPY", 5, "700"],
        [null, "USD", 10, "1"],
      ],
      [
        ["USD", 107, "10.300000000001"],
        ["EUR", 1, "5"],
        ["JPY", 5, "700"],
        [null, 2, undefined],
      ],
    ),
  );
  expect(share).toEqual({
    words: "estimated or partial",
    requests: 10,
    allRequests: 115,
    spent: [
      { currency: "USD", cost: "0.300000000001", allCost: "10.300000000001" },
      { currency: "EUR", cost: "5", allCost: "5" },
    ],
  });
});

test("only what is there is named, and where nothing is, nothing is said", () => {
  expect(uncertainShareOf(answer([["partial", "USD", 1, "1"]], [["USD", 1, "1"]]))?.words).toBe("partial");
  expect(
    uncertainShareOf(
      answer(
        [
          ["reported", "USD", 5, "1"],
          ["void", null, 2, undefined],
        ],
        [["USD", 5, "1"]],
      ),
    ),
  ).toBe(undefined);
  // Voided since: its counts are taken back.
  expect(uncertainShareOf(answer([["partial", "USD", 0, "0"]], [["USD", 0, "0"]]))).toBe(undefined);
});
