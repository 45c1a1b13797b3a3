import { afterAll, beforeAll, expect, test } from "vitest";
import { json, ScriptedServer, text } from "../test/scripted-server.ts";
import { CostOpsClient } from "./client.ts";

let server: ScriptedServer;
let client: CostOpsClient;
beforeAll(async () => {
  server = await ScriptedServer.start();
  client = new CostOpsClient({ apiKey: "sk-test", baseURL: server.url, retry: { maxRetries: 0 } });
});
afterAll(() => server.stop());

const asked = () => server.arrived.map(({ method, path }) => `${method} ${path}`);
const sent = (at = 0) => JSON.parse(server.arrived[at]?.body ?? "");

test("a rule is made, changed and deleted, and its threshold keeps its digits", async () => {
  const rule = { id: "r1", threshold: "0.000000000001", quiet_period_minutes: 60, scope: { project_id: ["a"] } };
  server.script(
    json(201, { data: rule }),
    json(200, { data: { ...rule, enabled: false } }),
    json(200, { data: [rule] }),
    json(200, { data: rule }),
    text(204, ""),
  );
  const made = await client.alerts.rules.create({
    name: "Dear calls",
    kind: "metric",
    metric: "cost_per_request",
    threshold: "0.000000000001",
    window: { kind: "rolling", minutes: 5 },
    scope: { projectId: ["a"] },
    quietPeriodMinutes: 60,
    escalateAfterMinutes: null,
  });
  expect(made).toEqual({
    id: "r1",
    threshold: "0.000000000001",
    quietPeriodMinutes: 60,
    scope: { projectId: ["a"] },
  });
  expect((await client.alerts.rules.update("r1", { enabled: false })).enabled).toBe(false);
  expect((await client.alerts.rules.list()).map(({ id }) => id)).toEqual(["r1"]);
  expect((await client.alerts.rules.get("r1")).id).toBe("r1");
  expect(await client.alerts.rules.delete("r1")).toBeUndefined();
  expect(sent(0)).toEqual({
    name: "Dear calls",
    kind: "metric",
    metric: "cost_per_request",
    threshold: "0.000000000001",
    window: { kind: "rolling", minutes: 5 },
    scope: { project_id: ["a"] },
    quiet_period_minutes: 60,
    escalate_after_minutes: null,
  });
  expect(asked()).toEqual([
    "POST /api/v1/alerts/rules",
    "PATCH /api/v1/alerts/rules/r1",
    "GET /api/v1/alerts/rules",
    "GET /api/v1/alerts/rules/r1",
    "DELETE /api/v1/alerts/rules/r1",
  ]);
});

test("alerts are paged, read, acknowledged with a note and resolved", async () => {
  const alert = { id: "a1", rule_name: "Dear calls", state: "open", value: "1.5", history: [{ step: "triggered" }] };
  server.script(
    json(200, { data: [alert], pagination: { limit: 1, has_more: true, next_cursor: "next" } }),
    json(200, { data: alert }),
    json(200, { data: { ...alert, state: "acknowledged" } }),
    json(200, { data: { ...alert, state: "resolved" } }),
  );
  const page = await client.alerts.list({ state: "open", ruleId: "r1", limit: 1 });
  expect([page.data.map(({ ruleName }) => ruleName), page.nextCursor]).toEqual([["Dear calls"], "next"]);
  expect(Object.fromEntries(server.arrived[0]?.query ?? [])).toEqual({ state: "open", rule_id: "r1", limit: "1" });
  expect(await client.alerts.get("a1")).toMatchObject({ id: "a1", value: "1.5", history: [{ step: "triggered" }] });
  expect((await client.alerts.acknowledge("a1", "on it")).state).toBe("acknowledged");
  expect((await client.alerts.resolve("a1")).state).toBe("resolved");
  expect([sent(2), sent(3)]).toEqual([{ note: "on it" }, {}]);
  expect(asked()).toEqual([
    "GET /api/v1/alerts",
    "GET /api/v1/alerts/a1",
    "POST /api/v1/alerts/a1/acknowledge",
    "POST /api/v1/alerts/a1/resolve",
  ]);
});
