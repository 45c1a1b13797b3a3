import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import pg from "pg";
import { afterEach, expect, test, vi } from "vitest";
import { makeCertificate } from "../http/certificate-fixture.ts";
import { migratePostgres } from "../postgres/migrate.ts";
import { startPostgres } from "../postgres/postgres-fixture.ts";
import { type OpenedRateLimitStore, openRateLimitStore } from "./open-rate-limit-store.ts";
import { leasedRateLimitStore } from "./rate-limit-store.leased.ts";
import { startRedis } from "./redis-fixture.ts";
import { modelBuckets } from "./shared-buckets-fixture.ts";
import type { BucketAnswer } from "./token-bucket.ts";

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

test("without the store each process admits its share, nobody waits for it, and it is looked for once a second", async () => {
  const state = { nowMs: 1_000, isAway: false, asked: 0, told: [] as string[] };
  const model = modelBuckets(() => state.nowMs);
  const reached = <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    state.asked += 1;
    return state.isAway ? Promise.reject(new Error("away")) : ask();
  };
  const open = (processId: string) =>
    leasedRateLimitStore({
      shared: {
        ...model,
        lease: (...asks) => reached(() => model.lease(...asks)),
        countProcesses: (id) => reached(() => model.countProcesses(id)),
      },
      processId,
      clock: () => state.nowMs,
      onAway: () => state.told.push("away"),
      onBack: () => state.told.push("back"),
    });
  const [one, two] = [open("one"), open("two")];
  for (const store of [one, two, one]) await store.maintain();
  const allowance = { perMinute: 60, burst: 6 };
  const take = (store: typeof one, caller: string) => store.take([{ limit: "l", allowance, caller }]);

  state.isAway = true;
  state.asked = 0;
  // The first finds out; of six at once each of two processes has three.
  const first = (await take(one, "a")) as BucketAnswer[];
  expect(first[0]).toMatchObject({ admitted: true, remaining: 2 });
  const others = [take(one, "a"), take(one, "a"), take(one, "a")] as BucketAnswer[][];
  expect(others.map((answers) => answers[0]?.admitted)).toEqual([true, true, false]);
  expect([state.asked, state.told]).toEqual([1, ["away"]]);

  state.nowMs += 1_000;
  for (let at = 0; at < 5; at += 1) take(one, "b");
  await new Promise(setImmediate);
  expect([state.asked, state.told]).toEqual([2, ["away"]]);

  state.isAway = false;
  state.nowMs += 1_000;
  take(one, "b");
  await new Promise(setImmediate);
  expect(state.told).toEqual(["away", "back"]);
  // What is spent of the shared bucket is known again.
  for (let at = 0; at < 6; at += 1) await take(two, "c");
  expect(((await take(one, "c")) as BucketAnswer[])[0]?.admitted).toBe(false);
});

test("a crowd is served in trips of a bounded size, and all of it at once when a trip fails", async () => {
  const state = { isAway: false, sizes: [] as number[] };
  const model = modelBuckets(() => 0);
  const store = leasedRateLimitStore({
    shared: {
      ...model,
      lease: async (processId, asks) => {
        state.sizes.push(asks.length);
        if (state.isAway) throw new Error("away");
        return model.lease(processId, asks);
      },
    },
    processId: "one",
    clock: () => 0,
  });
  const crowd = async (name: string): Promise<number> => {
    const asks = Array.from({ length: 1_200 }, (_, at) => ({ limit: "l", caller: `${name} ${at}` }));
    const answers = await Promise.all(
      asks.map((ask) => store.take([{ ...ask, allowance: { perMinute: 60, burst: 1 } }])),
    );
    return answers.filter(([answer]) => answer?.admitted).length;
  };
  expect([await crowd("a"), state.sizes]).toEqual([1_200, [500, 500, 200]]);
  state.isAway = true;
  expect([await crowd("b"), state.sizes]).toEqual([1_200, [500, 500, 200, 500]]);
});

/** A store that is asked until it was told that it is away, and back; each answer comes, whatever the store does. */
async function openedStore(parts: { readonly redisUrl?: string; readonly postgresUrl?: string }) {
  const told: string[] = [];
  const reasons: unknown[] = [];
  const store: OpenedRateLimitStore = await openRateLimitStore({
    ...parts,
    clock: () => Math.floor(performance.now()),
    onAway: (error) => {
      told.push("away");
      reasons.push(error);
    },
    onBack: () => told.push("back"),
  });
  ending.push(() => store.close());
  let callers = 0;
  return {
    told,
    reasons,
    store,
    until: (words: readonly string[]) =>
      vi.waitFor(
        async () => {
          callers += 1;
          const caller = `caller ${callers}`;
          const [answer] = await store.take([{ limit: "l", allowance: { perMinute: 60, burst: 9 }, caller }]);
          expect(answer?.admitted).toBe(true);
          expect(told).toEqual(words);
        },
        { timeout: 30_000, interval: 50 },
      ),
  };
}

test("Redis may end, hang and come back while a server runs", async () => {
  const redis = await startRedis({ password: "a password / with @ signs" });
  ending.push(() => redis.stop());
  const { until, told } = await openedStore({ redisUrl: redis.url });
  await until([]);
  await redis.interrupt();
  await until(["away"]);
  await redis.start();
  await until(["away", "back"]);
  redis.freeze();
  await until(["away", "back", "away"]);
  redis.thaw();
  await until(["away", "back", "away", "back"]);
  expect(told).toHaveLength(4);
});

test("a server starts without Redis, says why it is away, and finds it when it is there", async () => {
  const redis = await startRedis({ password: "right" });
  ending.push(() => redis.stop());
  await redis.interrupt();
  const late = await openedStore({ redisUrl: redis.url });
  await late.until(["away"]);
  expect(String(late.reasons[0])).toContain("ECONNREFUSED");
  await redis.start();
  await late.until(["away", "back"]);
  const wrong = await openedStore({ redisUrl: redis.url.replace("right", "wrong") });
  await wrong.until(["away"]);
  expect(String(wrong.reasons[0])).toMatch(/WRONGPASS/);
});

test("rediss:// speaks TLS, and with nobody whose certificate is not trusted", async () => {
  const folder = mkdtempSync(join(tmpdir(), "llm-cost-ops-redis-tls-"));
  ending.push(() => rmSync(folder, { recursive: true }));
  const { cert, key } = makeCertificate("localhost");
  const tls = { certPath: join(folder, "cert.pem"), keyPath: join(folder, "key.pem") };
  writeFileSync(tls.certPath, cert);
  writeFileSync(tls.keyPath, key);
  const redis = await startRedis({ tls });
  ending.push(() => redis.stop());
  const distrusting = await openedStore({ redisUrl: redis.url });
  await distrusting.until(["away"]);
  expect(String(distrusting.reasons[0])).toMatch(/self-signed/i);
  const usual = getCACertificates();
  setDefaultCACertificates([...usual, cert]);
  ending.push(() => setDefaultCACertificates(usual));
  const { store, told } = await openedStore({ redisUrl: redis.url });
  const ask = { limit: "l", allowance: { perMinute: 1, burst: 1 }, caller: "a" };
  expect((await store.take([ask]))[0]?.admitted).toBe(true);
  expect((await store.take([ask]))[0]?.admitted).toBe(false);
  expect(told).toEqual([]);
});

test("PostgreSQL may end and come back while a server runs, with what was spent forgotten at worst", async () => {
  const postgres = await startPostgres();
  ending.push(() => postgres.stop());
  const postgresUrl = await postgres.database();
  const owner = new pg.Client({ connectionString: postgresUrl });
  await owner.connect();
  await migratePostgres(owner);
  await owner.end();
  const { until, store } = await openedStore({ postgresUrl });
  const other = await openedStore({ postgresUrl });
  await until([]);
  const ask = { limit: "l", allowance: { perMinute: 1, burst: 2 }, caller: "both" };
  const answers = [];
  for (const each of [store, other.store, store, other.store]) answers.push((await each.take([ask]))[0]?.admitted);
  expect(answers).toEqual([true, true, false, false]);
  await postgres.interrupt();
  await until(["away"]);
  await postgres.start();
  await until(["away", "back"]);
}, 120_000);
