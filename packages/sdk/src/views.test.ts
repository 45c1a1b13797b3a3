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

test("a view is made, listed, read, pinned and deleted", async () => {
  server.script(
    json(201, { data: { id: "view_1", may_change: true, made_by: "ada@example.com" } }),
    json(200, { data: [{ id: "view_1" }, { id: "view_2" }] }),
    json(200, { data: { id: "view_1" } }),
    json(200, { data: { id: "view_1", pinned: true } }),
    text(204, ""),
  );
  const made = await client.views.create({ name: "Week", page: "explore", state: "period=7d", shared: true });
  expect(made).toEqual({ id: "view_1", mayChange: true, madeBy: "ada@example.com" });
  expect((await client.views.list()).map(({ id }) => id)).toEqual(["view_1", "view_2"]);
  expect(await client.views.get("view_1")).toEqual({ id: "view_1" });
  expect((await client.views.update("view_1", { pinned: true })).pinned).toBe(true);
  expect(await client.views.delete("view_1")).toBeUndefined();
  const sent = [0, 3].map((at) => JSON.parse(server.arrived[at]?.body ?? ""));
  expect(sent).toEqual([{ name: "Week", page: "explore", state: "period=7d", shared: true }, { pinned: true }]);
  expect(server.arrived.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "POST /api/v1/views",
    "GET /api/v1/views",
    "GET /api/v1/views/view_1",
    "PATCH /api/v1/views/view_1",
    "DELETE /api/v1/views/view_1",
  ]);
});
