import { permissions } from "@llm-cost-ops/contract";
import { CostOpsClient } from "@llm-cost-ops/sdk";
import { afterEach, describe, expect, test } from "vitest";
import { type ListeningApp, listen, testKey } from "../http/app-fixture.ts";
import { Refusal } from "../refusal.ts";
import type { OrganizationLimits } from "./organization-limits.ts";
import { memoryRateLimitStore } from "./rate-limit-store.memory.ts";
import { createRateLimits, defaultBurst, type LimitName, type RateLimitNumbers } from "./rate-limits.ts";

const acme = { organizationId: "acme", permissions: new Set(permissions) };
const otherKey = `sk_test_${"o".repeat(43)}`;
const open: ListeningApp[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.fastify.close();
});

/** An app with two keys of one organization, limits, and a clock that stands still until it is moved. */
async function limited(
  numbers: RateLimitNumbers,
  asynchronous = false,
  onRefused: () => void = () => undefined,
  organizations?: Pick<OrganizationLimits, "perMinute">,
) {
  const time = { nowMs: 0 };
  const refused: LimitName[] = [];
  const refuse = (limit: LimitName): void => {
    refused.push(limit);
    onRefused();
  };
  const memory = memoryRateLimitStore({ clock: () => time.nowMs });
  const store = asynchronous ? { take: async (asks: Parameters<typeof memory.take>[0]) => memory.take(asks) } : memory;
  const limits = createRateLimits({ numbers, store, onRefused: refuse, ...(organizations && { organizations }) });
  const app = await listen(
    {},
    {
      limits,
      authenticator: {
        authenticate: (header) => {
          if (header === `Bearer ${testKey}`) return { ...acme, principal: { kind: "key", id: "key_1", name: "key" } };
          if (header === `Bearer ${otherKey}`) return { ...acme, principal: { kind: "key", id: "key_2", name: "key" } };
          const session = /^Bearer session-(\d)-of-(\w+)$/.exec(header ?? "");
          if (session?.[1] !== undefined && session[2] !== undefined) {
            return { ...acme, principal: { kind: "user", id: session[2], name: "e-mail", sessionId: session[1] } };
          }
          throw new Refusal("AUTH_001", "no");
        },
      },
    },
  );
  open.push(app);
  const ask = (path: string, key = testKey, method = "GET") =>
    fetch(`${app.url}${path}`, { method, headers: { authorization: `Bearer ${key}` } });
  return { app, time, refused, ask, limits };
}

const read = "/api/v1/usage/some-id";
const write = (ask: (path: string, key: string, method: string) => Promise<Response>, key = testKey) =>
  ask("/api/v1/api-keys/some-key", key, "DELETE");

describe("a key's limit", () => {
  test("refuses what is beyond it, says when to come back, and then admits", async () => {
    const { ask, time, refused } = await limited({ requests: 40, burst: 2 });
    const first = await ask(read);
    expect([first.status, first.headers.get("ratelimit-policy"), first.headers.get("ratelimit")]).toEqual([
      200,
      '"key-reads";q=40;w=60',
      '"key-reads";r=1;t=2',
    ]);
    await ask(read);
    time.nowMs = 1;
    const beyond = await ask(read);
    expect([beyond.status, beyond.headers.get("retry-after"), beyond.headers.get("ratelimit")]).toEqual([
      429,
      "2",
      '"key-reads";r=0;t=3',
    ]);
    expect(await beyond.json()).toMatchObject({
      error: { code: "RATE_LIMITED", details: { limit: "key-reads", retry_after_seconds: 2 } },
    });
    time.nowMs = 2_001;
    expect((await ask(read)).status).toBe(200);
    expect(refused).toEqual(["key-reads"]);
  });

  test("counts reads and writes apart, HEAD as a read, and every key for itself", async () => {
    const { ask } = await limited({ requests: 60, burst: 1 });
    expect((await ask(read, testKey, "HEAD")).status).toBe(200);
    expect((await ask(read)).status).toBe(429);
    expect((await write(ask)).status).not.toBe(429);
    expect((await write(ask)).status).toBe(429);
    expect((await ask(read, otherKey)).status).toBe(200);
  });

  test("writes can have a number of their own, or the only one", async () => {
    const { ask } = await limited({ writes: 1 });
    const free = await ask(read);
    expect([free.status, free.headers.get("ratelimit")]).toEqual([200, null]);
    expect((await write(ask)).headers.get("ratelimit")).toBe('"key-writes";r=0;t=60');
    expect((await write(ask)).headers.get("retry-after")).toBe("60");
  });
});

test("a user has one limit for all sessions, which is that of a key unless it has a number of its own", async () => {
  const { ask } = await limited({ requests: 60, writes: 60, userRequests: 1 });
  expect((await ask(read, "session-1-of-ada")).headers.get("ratelimit-policy")).toBe('"user-reads";q=1;w=60');
  expect((await ask(read, "session-2-of-ada")).status).toBe(429);
  expect((await write(ask, "session-2-of-ada")).headers.get("ratelimit-policy")).toBe('"user-writes";q=1;w=60');
  expect((await ask(read, "session-1-of-bob")).status).toBe(200);
  expect((await ask(read)).headers.get("ratelimit-policy")).toBe('"key-reads";q=60;w=60');
  const { ask: askAsKey } = await limited({ requests: 60, writes: 7 });
  expect((await askAsKey(read, "session-1-of-ada")).headers.get("ratelimit-policy")).toBe('"user-reads";q=60;w=60');
  expect((await write(askAsKey, "session-1-of-ada")).headers.get("ratelimit-policy")).toBe('"user-writes";q=7;w=60');
});

test("an organization lowers its limit, from the next request on, and cannot raise it", async () => {
  let own: number | undefined = 5;
  const policies = async (numbers: RateLimitNumbers, asynchronous: boolean) => {
    const perMinute = () => (asynchronous ? Promise.resolve(own) : own);
    const { ask } = await limited(numbers, asynchronous, undefined, { perMinute });
    const seen = [];
    for (own of [5, 3, 50, undefined]) seen.push((await ask(read)).headers.get("ratelimit-policy"));
    return seen;
  };
  const named = (perMinute: number) => `"organization-reads";q=${perMinute};w=60`;
  expect(await policies({}, false)).toEqual([named(5), named(3), named(50), null]);
  expect(await policies({ organizationRequests: 20 }, true)).toEqual([named(5), named(3), named(20), named(20)]);
});

test("an organization's limit holds for all its keys together, and a store may answer later", async () => {
  const { ask, refused } = await limited({ requests: 600, organizationRequests: 2 }, true);
  expect((await ask(read)).headers.get("ratelimit")).toBe('"key-reads";r=59;t=1, "organization-reads";r=1;t=30');
  expect((await ask(read, otherKey)).status).toBe(200);
  const beyond = await ask(read);
  expect([beyond.status, beyond.headers.get("retry-after")]).toEqual([429, "30"]);
  expect(refused).toEqual(["organization-reads"]);
});

test("guesses beyond the limit are refused, and a good key at the same address never is", async () => {
  const { ask, time, refused } = await limited({ failedAuthentications: 3 });
  const bad = `sk_test_${"b".repeat(43)}`;
  for (let at = 0; at < 100; at += 1) expect((await ask(read)).status).toBe(200);
  for (let at = 0; at < 3; at += 1) expect((await ask(read, bad)).status).toBe(401);
  const beyond = await ask(read, bad);
  expect([beyond.status, beyond.headers.get("retry-after")]).toEqual([429, "20"]);
  expect((await ask(read)).status).toBe(200);
  time.nowMs = 20_000;
  expect((await ask(read, bad)).status).toBe(401);
  expect(refused).toEqual(["failed-auth"]);
});

test("probes and metrics are never limited", async () => {
  const { ask, app } = await limited({ requests: 1, organizationRequests: 1, failedAuthentications: 1 });
  for (const path of ["/health", "/ready", "/live", "/metrics"]) {
    for (const key of [testKey, testKey, testKey, "bad", "bad", "bad"]) await ask(path, key);
  }
  expect(app.answered.map(({ status }) => status)).toEqual(Array(24).fill(200));
});

test("where nothing is limited, nothing is asked", async () => {
  const { limits, ask } = await limited({ failedAuthentications: 0, burst: 1 });
  expect(limits).toEqual({ admit: undefined, admitFailure: undefined });
  expect((await ask(read)).headers.get("ratelimit-policy")).toBeNull();
});

test("the burst is a tenth of the minute, at least ten, and never more than the minute", () => {
  expect([1, 5, 60, 500, 6_000].map(defaultBurst)).toEqual([1, 5, 10, 50, 600]);
});

test("the client of the SDK waits as long as it is told and then succeeds", async () => {
  // Time stands still until the refusal, and then passes as it does: so the second request is surely refused.
  let refusedAtMs: number | undefined;
  const { app, time } = await limited({ requests: 60, burst: 1 }, false, () => {
    refusedAtMs ??= performance.now();
  });
  Object.defineProperty(time, "nowMs", {
    get: () => (refusedAtMs === undefined ? 0 : Math.floor(performance.now() - refusedAtMs)),
  });
  const client = new CostOpsClient({ baseUrl: app.url, apiKey: testKey });
  await client.usage.explain("a");
  await client.usage.explain("a");
  expect(app.answered.map(({ status }) => status)).toEqual([200, 429, 200]);
});
