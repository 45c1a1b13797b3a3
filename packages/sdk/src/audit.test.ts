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

const query = (index: number) => Object.fromEntries(server.arrived[index]?.query ?? []);
const page = (seqs: readonly number[], next: string | null) =>
  json(200, {
    data: seqs.map((seq) => ({ seq, user_email: "ada@example.com", after: { cost_center: "a" } })),
    pagination: { limit: 2, has_more: next !== null, next_cursor: next },
  });

test("entries are asked for and read as the documents write them; what was changed passes untouched", async () => {
  server.script(page([2], null));
  const logs = await client.audit.list({
    organizationId: "org-abc",
    startDate: "2025-01-01",
    endDate: "2025-01-31",
    action: "costs.update",
    userId: "user-123",
  });
  expect(query(0)).toEqual({
    organization_id: "org-abc",
    start_date: "2025-01-01",
    end_date: "2025-01-31",
    action: "costs.update",
    user_id: "user-123",
  });
  expect(logs.data).toEqual([{ seq: 2, userEmail: "ada@example.com", after: { cost_center: "a" } }]);
});

test("every entry is read page by page", async () => {
  server.script(page([4, 3], "next"), page([2, 1], null));
  const seqs: number[] = [];
  for await (const { seq } of client.audit.listAll({ limit: 2 })) seqs.push(seq);
  expect(seqs).toEqual([4, 3, 2, 1]);
});

test("a checkpoint goes back as it came", async () => {
  const made = {
    format: "llm-cost-ops-audit-checkpoint-1",
    organization_id: "default",
    seq: 1,
    hash: "00",
    time: "2026-01-31T12:00:00.000Z",
    public_key: "AA==",
    signature: "AA==",
  } as const;
  const found = { valid: true, entries: 1, checkpoints: 1, seq: 1, hash: "00", problem: null };
  server.script(json(201, { data: made }), json(200, { data: found }), text(200, "{}\n"));
  const checkpoint = await client.audit.checkpoint();
  expect(checkpoint).toEqual(made);
  expect(await client.audit.verify(checkpoint)).toEqual(found);
  expect(JSON.parse(server.arrived.at(-1)?.body ?? "")).toEqual({ checkpoint: made });
  expect(await (await client.audit.export({ format: "jsonl" })).text()).toBe("{}\n");
});
