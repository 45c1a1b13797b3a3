import { request } from "node:http";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Composition, compose } from "../compose.ts";
import { loadConfig } from "../config.ts";
import { createLogger } from "../http/request-log.ts";
import { type PostgresUnderTest, startPostgres } from "../postgres/postgres-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";

const folder = temporaryFolder();
let database: PostgresUnderTest;
let server: Composition;
let url: string;
let other: pg.Client;
/** Looks from outside of the transaction that holds the lock, in which what it saw first would stay as it was. */
let watcher: pg.Client;

beforeAll(async () => {
  database = await startPostgres();
  const address = await database.database();
  const config = loadConfig({
    environment: { DATABASE_URL: address },
    workingFolder: folder.path,
    homeFolder: folder.path,
  });
  server = await compose(config, { clock: Date.now, logger: createLogger("silent") });
  url = await server.app.fastify.listen({ port: 0, host: "127.0.0.1" });
  const recorded = await fetch(`${url}/api/v1/usage`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.firstKey?.reveal() ?? ""}`, "content-type": "application/json" },
    body: JSON.stringify({ provider: "openai", model: "gpt-4o", input_tokens: 10, output_tokens: 1 }),
  });
  expect(recorded.status).toBe(201);
  other = new pg.Client({ connectionString: address });
  watcher = new pg.Client({ connectionString: address });
  await Promise.all([other.connect(), watcher.connect()]);
}, 60_000);
afterAll(async () => {
  await Promise.all([other.end(), watcher.end()]);
  await server.close();
  await database.stop();
  folder.remove();
});

const questions = [
  "/costs/summary?range=last-30-days",
  "/costs/aggregate?range=last-30-days&group_by=model",
  "/costs?order_by=-total_cost",
  "/usage",
  "/costs/stream?order_by=-total_cost",
] as const;

/** Asks and never waits for the answer: `leave` closes the socket. */
function ask(path: string): { readonly leave: () => void; readonly gone: Promise<void> } {
  const asked = request(`${url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${server.firstKey?.reveal() ?? ""}` },
  });
  const gone = new Promise<void>((resolve) => asked.once("close", resolve));
  asked.on("error", () => undefined);
  asked.end();
  return { leave: () => asked.destroy(), gone };
}

/** Everything that a question adds up or lists, so that it waits in the middle of its work. */
async function lockLedger(): Promise<void> {
  const { rows } = await other.query<{ parts: string }>(
    "SELECT string_agg(inhrelid::regclass::text, ', ') AS parts FROM pg_inherits WHERE inhparent = 'records'::regclass",
  );
  await other.query(`BEGIN; LOCK TABLE rollup_daily, rollup_hourly, ${rows[0]?.parts} IN ACCESS EXCLUSIVE MODE`);
}

/** Questions that wait for the lock. */
async function waiting(): Promise<number> {
  const { rows } = await watcher.query<{ waiting: string }>(
    `SELECT count(*) AS waiting FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'`,
  );
  return Number(rows[0]?.waiting);
}

test("a question whose asker has left is ended on the database, and its connection serves others", async () => {
  await lockLedger();
  for (const question of questions) {
    const { leave, gone } = ask(question);
    await vi.waitFor(async () => expect([question, await waiting()]).toEqual([question, 1]), { timeout: 5_000 });
    leave();
    await gone;
    // The lock is held all the while, and a statement may wait for it for ten seconds.
    await vi.waitFor(async () => expect([question, await waiting()]).toEqual([question, 0]), { timeout: 5_000 });
  }
  await other.query("ROLLBACK");
  const headers = { authorization: `Bearer ${server.firstKey?.reveal() ?? ""}` };
  for (const question of questions) {
    const { status } = await fetch(`${url}/api/v1${question}`, { headers });
    expect([question, status]).toEqual([question, 200]);
  }
});

test("those who stay are answered while others leave", async () => {
  await lockLedger();
  const headers = { authorization: `Bearer ${server.firstKey?.reveal() ?? ""}` };
  const stays = fetch(`${url}/api/v1${questions[0]}`, { headers });
  await vi.waitFor(async () => expect(await waiting()).toBe(1), { timeout: 5_000 });
  const leavers = Array.from({ length: 20 }, () => ask(questions[0]));
  await vi.waitFor(async () => expect(await waiting()).toBeGreaterThan(1), { timeout: 5_000 });
  for (const { leave } of leavers) leave();
  await vi.waitFor(async () => expect(await waiting()).toBe(1), { timeout: 5_000 });
  await other.query("ROLLBACK");
  expect((await stays).status).toBe(200);
});
