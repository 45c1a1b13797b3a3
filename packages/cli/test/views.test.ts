/** Views from the terminal: what was kept of the dashboard's pages is listed and deleted. */
import { CostOpsClient } from "@llm-cost-ops/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Started, workplace } from "./cost-ops.ts";

const place = workplace();
let server: Started;
let client: CostOpsClient;
let remote: { readonly env: Record<string, string> };
beforeAll(async () => {
  const key = (await place.ok(["init"])).trim();
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  const [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  remote = { env: { COST_OPS_API_URL: url, COST_OPS_API_KEY: key } };
  client = new CostOpsClient({ apiKey: key, baseURL: url });
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

const views = (...args: readonly string[]) => place.run(["views", ...args, "--yes"], remote);

test("are listed with who sees them, and deleted by id or name", async () => {
  expect((await views("list")).stderr).toContain("No views.");
  await client.views.create({ name: "By project", page: "explore", state: "by=project", shared: true, pinned: true });
  const other = await client.views.create({ name: "A week", page: "explore", state: "period=7d" });
  expect((await views("list")).stdout).toMatch(/By project +│? *explore +│? *everybody +│? *yes/);
  const { data } = JSON.parse((await views("list", "-o", "json")).stdout) as { readonly data: readonly object[] };
  expect(data).toMatchObject([
    { id: other.id, name: "A week", state: "period=7d", shared: false },
    { name: "By project", made_by: "administrator" },
  ]);
  expect((await views("delete", "By project")).stderr).toContain("View By project is deleted.");
  expect((await views("delete", other.id)).code).toBe(0);
  expect(await views("delete", "By project")).toMatchObject({ code: 4, stderr: "There is no view By project.\n" });
  expect(await client.views.list()).toEqual([]);
});
