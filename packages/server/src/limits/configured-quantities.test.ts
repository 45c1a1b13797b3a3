import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { startServer } from "../start-server.ts";
import { newDatabase } from "../store/database-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "cost-ops-quantities-"));
const adminKey = `sk_test_${"q".repeat(43)}`;
let server: Awaited<ReturnType<typeof startServer>>;

beforeAll(async () => {
  const config = loadConfig({
    environment: {
      ...(await newDatabase(folder)),
      COST_OPS_ADMIN_KEY: adminKey,
      LOG_LEVEL: "silent",
      SERVER_PORT: "0",
      RATE_LIMIT_TOKENS_PER_DAY: "100",
    },
    workingFolder: folder,
    homeFolder: folder,
  });
  server = await startServer(config);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly body: {
    readonly data: {
      readonly id: string;
      readonly key: string;
      readonly api_key: { readonly key: string };
      readonly limits: unknown;
      readonly settings: unknown;
    };
    readonly error: { readonly field_errors: Readonly<Record<string, string>> };
  };
}

async function ask(method: string, path: string, body?: unknown, key = adminKey): Promise<Answer> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

const cost = (id: string, tokens: number, amount: string, at?: string) => ({
  id,
  model: "gpt-4",
  tokens_used: tokens,
  cost: amount,
  ...(at === undefined ? {} : { timestamp: at }),
});

test("what is recorded counts for the key and the organization that are limited, and is recorded beyond any limit", async () => {
  const limits = { tokens_per_minute: 50, cost_per_hour: 0.25 };
  const tenant = await ask("POST", "/organizations", {
    name: "Umbrella",
    settings: { limits: { cost_per_day: "10" } },
  });
  const made = await ask("POST", "/api-keys", { name: "limited", limits }, tenant.body.data.api_key.key);
  expect(made.body.data.limits).toEqual({ tokens_per_minute: 50, cost_per_hour: "0.25", currency: "USD" });
  const { key } = made.body.data;

  expect((await ask("POST", "/costs", cost("a", 40, "0.2"), key)).status).toBe(201);
  expect((await ask("POST", "/costs/bulk", [cost("b", 80, "0.125"), cost("a", 40, "0.2")], key)).status).toBe(200);
  const anHourAgo = new Date(Date.now() - 3_601_000).toISOString();
  await ask("POST", "/costs", cost("c", 1_000, "1", anHourAgo), key);
  const { body } = await ask("GET", "/limits", undefined, key);
  expect(body.data).toMatchObject([
    { name: "key-tokens-per-minute", amount: "50", spent: "120", remaining: "-70" },
    { name: "key-cost-per-hour", amount: "0.25", spent: "0.325", remaining: "-0.075" },
    { name: "key-tokens-per-day", amount: "100", spent: "1120" },
    { name: "organization-cost-per-day", amount: "10", spent: "1.325", unit: "money", currency: "USD" },
  ]);
});

test("a limited key makes no key of wider limits, and one of its own where none are named", async () => {
  const limits = { tokens_per_hour: 10, cost_per_day: "5", currency: "EUR" };
  const { key } = (await ask("POST", "/api-keys", { name: "maker", limits })).body.data;
  const made = async (asked: unknown) => ask("POST", "/api-keys", { name: "made", limits: asked }, key);
  expect((await ask("POST", "/api-keys", { name: "made" }, key)).body.data.limits).toEqual(limits);
  expect((await made({ tokens_per_hour: 9 })).body.data.limits).toEqual({ ...limits, tokens_per_hour: 9 });
  for (const [wide, field] of [
    [{ tokens_per_hour: 11 }, "limits.tokens_per_hour"],
    [{ cost_per_day: "5.000000000001", currency: "EUR" }, "limits.cost_per_day"],
    [{ cost_per_day: "1" }, "limits.currency"],
  ] as const) {
    const { status, body } = await made(wide);
    expect([status, Object.keys(body.error.field_errors)]).toEqual([403, [field]]);
  }
});

test("the limits of a key are changed at once, and not widened by itself", async () => {
  const made = await ask("POST", "/api-keys", { name: "changed", limits: { tokens_per_hour: 10, cost_per_day: "5" } });
  const { id, key } = made.body.data;
  const change = (body: unknown, as?: string) => ask("PATCH", `/api-keys/${id}`, body, as);
  const limits = { tokens_per_hour: 8, cost_per_day: "5", currency: "USD" };
  expect((await change({ limits })).body.data.limits).toEqual(limits);
  const { body } = await ask("GET", "/limits", undefined, key);
  expect(body.data).toMatchObject([{ amount: "8" }, { amount: "5" }, { name: "key-tokens-per-day", amount: "100" }]);
  for (const [wide, field] of [
    [null, "limits.currency"],
    [{ ...limits, tokens_per_hour: 9 }, "limits.tokens_per_hour"],
    [{ tokens_per_hour: 8 }, "limits.currency"],
  ] as const) {
    const refused = await change({ limits: wide }, key);
    expect([refused.status, Object.keys(refused.body.error.field_errors)]).toEqual([403, [field]]);
  }
  expect((await change({ limits: { ...limits, cost_per_day: "4" } }, key)).status).toBe(200);
  expect((await change({ name: "renamed" }, key)).body.data).toMatchObject({
    name: "renamed",
    limits: { cost_per_day: "4" },
  });
  expect((await change({ limits: null })).body.data.limits).toBe(null);
  expect((await change({})).status).toBe(422);
  await ask("DELETE", `/api-keys/${id}`);
  expect((await change({ name: "gone" })).status).toBe(409);
});

test("a tenant keeps the limits that its parent set", async () => {
  const tenant = (
    await ask("POST", "/organizations", { name: "Acme", settings: { limits: { tokens_per_day: 5, cost_per_day: 1 } } })
  ).body.data;
  const own = tenant.api_key.key;
  const path = `/organizations/${tenant.id}`;
  const limits = { tokens_per_day: 5, cost_per_day: "1", currency: "USD" };
  const changed = await ask("PATCH", path, { settings: { timezone: "Europe/Berlin" } }, own);
  expect(changed.body.data.settings).toEqual({ timezone: "Europe/Berlin", limits });
  const wider = await ask("PATCH", path, { settings: { limits: { ...limits, tokens_per_day: 6 } } }, own);
  expect([wider.status, Object.keys(wider.body.error.field_errors)]).toEqual([422, ["settings.limits"]]);
  expect((await ask("PATCH", path, { settings: { limits } }, own)).status).toBe(200);
  const lifted = await ask("PATCH", path, { settings: {} });
  expect(lifted.body.data.settings).toEqual({});
});

test("limits that mean nothing are refused by their field", async () => {
  for (const [limits, field] of [
    [{ tokens_per_minute: -1 }, "limits.tokens_per_minute"],
    [{ tokens_per_minute: 1.5 }, "limits.tokens_per_minute"],
    [{ cost_per_day: "-1" }, "limits.cost_per_day"],
    [{ cost_per_day: "0.0000000000001" }, "limits.cost_per_day"],
    [{ cost_per_day: 1, currency: "usd" }, "limits.currency"],
    [{ currency: "USD" }, "limits.currency"],
    [{ tokens_per_week: 1 }, "limits.tokens_per_week"],
  ] as const) {
    const { status, body } = await ask("POST", "/api-keys", { name: "wrong", limits });
    expect([status, Object.keys(body.error.field_errors)]).toEqual([422, [field]]);
  }
});

test("a reservation beyond a limit is refused until there is room, and one that is settled counts what it used", async () => {
  const limits = { tokens_per_minute: 60, cost_per_day: "0.02" };
  const { key } = (await ask("POST", "/api-keys", { name: "reserving", limits })).body.data;
  const call = { provider: "openai", model: "gpt-4o", input_tokens: 30, max_output_tokens: 10, amount: "0.01" };
  const reserve = () =>
    fetch(`${server.url}/api/v1/budgets/reservations`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(call),
    });
  const first = await reserve();
  expect(first.status).toBe(201);
  const { data } = (await first.json()) as Answer["body"];
  const refused = await reserve();
  expect(refused.status).toBe(429);
  const seconds = Number(refused.headers.get("retry-after"));
  expect(seconds > 0 && seconds <= 65).toBe(true);
  expect(await refused.json()).toMatchObject({
    error: {
      code: "RATE_LIMITED",
      details: { limit: "key-tokens-per-minute", allowed: "60", requested: "40", retry_after_seconds: seconds },
    },
  });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('cost_ops_rate_limited_total{limit="key-tokens-per-minute"} 1');

  const usage = { input_tokens: 15, output_tokens: 5 };
  expect((await ask("POST", `/budgets/reservations/${data.id}/settle`, { usage }, key)).status).toBe(200);
  const standing = async () => (await ask("GET", "/limits", undefined, key)).body.data;
  expect(await standing()).toMatchObject([{ spent: "20" }, {}, {}]);
  const again = (await (await reserve()).json()) as Answer["body"];
  expect(await standing()).toMatchObject([{ spent: "60", remaining: "0" }, {}, {}]);
  expect((await ask("POST", `/budgets/reservations/${again.data.id}/release`, {}, key)).status).toBe(200);
  expect(await standing()).toMatchObject([{ name: "key-tokens-per-minute", spent: "20" }, {}, {}]);
});

test("a reservation that does not say what a limit counts is refused by the field, and passes no limit that is used up", async () => {
  const keyOf = async (limits: object) => (await ask("POST", "/api-keys", { name: "sly", limits })).body.data.key;
  const reserve = (key: string, body: object) => ask("POST", "/budgets/reservations", body, key);
  const refusedField = async (key: string, body: object) => {
    const answer = await reserve(key, body);
    return [answer.status, Object.keys(answer.body.error.field_errors ?? {})];
  };
  const unpriced = { model: "nobody-knows", input_tokens: 1, max_output_tokens: 1 };
  const inTokens = await keyOf({ tokens_per_hour: 10 });
  expect(await refusedField(inTokens, { amount: "1" })).toEqual([422, ["input_tokens"]]);
  expect((await reserve(inTokens, { ...unpriced, input_tokens: 9 })).status).toBe(201);
  expect((await reserve(inTokens, { amount: "1" })).status).toBe(429);
  const inMoney = await keyOf({ cost_per_hour: "1" });
  expect(await refusedField(inMoney, unpriced)).toEqual([422, ["amount"]]);
  const euros = { amount: "5", currency: "EUR", input_tokens: 1 };
  expect((await reserve(inMoney, euros)).status).toBe(201);
  expect((await reserve(inMoney, { amount: "1", input_tokens: 1 })).status).toBe(201);
  for (const body of [euros, unpriced, { amount: "0", input_tokens: 0 }]) {
    expect((await reserve(inMoney, body)).status).toBe(429);
  }
});
