import type { CostOpsClient } from "@llm-cost-ops/sdk";
import { MutationObserver, QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { actOptions } from "./ask.ts";

const keys = [
  ["acme", "budgets", "list"],
  ["acme", "budgets", "one", "b1"],
  ["acme", "alerts"],
  ["acme", "costs"],
  ["umbrella", "budgets", "list"],
];

/** Does something about budgets and alerts, and says which answers are asked again. */
async function stale(act: (client: CostOpsClient, input: string) => Promise<string>): Promise<readonly string[]> {
  const queries = new QueryClient();
  for (const key of keys) queries.setQueryData(key, "an answer");
  const session = { client: {} as CostOpsClient, organizationId: "acme" };
  const change = new MutationObserver(queries, actOptions(act, ["budgets", "alerts"], session, queries));
  await change.mutate("b1").catch(() => undefined);
  return keys.filter((key) => queries.getQueryState(key)?.isInvalidated).map((key) => key.join(" "));
}

test("what was changed is asked again, with all that is about it, in this organization alone", async () => {
  const done: string[] = [];
  const act = async (_client: CostOpsClient, input: string) => {
    done.push(input);
    return input;
  };
  expect(await stale(act)).toEqual(["acme budgets list", "acme budgets one b1", "acme alerts"]);
  expect(done).toEqual(["b1"]);
});

test("what could not be changed is not asked again", async () => {
  expect(await stale(() => Promise.reject(new Error("refused")))).toEqual([]);
});
