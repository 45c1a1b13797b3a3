import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loadConfig } from "../config.ts";
import { type RunningServer, startServer } from "../start-server.ts";
import { newDatabase, testedStore } from "../store/database-fixture.ts";
import { type RedisUnderTest, startRedis } from "./redis-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "cost-ops-servers-"));
const adminKey = `sk_test_${"l".repeat(43)}`;
/** Servers on the embedded store share a Redis; those on one PostgreSQL need none. */
let redis: RedisUnderTest | undefined;
const servers: RunningServer[] = [];
beforeAll(async () => {
  if (testedStore() === "sqlite") redis = await startRedis();
  const common = await newDatabase(folder);
  for (const name of ["one", "two"]) {
    const config = loadConfig({
      environment: {
        COST_OPS_ADMIN_KEY: adminKey,
        ...(redis === undefined
          ? common
          : { DATABASE_URL: `sqlite:${join(folder, `${name}.db`)}`, REDIS_URL: redis.url }),
        LOG_LEVEL: "silent",
        SERVER_PORT: "0",
        RATE_LIMIT_FAILED_AUTH: "4",
      },
      workingFolder: folder,
      homeFolder: folder,
    });
    servers.push(await startServer(config));
  }
});
afterAll(async () => {
  for (const server of servers) await server.close();
  await redis?.stop();
  rmSync(folder, { recursive: true });
});

const ask = (at: number, path: string, key = adminKey, init: RequestInit = {}) =>
  fetch(`${servers[at]?.url}/api/v1/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  });

test("servers that share a store count a guesser together", async () => {
  const guess = `sk_test_${"g".repeat(43)}`;
  const statuses = [];
  for (const at of [0, 1, 0, 1, 0, 1]) statuses.push((await ask(at, "organizations", guess)).status);
  expect(statuses).toEqual([401, 401, 401, 401, 429, 429]);
});

test("an organization's own limit holds soon after it is set, and ends soon after it is taken away", async () => {
  const policy = async () => (await ask(0, "organizations/default")).headers.get("ratelimit-policy");
  const set = async (settings: object): Promise<void> => {
    const body = JSON.stringify({ settings });
    expect((await ask(0, "organizations/default", adminKey, { method: "PATCH", body })).status).toBe(200);
  };
  expect(await policy()).toBeNull();
  await set({ rate_limit_requests: 6_000 });
  await vi.waitFor(async () => expect(await policy()).toBe('"organization-reads";q=6000;w=60'), 20_000);
  await set({});
  await vi.waitFor(async () => expect(await policy()).toBeNull(), 20_000);
});
