/** Limits in tokens and money, and budgets within budgets, from the terminal. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Started, workplace } from "./cost-ops.ts";

const place = workplace();
let server: Started;
let url: string;
let key: string;

/** What the server has, without the time that a command takes to start. */
async function dataOf(path: string, as = key) {
  const response = await fetch(`${url}/api/v1${path}`, { headers: { authorization: `Bearer ${as}` } });
  return ((await response.json()) as { data: unknown }).data;
}
const onServer = (...args: string[]) => place.ok(args, { env: { COST_OPS_API_URL: url, COST_OPS_API_KEY: key } });

beforeAll(async () => {
  key = (await place.ok(["init"])).trim();
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

test("an organization's limits are set, counted by the command that records, shown and taken away", async () => {
  const given = ["--tokens-per-day", "1000", "--cost-per-hour", "2.5"];
  const said = await place.ok(["organizations", "set-limits", "default", ...given]);
  expect(said).toBe("default may reserve 2.5 USD in any hour, 1000 tokens in any day.\n");
  const call = ["--provider", "openai", "--model", "gpt-4o", "--input-tokens", "1000", "--output-tokens", "500"];
  await place.ok(["ingest", ...call]);
  expect(await place.ok(["auth", "limits"])).toMatch(/organization-tokens-per-day +1,000 +1,500 +-500/);
  expect(await dataOf("/limits")).toMatchObject([
    { name: "organization-cost-per-hour", amount: "2.5", spent: "0.0075", remaining: "2.4925", currency: "USD" },
    { name: "organization-tokens-per-day", amount: "1000", spent: "1500", remaining: "-500", currency: null },
  ]);
  expect(await onServer("organizations", "set-limits", "default")).toBe("default has no limits in tokens and money.\n");
  expect(await dataOf("/organizations/default")).toMatchObject({ settings: {} });
});

test("a key is made with limits, which are changed and taken away", async () => {
  const made = ["auth", "create-api-key", "--name", "limited", "--cost-per-day", "0.5", "--limit-currency", "EUR"];
  const own = (await onServer(...made)).trim();
  const isOfKey = ({ name }: { name: string }): boolean => name.startsWith("key-");
  const limits = async () => ((await dataOf("/limits", own)) as { name: string }[]).filter(isOfKey);
  expect(await limits()).toMatchObject([{ name: "key-cost-per-day", amount: "0.5", currency: "EUR", spent: "0" }]);
  const keys = (await dataOf("/api-keys")) as { id: string; name: string }[];
  const { id = "" } = keys.find(({ name }) => name === "limited") ?? {};
  const change = (...flags: string[]) => onServer("auth", "set-api-key-limits", id, ...flags);
  expect(await change("--tokens-per-minute", "9")).toBe(`${id} may reserve 9 tokens in any minute.\n`);
  expect(await limits()).toMatchObject([{ name: "key-tokens-per-minute", amount: "9" }]);
  expect(await change()).toBe(`${id} has no limits in tokens and money.\n`);
  expect(await limits()).toEqual([]);
});

test("budgets are made parts of others, share amounts by transfers and are taken out", async () => {
  const budgetOf = async (wanted: string) => {
    const budgets = (await dataOf("/budgets")) as { id: string; name: string; parent_id: string | null }[];
    return budgets.find(({ name }) => name === wanted);
  };
  const scope = ["--project", "nothing"];
  await place.ok(["budget", "create", "--name", "whole", "--amount", "10", ...scope]);
  await place.ok(["budget", "create", "--name", "left", "--amount", "6", "--parent", "whole", ...scope]);
  await place.ok(["budget", "create", "--name", "right", "--amount", "2.5", "--parent", "whole", ...scope]);
  const moved = ["budget", "transfer", "left", "right", "--amount", "0.000000000001", "--reason", "a hair"];
  expect(await onServer(...moved)).toMatch(/^left: .*\nright: /);
  const right = await budgetOf("right");
  expect(await dataOf(`/budgets/${right?.id}/history`)).toMatchObject([
    {
      after: { amount: "2.500000000001" },
      reason: "a hair",
      transfer: { direction: "from", amount: "0.000000000001" },
    },
  ]);
  const tooMuch = await place.run(["budget", "transfer", "left", "right", "--amount", "100"]);
  expect([tooMuch.code === 0, tooMuch.stderr]).toEqual([false, expect.stringContaining("amount")]);
  await place.ok(["budget", "update", "left", "--description", "still a part"]);
  expect((await budgetOf("left"))?.parent_id).toBe((await budgetOf("whole"))?.id);
  await place.ok(["budget", "update", "left", "--no-parent"]);
  expect((await budgetOf("left"))?.parent_id).toBe(null);
});
