import { expect, test, vi } from "vitest";
import { Refusal } from "../refusal.ts";
import { askedTogether } from "./asked-together.ts";
import { always } from "./cost-filter.ts";
import type { AggregateAnswer, AggregateQuestion, CostQuery } from "./cost-query.ts";

const about = (model: string): AggregateQuestion => ({
  period: { ...always, zone: "UTC" },
  filter: { dimensions: {}, tags: [], models: [model] },
  groupBy: [],
  metrics: ["sum"],
});
const answerOf = (organizationId: string, { filter }: AggregateQuestion): AggregateAnswer => ({
  rows: [{ model: `${organizationId} ${filter.models?.[0]}`, currency: null }],
  totals: [],
});

/** A ledger that refuses to answer about `bad`. */
function ledger(refusal = new Refusal("COST_002", "no")) {
  const answer = (organizationId: string, question: AggregateQuestion): AggregateAnswer => {
    if (question.filter.models?.[0] === "bad") throw refusal;
    return answerOf(organizationId, question);
  };
  const aggregate = vi.fn(async (organizationId: string, question: AggregateQuestion) =>
    answer(organizationId, question),
  );
  const aggregateAll = vi.fn(async (organizationId: string, questions: readonly AggregateQuestion[]) =>
    questions.map((question) => answer(organizationId, question)),
  );
  return {
    aggregate,
    aggregateAll,
    query: askedTogether({ aggregate, aggregateAll } as Partial<CostQuery> as CostQuery),
  };
}

test("what is asked in one turn goes to the ledger as one, a hundred at most, each organization by itself", async () => {
  const { aggregate, aggregateAll, query } = ledger();
  const asked = Array.from({ length: 250 }, (_, at) => [at % 25 === 0 ? "b" : "a", about(`m${at}`)] as const);
  const answers = await Promise.all(asked.map(([of, question]) => query.aggregate(of, question)));
  expect(answers).toEqual(asked.map(([of, question]) => answerOf(of, question)));
  expect(aggregateAll.mock.calls.map(([of, questions]) => `${of} ${questions.length}`)).toEqual([
    "b 10",
    "a 100",
    "a 100",
    "a 40",
  ]);
  expect(await query.aggregate("a", about("alone"))).toEqual(answerOf("a", about("alone")));
  expect(aggregate).toHaveBeenCalledTimes(1);
});

test("one that is refused takes nobody else's answer away", async () => {
  const { query } = ledger();
  const [good, bad, better] = await Promise.allSettled(
    ["good", "bad", "better"].map((model) => query.aggregate("a", about(model))),
  );
  expect(good).toEqual({ status: "fulfilled", value: answerOf("a", about("good")) });
  expect(bad).toMatchObject({ status: "rejected", reason: { code: "COST_002" } });
  expect(better).toEqual({ status: "fulfilled", value: answerOf("a", about("better")) });
});

test("a ledger that is away is asked once", async () => {
  const { aggregate, aggregateAll, query } = ledger(new Refusal("UNAVAILABLE", "away"));
  const found = await Promise.allSettled(["bad", "good"].map((model) => query.aggregate("a", about(model))));
  expect(found).toMatchObject([{ reason: { code: "UNAVAILABLE" } }, { reason: { code: "UNAVAILABLE" } }]);
  expect(aggregateAll).toHaveBeenCalledTimes(1);
  expect(aggregate).not.toHaveBeenCalled();
});
