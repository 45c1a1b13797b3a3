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

test("a webhook is made, changed and deleted, and its secret replaced", async () => {
  server.script(
    json(201, { data: { id: "wh_1", secret: "whsec_x", disabled_reason: null } }),
    json(200, { data: { id: "wh_1", status: "paused" } }),
    json(200, { data: { id: "wh_1", secret: "whsec_y" } }),
    json(200, { data: [{ id: "wh_1" }] }),
    json(200, { data: { id: "wh_1" } }),
    text(204, ""),
  );
  const made = await client.webhooks.create({ url: "https://hooks.example.com/", events: ["export.completed"] });
  expect(made).toEqual({ id: "wh_1", secret: "whsec_x", disabledReason: null });
  expect((await client.webhooks.update("wh_1", { paused: true })).status).toBe("paused");
  expect((await client.webhooks.rotateSecret("wh_1", { overlapSeconds: 60 })).secret).toBe("whsec_y");
  expect(await client.webhooks.list()).toEqual([{ id: "wh_1" }]);
  expect(await client.webhooks.get("wh_1")).toEqual({ id: "wh_1" });
  expect(await client.webhooks.delete("wh_1")).toBeUndefined();
  expect([sent(0), sent(1), sent(2)]).toEqual([
    { url: "https://hooks.example.com/", events: ["export.completed"] },
    { paused: true },
    { overlap_seconds: 60 },
  ]);
  expect(asked()).toEqual([
    "POST /api/v1/webhooks",
    "PATCH /api/v1/webhooks/wh_1",
    "POST /api/v1/webhooks/wh_1/secret",
    "GET /api/v1/webhooks",
    "GET /api/v1/webhooks/wh_1",
    "DELETE /api/v1/webhooks/wh_1",
  ]);
});

test("deliveries are paged, tested and sent again", async () => {
  const delivery = { id: "d1", webhook_id: "wh_1", response_status: 200 };
  server.script(
    json(201, { data: delivery }),
    json(200, { data: [delivery], pagination: { limit: 1, has_more: true, next_cursor: "next" } }),
    json(201, { data: { ...delivery, id: "d2" } }),
  );
  expect(await client.webhooks.test("wh_1")).toEqual({ id: "d1", webhookId: "wh_1", responseStatus: 200 });
  const page = await client.webhooks.deliveries("wh_1", { status: "failed", limit: 1 });
  expect([page.data.map(({ id }) => id), page.nextCursor]).toEqual([["d1"], "next"]);
  expect(Object.fromEntries(server.arrived[1]?.query ?? [])).toEqual({ status: "failed", limit: "1" });
  expect((await client.webhooks.replay("wh_1", "d1")).id).toBe("d2");
  expect(asked()).toEqual([
    "POST /api/v1/webhooks/wh_1/test",
    "GET /api/v1/webhooks/wh_1/deliveries",
    "POST /api/v1/webhooks/wh_1/deliveries/d1/replay",
  ]);
});
