import type { Budget, Reservation, Settlement, UsageRecord } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

let server: PeopleServer;
let key: string;
beforeAll(async () => {
  const folder = temporaryFolder();
  server = await startPeopleServer(await newDatabase(folder.path), folder);
  const { data } = await server.ask(server.adminKey, "POST", "/organizations", { name: "Acme" });
  key = (data as unknown as { readonly api_key: { readonly key: string } }).api_key.key;
  const multipliers = [
    { service_tier: "priority", factor: "2" },
    { service_tier: "batch", factor: "0.5" },
  ];
  const price = { provider: "openai", model: "even", input_price_per_million: "1", output_price_per_million: "4" };
  dataOf(await ask("POST", "/pricing", { ...price, multipliers }), 201);
}, 120_000);
afterAll(() => server.close());

const ask = (method: string, path: string, body?: unknown): Promise<Answer> => server.ask(key, method, path, body);
const dataOf = <T>({ status, text, data }: Answer, expected: number): T => {
  expect([status, text]).toEqual([expected, expect.any(String)]);
  return data as unknown as T;
};
const reserve = async (body: object): Promise<Reservation> =>
  dataOf(await ask("POST", "/budgets/reservations", body), 201);
const settle = async (id: string, body: object): Promise<UsageRecord> =>
  dataOf<Settlement["data"]>(await ask("POST", `/budgets/reservations/${id}/settle`, body), 200).record;
let made = 0;
const hardBudget = async (body: object): Promise<Budget> => {
  made += 1;
  const terms = { name: `budget ${made}`, amount: "1", period: { kind: "month" }, enforcement: "hard" };
  return dataOf(await ask("POST", "/budgets", { ...terms, ...body }), 201);
};
const call = { provider: "openai", model: "even", input_tokens: 1_000, max_output_tokens: 500 };
const used = { input_tokens: 1_000, output_tokens: 100 };

describe("a settlement", () => {
  it("that says null of the labels is the budget's all the same", async () => {
    const scope = { user_id: ["ann"], project_id: ["search"], tags: ["case:null"] };
    const budget = await hardBudget({ scope });
    const labels = { user_id: "ann", project_id: "search", tags: ["case:null"] };
    const nothing = { user_id: null, project_id: null, tags: null, service_tier: null, region: null, metadata: null };
    const { id } = await reserve({ ...call, ...labels });
    expect(await settle(id, { usage: { ...used, ...nothing } })).toMatchObject({
      user_id: "ann",
      project_id: "search",
      tags: { case: "null" },
      total_cost: "0.0014",
    });
    const { id: other } = await reserve({ ...call, ...labels });
    expect(await settle(other, { cost: { amount: "0.01" } })).toMatchObject({ user_id: "ann", tags: { case: "null" } });
    await expect
      .poll(async () => dataOf(await ask("GET", `/budgets/${budget.id}/status`), 200))
      .toMatchObject({ spent: "0.0114", reserved: "0" });
  });

  const chat = { prompt_tokens: 1_000, completion_tokens: 100 };
  it.each([
    ["priority", used, "priority", "0.0028"],
    ["priority", { ...used, service_tier: null }, "priority", "0.0028"],
    ["priority", { ...used, service_tier: "default" }, "standard", "0.0014"],
    ["priority", { usage: chat }, "priority", "0.0028"],
    ["priority", { usage: { service_tier: "default", usage: chat } }, "standard", "0.0014"],
    [undefined, { usage: { service_tier: "priority", usage: chat } }, "priority", "0.0028"],
    ["batch", { usage: { service_tier: "default", usage: chat } }, "batch", "0.0007"],
    ["batch", { ...used, service_tier: "priority" }, "priority", "0.0028"],
    [undefined, used, "standard", "0.0014"],
  ])("of a call reserved at the tier %s with %j is at %s", async (service_tier, usage, tier, total_cost) => {
    const { id } = await reserve({ ...call, service_tier });
    expect(await settle(id, { usage })).toMatchObject({ service_tier: tier, total_cost });
  });

  it("with a cost is in the reservation's currency, unless it names another", async () => {
    const tags = ["case:euros"];
    const budget = await hardBudget({ amount: "5", currency: "EUR", scope: { tags } });
    const cost = { amount: "1.5" };
    const { id } = await reserve({ amount: "2", currency: "EUR", tags });
    expect(await settle(id, { cost })).toMatchObject({ currency: "EUR", total_cost: "1.5" });
    const { id: other } = await reserve({ amount: "2", currency: "EUR", tags });
    expect(await settle(other, { cost: { ...cost, currency: "CHF" } })).toMatchObject({ currency: "CHF" });
    const { id: unpriced } = await reserve({ model: "unknown", input_tokens: 1, max_output_tokens: 1, tags: [] });
    expect(await settle(unpriced, { cost })).toMatchObject({ currency: "USD" });
    await expect
      .poll(async () => dataOf(await ask("GET", `/budgets/${budget.id}/status`), 200))
      .toMatchObject({ spent: "1.5", reserved: "0" });
  });

  it("with a cost counts the tokens that it tells, in budgets in tokens", async () => {
    const labels = { tags: ["case:tokens"], service_tier: "flex" };
    const budget = await hardBudget({ amount: undefined, tokens: 5_000, scope: { tags: labels.tags } });
    const { id } = await reserve({ amount: "0.5", input_tokens: 1_000, max_output_tokens: 500, ...labels });
    const cost = { amount: "0.5", input_tokens: 1_000, output_tokens: 500 };
    expect(await settle(id, { cost })).toMatchObject({ total_cost: "0.5", total_tokens: 1_500, service_tier: "flex" });
    await expect
      .poll(async () => dataOf(await ask("GET", `/budgets/${budget.id}/status`), 200))
      .toMatchObject({ spent: "1500", reserved: "0" });
  });
});
