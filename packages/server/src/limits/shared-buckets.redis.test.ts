import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import { describeRateLimitStore } from "./rate-limit-store.contract.ts";
import { type RedisUnderTest, startRedis } from "./redis-fixture.ts";
import { describeSharedBuckets } from "./shared-buckets.contract.ts";
import { redisBuckets } from "./shared-buckets.redis.ts";
import { leasing } from "./shared-buckets-fixture.ts";

/** What the stores answer is tested here, and not how soon. */
const timeoutMs = 30_000;

let redis: RedisUnderTest;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describeSharedBuckets("Redis", async (connections, clock) => {
  const keyPrefix = `${randomUUID()}:`;
  return Array.from({ length: connections }, () =>
    redisBuckets({ url: redis.url, keyPrefix, timeoutMs, ...(clock && { clock }) }),
  );
});

describeRateLimitStore(
  "Redis, on lease",
  leasing(async (clock) => redisBuckets({ url: redis.url, keyPrefix: `${randomUUID()}:`, clock, timeoutMs })),
  {
    processesMax: 3,
    runs: 40,
  },
);
