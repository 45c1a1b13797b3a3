import { type AggregateResult, APIError, type CostOpsClient, NetworkError } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { type SumsQuestion, sumsTogether } from "./sums-together.ts";

const refused = new APIError("too many groups", { code: "VALIDATION_ERROR", statusCode: 400 });

/** A server that says what it was asked; `failing` fails where several are asked for, and `wrong` also alone. */
function asking(failing?: Error) {
  const asked: string[] = [];
  const signals: AbortSignal[] = [];
  const nameOf = ({ groupBy = [] }: SumsQuestion): string => groupBy.join();
  const sumsOf = (question: SumsQuestion) => ({ groupBy: [nameOf(question)] }) as unknown as AggregateResult;
  const costs = {
    aggregate: async (question: SumsQuestion) => {
      asked.push(nameOf(question));
      if (nameOf(question) === "wrong") throw refused;
      return sumsOf(question);
    },
    batchQuery: async ({ filters }: { filters: SumsQuestion[] }, { signal }: { signal: AbortSignal }) => {
      asked.push(filters.map(nameOf).join(" + "));
      signals.push(signal);
      if (failing !== undefined) throw failing;
      return filters.map(sumsOf);
    },
  } as unknown as CostOpsClient["costs"];
  const ask = sumsTogether({ costs });
  const given = new AbortController();
  return {
    asked,
    signals,
    ask: (name: string, signal = given.signal) => ask({ groupBy: [name] }, { signal }).then((sums) => sums.groupBy),
  };
}

test("what is asked for at one moment is one request, and each gets its own answer; what is asked for alone goes alone", async () => {
  const { ask, asked } = asking();
  expect(await Promise.all([ask("model"), ask("day")])).toEqual([["model"], ["day"]]);
  expect(await ask("user")).toEqual(["user"]);
  expect(asked).toEqual(["model + day", "user"]);
});

test("where all are refused each is asked for by itself, and the wrong one alone has no answer", async () => {
  const { ask, asked } = asking(refused);
  const [model, wrong] = await Promise.allSettled([ask("model"), ask("wrong")]);
  expect(model).toMatchObject({ status: "fulfilled", value: ["model"] });
  expect(wrong).toMatchObject({ status: "rejected", reason: refused });
  expect(asked).toEqual(["model + wrong", "model", "wrong"]);
});

test.each([
  ["is away", new NetworkError("no answer")],
  ["is asked too often", new APIError("slower", { code: "RATE_LIMITED", statusCode: 429 })],
])("a server that %s is not asked again for each", async (_, failing) => {
  const { ask, asked } = asking(failing);
  const both = await Promise.allSettled([ask("model"), ask("day")]);
  expect(both.map((one) => (one as PromiseRejectedResult).reason)).toEqual([failing, failing]);
  expect(asked).toEqual(["model + day"]);
});

test("a request is given up when nobody waits for any of it", async () => {
  const { ask, signals } = asking();
  const [one, other] = [new AbortController(), new AbortController()];
  await Promise.all([ask("model", one.signal), ask("day", other.signal)]);
  one.abort();
  expect(signals[0]?.aborted).toBe(false);
  other.abort();
  expect(signals[0]?.aborted).toBe(true);
});
