import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest";
import { json, ScriptedServer } from "../test/scripted-server.ts";
import { CostOpsClient } from "./client.ts";
import { BudgetExceededError } from "./errors.ts";
import { type Reservation, UnsettledError } from "./reservations.ts";

let server: ScriptedServer;
let client: CostOpsClient;
beforeAll(async () => {
  server = await ScriptedServer.start();
  client = new CostOpsClient({ apiKey: "sk-test", baseURL: server.url, retry: { maxRetries: 0 } });
});
afterAll(() => server.stop());

const asked = () => server.arrived.map(({ method, path }) => `${method} ${path.replace("/api/v1/budgets", "")}`);
const sent = (at: number) => JSON.parse(server.arrived[at]?.body ?? "");

const reservation = {
  id: "rsv_a.b",
  amount: "0.003000000001",
  currency: "USD",
  tokens: 1_500,
  provider: "openai",
  model: "gpt-4o",
  fallback_from: null,
  expires_at: "2026-11-01T00:10:00.000Z",
  budgets: [{ id: "b1", name: "production", remaining: "0.007" }],
  over_limit: false,
  unsecured: false,
};
const record = { id: "rsv-1", total_cost: "0.0014", currency: "USD" };
const granted = json(201, { data: reservation });
const settled = json(200, { data: { id: reservation.id, reservation: "settled", record }, warnings: [] });
const released = json(200, { data: { id: reservation.id, reservation: "released" } });
const estimate = { model: "gpt-4o", inputTokens: 1_000, maxOutputTokens: 500, tags: { team: "search" } };

test("a reservation is asked for in the wire's words, and answered with exact amounts", async () => {
  server.script(granted);
  const made = await client.budgets.reserve({ ...estimate, cachedInputTokens: 10, ttlSeconds: 60 });
  expect(sent(0)).toEqual({
    model: "gpt-4o",
    input_tokens: 1_000,
    max_output_tokens: 500,
    cached_input_tokens: 10,
    ttl_seconds: 60,
    tags: { team: "search" },
  });
  // What is sent once more costs no more than a reservation that expires, and a key would cost a trip each.
  expect(server.arrived[0]?.headers["idempotency-key"]).toBeUndefined();
  expect(made).toMatchObject({
    amount: 0.003000000001,
    amountExact: "0.003000000001",
    fallbackFrom: null,
    budgets: [{ remaining: 0.007, remainingExact: "0.007" }],
  });
  expectTypeOf<Reservation["amountExact"]>().toEqualTypeOf<string | null>();
});

test("a refusal is an error with the budget and its exact amounts", async () => {
  const details = {
    reason: "limit",
    budget_id: "b1",
    budget_name: "production",
    unit: "money",
    currency: "USD",
    limit: "1",
    spent: "0.4",
    reserved: "0.599999999999",
    requested: "0.003",
  };
  server.script(json(402, { error: { code: "BUDGET_EXCEEDED", message: "no room", details }, request_id: "r1" }));
  const error = await client.budgets.reserve(estimate).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BudgetExceededError);
  expect(error).toMatchObject({
    name: "BudgetExceededError",
    code: "BUDGET_EXCEEDED",
    statusCode: 402,
    budgetId: "b1",
    budgetName: "production",
    limit: "1",
    spent: "0.4",
    reserved: "0.599999999999",
    requested: "0.003",
    approvalId: undefined,
  });
});

test("a refusal for want of a price says so, without amounts", async () => {
  const message = 'The budget "production" refuses calls without a price: nobody knows one.';
  const details = { reason: "unpriced", budget_id: "b1", budget_name: "production", unit: "money", currency: "USD" };
  server.script(json(402, { error: { code: "BUDGET_EXCEEDED", message, details }, request_id: "r1" }));
  const error = await client.budgets.reserve(estimate).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ message, reason: "unpriced", budgetName: "production", limit: undefined });
});

test("settling and releasing name the reservation, and a settlement has the record", async () => {
  server.script(settled, settled, settled, released);
  const done = await client.budgets.settle(reservation.id, {
    usage: { inputTokens: 1_000, usage: { prompt_tokens: 1 } },
  });
  expect(done).toMatchObject({ reservation: "settled", record: { totalCost: 0.0014, totalCostExact: "0.0014" } });
  await client.budgets.settle(reservation.id, { cost: { amount: "0.1", currency: "EUR" } });
  await client.budgets.settle(reservation.id, { recordId: "mine" });
  expect((await client.budgets.release(reservation.id)).reservation).toBe("released");
  const settling = "POST /reservations/rsv_a.b/settle";
  expect(asked()).toEqual([settling, settling, settling, "POST /reservations/rsv_a.b/release"]);
  expect(sent(0)).toEqual({ usage: { input_tokens: 1_000, usage: { prompt_tokens: 1 } } });
  expect(sent(1)).toEqual({ cost: { amount: "0.1", currency: "EUR" } });
  expect(sent(2)).toEqual({ record_id: "mine" });
});

test("requests for approval are listed and decided", async () => {
  const approval = { id: "approval_1", state: "approved", requested: "0.003", budget_id: "b1" };
  server.script(json(200, { data: [approval] }), json(200, { data: approval }), json(200, { data: approval }));
  expect(await client.budgets.approvals({ state: "pending" })).toMatchObject([{ requested: "0.003", budgetId: "b1" }]);
  await client.budgets.approve("approval_1");
  await client.budgets.deny("approval_1");
  expect(asked()).toEqual(["GET /approvals", "POST /approvals/approval_1/approve", "POST /approvals/approval_1/deny"]);
  expect(server.arrived[0]?.query.get("state")).toBe("pending");
});

test.each([
  [
    "a provider's body",
    { model: "gpt-4o-2024-08-06", usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 } },
    { usage: { model: "gpt-4o-2024-08-06", usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 } } },
  ],
  [
    "the AI SDK's result",
    { text: "hi", usage: { inputTokens: 9, outputTokens: 3, totalTokens: 12, cachedInputTokens: 4 } },
    { usage: { input_tokens: 9, output_tokens: 3, cached_tokens: 4 } },
  ],
  [
    "the AI SDK's result of several steps, with what caches gave and took",
    {
      usage: { inputTokens: 1, outputTokens: 1 },
      totalUsage: {
        inputTokens: 900,
        outputTokens: 30,
        cachedInputTokens: 400,
        inputTokenDetails: { noCacheTokens: 200, cacheReadTokens: 400, cacheWriteTokens: 300 },
        outputTokenDetails: { textTokens: 10, reasoningTokens: 20 },
      },
    },
    {
      usage: {
        input_tokens: 900,
        output_tokens: 30,
        cached_tokens: 400,
        cache_write_tokens: 300,
        reasoning_tokens: 20,
      },
    },
  ],
  [
    "the usage of a model of the AI SDK",
    {
      usage: {
        inputTokens: { total: 900, noCache: 200, cacheRead: 400, cacheWrite: 300 },
        outputTokens: { total: 30, text: 10, reasoning: 20 },
      },
    },
    {
      usage: {
        input_tokens: 900,
        output_tokens: 30,
        cached_tokens: 400,
        cache_write_tokens: 300,
        reasoning_tokens: 20,
      },
    },
  ],
  [
    "a body of Bedrock, which counts caches beside the input",
    { usage: { inputTokens: 9, outputTokens: 3, totalTokens: 52, cacheReadInputTokens: 40 } },
    { usage: { usage: { inputTokens: 9, outputTokens: 3, totalTokens: 52, cacheReadInputTokens: 40 } } },
  ],
  [
    "what has no usage, by the estimate",
    "hi",
    { usage: { input_tokens: 1_000, output_tokens: 500, usage_status: "estimated" } },
  ],
])("a guarded call is settled by %s", async (_, result, settlement) => {
  server.script(granted, settled);
  const got = await client.budgets.guard(estimate, ({ model }) => {
    expect(model).toBe("gpt-4o");
    return result;
  });
  expect(got).toBe(result);
  expect(sent(1)).toEqual(settlement);
});

const counts = { inputTokens: 9, outputTokens: 3 };
const openAiUsage = { prompt_tokens: 9, completion_tokens: 3 };
test.each([
  ["priority", { service_tier: "default", usage: openAiUsage }, "default"],
  [undefined, { service_tier: "priority", usage: openAiUsage }, "priority"],
  ["flex", { usage: openAiUsage }, undefined],
  ["batch", { service_tier: "default", usage: openAiUsage }, undefined],
  [undefined, { serviceTier: { type: "flex" }, usage: counts }, "flex"],
  ["flex", { usage: counts, providerMetadata: { openai: { serviceTier: "default" } } }, "default"],
  ["flex", { usage: { ...counts, raw: { service_tier: "standard" } } }, "standard"],
])("a guarded call at the tier %s is settled by what %j says was served", async (serviceTier, result, tier) => {
  server.script(granted, settled);
  await client.budgets.guard({ ...estimate, serviceTier }, () => result);
  // Where nothing is said, the reservation's tier holds at the server.
  expect(sent(1).usage.service_tier).toBe(tier);
});

const amount = { amount: reservation.amount, currency: "USD" };
test.each([
  ["an amount", {}, "hi", amount],
  [
    "an amount and tokens",
    { inputTokens: 9, maxOutputTokens: 3 },
    "hi",
    { ...amount, input_tokens: 9, output_tokens: 3 },
  ],
  ["an amount of a call of which nobody names the model", {}, { usage: counts }, amount],
])("%s is settled as a cost where nothing says what the call took", async (_, told, result, cost) => {
  server.script(json(201, { data: { ...reservation, model: null } }), settled);
  await client.budgets.guard({ amount: reservation.amount, ...told }, () => result);
  expect(sent(1)).toEqual({ cost });
});

test("a guarded call is settled as its caller says", async () => {
  server.script(granted, settled);
  await client.budgets.guard({ amount: "0.5" }, async () => 7, {
    settleBy: (tokens, { amountExact }) => ({ cost: { amount: amountExact ?? tokens } }),
  });
  expect(sent(1)).toEqual({ cost: { amount: "0.003000000001" } });
});

test("a guarded call that throws is released, and one that is refused is not made", async () => {
  server.script(granted, json(500, { error: { code: "INTERNAL_ERROR", message: "no" } }));
  const failure = new Error("the provider is away");
  await expect(client.budgets.guard(estimate, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(asked()).toEqual(["POST /reservations", "POST /reservations/rsv_a.b/release"]);
  server.script(json(402, { error: { code: "BUDGET_EXCEEDED", message: "no room" } }));
  let made = false;
  const call = () => {
    made = true;
  };
  await expect(client.budgets.guard(estimate, call)).rejects.toBeInstanceOf(BudgetExceededError);
  expect(made).toBe(false);
});

test("what a guarded call gave is not lost where it cannot be recorded", async () => {
  server.script(granted, json(503, { error: { code: "UNAVAILABLE", message: "later" } }));
  const result = { usage: { prompt_tokens: 9, completion_tokens: 3 } };
  const error = await client.budgets.guard(estimate, () => result).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UnsettledError);
  expect(error).toMatchObject({
    reservationId: reservation.id,
    result,
    settlement: { usage: { usage: result.usage } },
  });
});
