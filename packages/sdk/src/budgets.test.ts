import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest";
import { json, ScriptedServer, text } from "../test/scripted-server.ts";
import type { Budget, BudgetStatus } from "./budgets.ts";
import { CostOpsClient } from "./client.ts";

let server: ScriptedServer;
let client: CostOpsClient;
beforeAll(async () => {
  server = await ScriptedServer.start();
  client = new CostOpsClient({ apiKey: "sk-test", baseURL: server.url, retry: { maxRetries: 0 } });
});
afterAll(() => server.stop());

const asked = () => server.arrived.map(({ method, path }) => `${method} ${path}`);
const sent = () => JSON.parse(server.arrived[0]?.body ?? "");

const status = {
  budget_id: "b1",
  name: "production",
  unit: "money",
  currency: "USD",
  period: { kind: "month", time_zone: "UTC", from: "2026-11-01T00:00:00.000Z", to: "2026-12-01T00:00:00.000Z" },
  amount: "1000",
  spent: "0.300000000001",
  reserved: "0.000000000001",
  remaining: "999.699999999999",
  utilization: "0.0003",
  thresholds_reached: [],
  state: "ok",
  burn_rate_per_day: null,
  projected: null,
  exhausted_at: null,
  unpriced_requests: 2,
  other_currencies: [{ currency: "EUR", spent: "0.1" }],
  as_of: "2026-11-01T00:00:00.000Z",
};

test("a budget is made of decimals that stay as they were written, and of dates", async () => {
  const made = { id: "b1", amount: "1000.000000000001", tokens: null, scope: { project_id: ["web"], tags: ["a:b"] } };
  server.script(json(201, { data: made }));
  const budget = await client.budgets.create({
    name: "production",
    amount: "1000.000000000001",
    period: { kind: "prepaid", startsAt: new Date("2026-11-01T00:00:00Z") },
    scope: { projectId: ["web"], tags: ["a:b"] },
    thresholds: [50, 99.5],
  });
  expect(sent()).toEqual({
    name: "production",
    amount: "1000.000000000001",
    period: { kind: "prepaid", starts_at: "2026-11-01T00:00:00.000Z" },
    scope: { project_id: ["web"], tags: ["a:b"] },
    thresholds: [50, 99.5],
  });
  expect(budget).toMatchObject({
    amount: 1000.000000000001,
    amountExact: "1000.000000000001",
    tokens: null,
    scope: { projectId: ["web"], tags: ["a:b"] },
  });
  expectTypeOf<Budget["amount"]>().toEqualTypeOf<number | null>();
  expectTypeOf<Budget["amountExact"]>().toEqualTypeOf<string | null>();
});

test("how a budget stands is a number to compare and a string with every digit", async () => {
  server.script(json(200, { data: status }));
  const found = await client.budgets.getCurrent({ name: "production, all of it" });
  expect(server.arrived[0]?.query.getAll("name")).toContain("production, all of it");
  expect(found).toMatchObject({
    amount: 1_000,
    spent: 0.300000000001,
    spentExact: "0.300000000001",
    reservedExact: "0.000000000001",
    remainingExact: "999.699999999999",
    utilization: 0.0003,
    utilizationExact: "0.0003",
    burnRatePerDay: null,
    burnRatePerDayExact: null,
    projected: null,
    exhaustedAt: null,
    unpricedRequests: 2,
    otherCurrencies: [{ currency: "EUR", spent: 0.1, spentExact: "0.1" }],
  });
  expectTypeOf<BudgetStatus["spent"]>().toEqualTypeOf<number>();
  expectTypeOf<BudgetStatus["utilization"]>().toEqualTypeOf<number | null>();
  expectTypeOf<BudgetStatus["projectedExact"]>().toEqualTypeOf<string | null>();
});

test("each method asks the address of its operation", async () => {
  server.script(
    json(200, { data: [{ id: "b1", amount: null, tokens: 5 }] }),
    json(200, { data: { id: "b1" } }),
    json(200, { data: { id: "b1" } }),
    json(200, { data: status }),
    json(200, { data: status }),
    text(204, ""),
    json(200, { data: [] }),
    json(200, { data: [] }),
  );
  expect(await client.budgets.list()).toEqual([{ id: "b1", amount: null, amountExact: null, tokens: 5 }]);
  await client.budgets.get("b1");
  await client.budgets.update("b1", { tokens: 6, reason: "more users" });
  await client.budgets.status("b1");
  await client.budgets.getCurrent();
  expect(await client.budgets.delete("b1")).toBeUndefined();
  await client.budgets.list({ tenantId: "org-1" });
  await client.budgets.approvals({ tenantId: "org-1" });
  expect(asked()).toEqual([
    "GET /api/v1/budgets",
    "GET /api/v1/budgets/b1",
    "PATCH /api/v1/budgets/b1",
    "GET /api/v1/budgets/b1/status",
    "GET /api/v1/budgets/current",
    "DELETE /api/v1/budgets/b1",
    "GET /api/v1/budgets",
    "GET /api/v1/budgets/approvals",
  ]);
  expect(server.arrived.slice(-2).map(({ query }) => [...query])).toEqual([
    [["tenant_id", "org-1"]],
    [["tenant_id", "org-1"]],
  ]);
});

test("a name or value with commas, or an empty value, is asked for as it is", async () => {
  server.script(...["b1", "b2", "b3"].map(() => json(200, { data: status })));
  await client.budgets.status("b1", { value: "a,b" });
  await client.budgets.status("b1", { value: "" });
  await client.budgets.getCurrent({ name: "a,b" });
  expect(server.arrived.map(({ query }) => [...query])).toEqual([
    [["value", "a,b"]],
    [["value", ""]],
    [["name", "a,b"]],
  ]);
});

test("one value of a budget is asked for by its name or as none, and values are paged", async () => {
  const value = { value: "s1", spent: "0.3" };
  const pagination = { limit: 1, has_more: true, next_cursor: "next" };
  server.script(json(200, { data: status }), json(200, { data: status }), json(200, { data: [value], pagination }));
  await client.budgets.status("b1", { value: "s 1&2" });
  await client.budgets.status("b1", { withoutValue: true });
  const page = await client.budgets.values("b1", { limit: 1 });
  expect(page.data).toEqual([{ value: "s1", spent: 0.3, spentExact: "0.3" }]);
  expect(page.nextCursor).toBe("next");
  expect(server.arrived.map(({ query }) => [...query].join())).toEqual([
    "value,s 1&2",
    "without_value,true",
    "limit,1",
  ]);
});

test("all budgets are asked about in one request, with why one of them has no answer", async () => {
  const error = { code: "VALIDATION_ERROR", message: "too many values" };
  const listed = [
    { budget_id: "b1", name: "One", status, error: null },
    { budget_id: "b2", name: "Two", status: null, error },
  ];
  server.script(json(200, { data: listed }), json(200, { data: [] }));
  const [one, two] = await client.budgets.statuses();
  expect(one?.status).toMatchObject({ budgetId: "b1", spent: 0.300000000001, spentExact: "0.300000000001" });
  expect(two).toEqual({ budgetId: "b2", name: "Two", status: null, error });
  expect(await client.budgets.statuses({ tenantId: "org-1" })).toEqual([]);
  expect(asked()).toEqual(["GET /api/v1/budgets/statuses", "GET /api/v1/budgets/statuses"]);
  expect(server.arrived.map(({ query }) => [...query].join())).toEqual(["", "tenant_id,org-1"]);
});

test("a transfer goes to a budget by its id, exactly", async () => {
  server.script(json(200, { data: { from: { id: "b1", amount: "4.9" }, to: { id: "b2", amount: "0.1" } } }));
  const done = await client.budgets.transfer("b1", { to: "b2", amount: "0.1", reason: "more there", force: true });
  expect(done).toEqual({
    from: { id: "b1", amount: 4.9, amountExact: "4.9" },
    to: { id: "b2", amount: 0.1, amountExact: "0.1" },
  });
  expect(asked()).toEqual(["POST /api/v1/budgets/b1/transfer"]);
  expect(JSON.parse(server.arrived[0]?.body ?? "")).toEqual({
    to: "b2",
    amount: "0.1",
    reason: "more there",
    force: true,
  });
});

test("a history is paged, and tells of fields by their names on the wire", async () => {
  const change = { budget_id: "b1", changed_at: "2026-11-01T00:00:00.000Z", before: { amount: "1" }, reason: null };
  server.script(json(200, { data: [change], pagination: { limit: 1, has_more: true, next_cursor: "next" } }));
  const page = await client.budgets.history("b1", { limit: 1, cursor: "now" });
  expect(Object.fromEntries(server.arrived[0]?.query ?? [])).toEqual({ limit: "1", cursor: "now" });
  expect(page.nextCursor).toBe("next");
  expect(page.data).toEqual([
    { budgetId: "b1", changedAt: "2026-11-01T00:00:00.000Z", before: { amount: "1" }, reason: null },
  ]);
});
