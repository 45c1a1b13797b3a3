import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type PostgresUnderTest, startPostgres } from "../../packages/server/src/postgres/postgres-fixture.ts";
import { temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";

const program = fileURLToPath(new URL("../../packages/cli/bin/cost-ops.mjs", import.meta.url));
const adminKey = `sk_test_${"a".repeat(43)}`;
const folder = temporaryFolder();
const patience = { timeout: 60_000, interval: 50 };

interface Server {
  readonly process: ChildProcess;
  readonly url: string;
}

let postgres: PostgresUnderTest;
let databaseUrl: string;
let servers: Server[];
beforeAll(async () => {
  postgres = await startPostgres();
  databaseUrl = await postgres.database();
  // Both at once, on a database without a schema.
  servers = await Promise.all([startServer(), startServer()]);
});
afterAll(async () => {
  for (const { process } of servers) process.kill("SIGKILL");
  await postgres.stop();
  folder.remove();
});

async function startServer(): Promise<Server> {
  const child = spawn(process.execPath, [program, "server"], {
    cwd: folder.path,
    env: {
      PATH: process.env["PATH"],
      HOME: folder.path,
      DATABASE_URL: databaseUrl,
      COST_OPS_ADMIN_KEY: adminKey,
      SERVER_PORT: "0",
      LOG_LEVEL: "warn",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let talk = "";
  child.stderr.on("data", (chunk) => {
    talk += String(chunk);
  });
  for await (const chunk of child.stdout) {
    const url = /(http:\/\/127\.0\.0\.1:\d+)/.exec(String(chunk))?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return { process: child, url };
  }
  throw new Error(`the server ended: ${talk}`);
}

const call = (at: number, path: string, key: string, body?: unknown, method = "POST"): Promise<Response> =>
  fetch(`${servers[at]?.url}${path}`, {
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { method, body: JSON.stringify(body) }),
  });

const event = (id: string) => ({
  id,
  provider: "openai",
  model: "gpt-4o",
  input_tokens: 1_000,
  output_tokens: 100,
  occurred_at: "2026-03-01T12:00:00Z",
});

async function countRecords(at: number): Promise<number> {
  const response = await call(at, "/api/v1/costs/aggregate?start_date=2026-03-01&end_date=2026-03-02", adminKey);
  const { totals } = (await response.json()) as { totals: readonly { total_requests: number }[] };
  return totals.reduce((sum, { total_requests }) => sum + total_requests, 0);
}

test("two servers that start together make one database, and the same records sent to both are counted once", async () => {
  const batches = Array.from({ length: 10 }, (_, batch) =>
    Array.from({ length: 100 }, (_, at) => event(`both-${batch}-${at}`)),
  );
  const answers = await Promise.all(
    batches.flatMap((batch) =>
      [0, 1].map(async (at) => (await call(at, "/api/v1/usage/batch", adminKey, batch)).json()),
    ),
  );
  const sums = answers.map((answer) => (answer as { summary: { recorded: number; duplicate: number } }).summary);
  expect(sums.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(1_000);
  expect(sums.reduce((sum, { duplicate }) => sum + duplicate, 0)).toBe(1_000);
  expect([await countRecords(0), await countRecords(1)]).toEqual([1_000, 1_000]);
});

test("a key that one server revokes is refused by the other, which knew it", async () => {
  const made = await call(0, "/api/v1/api-keys", adminKey, { name: "short-lived" });
  const { data } = (await made.json()) as { data: { id: string; key: string } };
  const statusAt = async (at: number): Promise<number> =>
    (await call(at, "/api/v1/pricing/providers", data.key)).status;
  expect([await statusAt(0), await statusAt(1)]).toEqual([200, 200]);
  const revoked = await fetch(`${servers[0]?.url}/api/v1/api-keys/${data.id}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${adminKey}` },
  });
  expect(revoked.status).toBeLessThan(300);
  expect([await statusAt(0), await statusAt(1)]).toEqual([401, 401]);
});

test("a server that is killed under writes has lost nothing that it acknowledged, and the other goes on", async () => {
  const before = await countRecords(1);
  const acknowledged: string[] = [];
  let isKilled = false;
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let at = 0; !isKilled; at += 1) {
      const ids = Array.from({ length: 20 }, (_, item) => `killed-${writer}-${at}-${item}`);
      const response = await call(0, "/api/v1/usage/batch", adminKey, ids.map(event)).catch(() => undefined);
      const text = await response?.text().catch(() => undefined);
      if (response?.status !== 200 && response?.status !== 207 && response?.status !== 201) return;
      if (text?.endsWith("}") === true) acknowledged.push(...ids);
    }
  });
  await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(400), patience);
  isKilled = true;
  servers[0]?.process.kill("SIGKILL");
  await Promise.all(writers);
  const again = await call(1, "/api/v1/usage/batch", adminKey, acknowledged.slice(0, 1_000).map(event));
  const { summary } = (await again.json()) as { summary: { recorded: number; duplicate: number } };
  expect(summary).toMatchObject({ recorded: 0, duplicate: Math.min(1_000, acknowledged.length) });
  expect(await countRecords(1)).toBeGreaterThanOrEqual(before + acknowledged.length);
  servers[0] = await startServer();
});

test("while the database is away nothing is acknowledged, and the same servers serve again when it is back", async () => {
  await postgres.interrupt();
  for (const at of [0, 1]) {
    expect((await call(at, "/api/v1/usage", adminKey, event("while-away"))).status).toBe(503);
    await vi.waitFor(async () => expect((await call(at, "/ready", adminKey)).status).toBe(503), patience);
  }
  await postgres.start();
  for (const at of [0, 1]) {
    await vi.waitFor(async () => expect((await call(at, "/ready", adminKey)).status).toBe(200), patience);
  }
  await vi.waitFor(async () => {
    const response = await call(0, "/api/v1/usage", adminKey, event("while-away"));
    expect(response.status).toBe(201);
  }, patience);
  const stopping = servers.map(async ({ process }) => {
    const exited = once(process, "exit");
    process.kill("SIGTERM");
    return (await exited)[0] as number;
  });
  expect(await Promise.all(stopping)).toEqual([0, 0]);
});
