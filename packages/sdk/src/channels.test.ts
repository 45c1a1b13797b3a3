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

test("a channel is made by its kind, listed, read, changed and deleted", async () => {
  server.script(
    json(201, { data: { id: "ch_1", kind: "pagerduty", failing_since: null } }),
    json(201, { data: { id: "ch_2", kind: "webhook", secret: "whsec_x" } }),
    json(200, { data: [{ id: "ch_1" }, { id: "ch_2" }] }),
    json(200, { data: { id: "ch_1" } }),
    json(200, { data: { id: "ch_1", status: "paused" } }),
    text(204, ""),
  );
  const made = await client.channels.create({ kind: "pagerduty", name: "on call", routingKey: "key" });
  expect(made).toEqual({ id: "ch_1", kind: "pagerduty", failingSince: null });
  const hook = await client.channels.create({ kind: "webhook", name: "hook", url: "https://hooks.example.com/" });
  expect(hook.secret).toBe("whsec_x");
  expect((await client.channels.list()).map(({ id }) => id)).toEqual(["ch_1", "ch_2"]);
  expect(await client.channels.get("ch_1")).toEqual({ id: "ch_1" });
  expect((await client.channels.update("ch_1", { paused: true, routingKey: "other" })).status).toBe("paused");
  expect(await client.channels.delete("ch_1")).toBeUndefined();
  expect([sent(0), sent(1), sent(4)]).toEqual([
    { kind: "pagerduty", name: "on call", routing_key: "key" },
    { kind: "webhook", name: "hook", url: "https://hooks.example.com/" },
    { paused: true, routing_key: "other" },
  ]);
  expect(asked()).toEqual([
    "POST /api/v1/channels",
    "POST /api/v1/channels",
    "GET /api/v1/channels",
    "GET /api/v1/channels/ch_1",
    "PATCH /api/v1/channels/ch_1",
    "DELETE /api/v1/channels/ch_1",
  ]);
});

test("a test is sent, and its delivery found among those of the channel", async () => {
  const delivery = { id: "d1", channel_id: "ch_1", response_status: 250 };
  server.script(
    json(201, { data: delivery }),
    json(200, { data: [delivery], pagination: { limit: 1, has_more: false, next_cursor: null } }),
  );
  expect(await client.channels.test("ch_1")).toEqual({ id: "d1", channelId: "ch_1", responseStatus: 250 });
  const page = await client.channels.deliveries("ch_1", { status: "succeeded", limit: 1 });
  expect([page.data.map(({ id }) => id), page.nextCursor]).toEqual([["d1"], null]);
  expect(Object.fromEntries(server.arrived[1]?.query ?? [])).toEqual({ status: "succeeded", limit: "1" });
  expect(asked()).toEqual(["POST /api/v1/channels/ch_1/test", "GET /api/v1/channels/ch_1/deliveries"]);
});
