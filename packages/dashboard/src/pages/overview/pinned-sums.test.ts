import type { AggregateResult, CostOpsClient, View } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { headlineOf, pinnedSums, questionOf } from "./pinned-sums.ts";

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
  expect(headline("period=2026-11-19..2026-11-21&cur=USD")).toEqual({
    currency: "USD",
    total: "0.3",
    values: [null, "0.1", "0.2"],
  });
  // Unless one is named, that of most calls.
  expect(headline("period=2026-11-19..2026-11-21")).toMatchObject({ currency: "EUR", total: "7" });
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

/** A server that answers each question with its model, and refuses one; as a whole where they are asked together. */
function clientOf(refused: string, error: unknown) {
  const asked: string[] = [];
  const answer = ({ model }: { readonly model?: readonly string[] }) => {
    if (model?.includes(refused) === true) throw error;
    return { ...result, groupBy: model };
  };
  const costs = {
    batchQuery: async ({ filters, groupBy }: { filters: readonly object[]; groupBy: readonly string[] }) => {
      asked.push(`${filters.length} by ${groupBy}`);
      return filters.map(answer);
    },
    aggregate: async (params: object) => {
      asked.push("one");
      return answer(params);
    },
  };
  return { asked, client: { costs } as unknown as CostOpsClient };
}
const questions = [
  ["view_a", "period=7d&f=model%3Aa"],
  ["view_b", "period=7d&f=model%3Ab"],
  ["view_c", "period=today&f=model%3Ac"],
].map(([id, state = ""]) => questionOf({ ...viewOf(state), id } as View, "2026-11-21", "UTC"));
const options = { signal: new AbortController().signal };
const models = (sums: Awaited<ReturnType<typeof pinnedSums>>) =>
  [...sums].map(([id, found]) => [id, found?.groupBy?.join() ?? null]);

test("views of the same stretch of time are one question", async () => {
  const { asked, client } = clientOf("", undefined);
  expect(models(await pinnedSums(client, questions, options))).toEqual([
    ["view_a", "a"],
    ["view_b", "b"],
    ["view_c", "c"],
  ]);
  expect(asked).toEqual(["2 by day", "1 by hour"]);
});

test("a view that the server refuses takes no other with it; what is no fault of a view is told", async () => {
  const refusal = Object.assign(new Error("no such field"), { fieldErrors: { model: "is none" } });
  expect(models(await pinnedSums(clientOf("b", refusal).client, questions, options))).toEqual([
    ["view_a", "a"],
    ["view_b", null],
    ["view_c", "c"],
  ]);
  const away = new Error("away");
  await expect(pinnedSums(clientOf("b", away).client, questions, options)).rejects.toBe(away);
});
