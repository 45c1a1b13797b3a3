import { describe, expect, test } from "vitest";
import { describeRateLimitStore } from "./rate-limit-store.contract.ts";
import { memoryRateLimitStore } from "./rate-limit-store.memory.ts";
import type { Allowance, BucketAnswer } from "./token-bucket.ts";

const allowance: Allowance = { perMinute: 60, burst: 2 };

function storeAt(callersMax?: number) {
  const time = { nowMs: 0 };
  const store = memoryRateLimitStore({ clock: () => time.nowMs, ...(callersMax === undefined ? {} : { callersMax }) });
  const take = (caller: string, limit = "l"): BucketAnswer =>
    (store.take([{ limit, allowance, caller }]) as readonly BucketAnswer[])[0] as BucketAnswer;
  return { time, store, take };
}

describe("buckets in memory", () => {
  test("callers and limits do not touch each other", () => {
    const { take } = storeAt();
    take("a");
    take("a");
    expect([take("a").admitted, take("b").admitted, take("a", "other").admitted]).toEqual([false, true, true]);
  });

  test("a request that one limit refuses uses up no other", async () => {
    const { take, store } = storeAt();
    take("key", "key");
    take("key", "key");
    const both = ["key", "organization"].map((limit) => ({ limit, allowance, caller: limit }));
    for (let at = 0; at < 5; at += 1) {
      expect((await store.take(both)).map(({ admitted }) => admitted)).toEqual([false, true]);
    }
    expect(take("organization", "organization").remaining).toBe(1);
  });

  test("remembers at most so many callers, and forgets none whose bucket is not full again", () => {
    const { take, time, store } = storeAt(100_000);
    take("first");
    take("first");
    for (let at = 0; at < 200_000; at += 1) take(`caller ${at}`);
    expect(store.size).toBe(100_000);
    expect(take("first").admitted).toBe(false);

    time.nowMs = 60_000;
    for (let at = 0; at < 50_000; at += 1) take(`later ${at}`);
    expect(store.size).toBeLessThanOrEqual(50_001);
    expect(take("first").remaining).toBe(1);
  });

  test("those who come when all are in use share one bucket, and gain nothing when they get their own", () => {
    const { take, time } = storeAt(1);
    take("resident");
    take("resident");
    expect([take("x").remaining, take("y").remaining, take("x").admitted]).toEqual([1, 0, false]);
    time.nowMs = 1_000;
    take("resident");
    expect([take("x").admitted, take("y").admitted]).toEqual([true, false]);
    // The resident's bucket is full at 3,000 ms and makes room; until then x had what the crowd has.
    time.nowMs = 3_000;
    expect(take("x").remaining).toBe(1);
  });
});

describeRateLimitStore("the memory of one process", async (clock) => [memoryRateLimitStore({ clock })], {
  processesMax: 1,
  runs: 100,
});
