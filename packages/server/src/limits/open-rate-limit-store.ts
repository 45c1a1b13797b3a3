import { randomUUID } from "node:crypto";
import { leasedRateLimitStore } from "./rate-limit-store.leased.ts";
import { memoryRateLimitStore } from "./rate-limit-store.memory.ts";
import type { RateLimitStore } from "./rate-limit-store.ts";
import type { SharedBuckets } from "./shared-buckets.ts";

const maintainedEveryMs = 1_000;

export interface OpenedRateLimitStore extends RateLimitStore {
  close(): Promise<void>;
}

/** Where the buckets are: in Redis if it is given, else in PostgreSQL if that is given, else in this process. */
export async function openRateLimitStore(parts: {
  /** `redis://…` or `rediss://…` */
  readonly redisUrl?: string | undefined;
  /** The address of a database with its schema. */
  readonly postgresUrl?: string | undefined;
  /** Whole milliseconds of a clock that does not go back. */
  readonly clock: () => number;
  /** Told when the shared store cannot be reached and this process limits by itself, once until it is back. */
  readonly onAway?: (error: unknown) => void;
  readonly onBack?: () => void;
}): Promise<OpenedRateLimitStore> {
  const shared = await openShared(parts.redisUrl, parts.postgresUrl);
  if (shared === undefined) return { ...memoryRateLimitStore(parts), close: async () => undefined };
  const { clock, onAway, onBack } = parts;
  const store = leasedRateLimitStore({
    shared,
    processId: randomUUID(),
    clock,
    ...(onAway && { onAway }),
    ...(onBack && { onBack }),
  });
  let maintaining: Promise<void> | undefined;
  const maintain = (): void => {
    maintaining ??= store.maintain().finally(() => {
      maintaining = undefined;
    });
  };
  const timer = setInterval(maintain, maintainedEveryMs).unref();
  maintain();
  return {
    take: store.take,
    close: async () => {
      clearInterval(timer);
      await maintaining;
      await store.close();
    },
  };
}

/** Neither library is loaded where nothing is shared. */
async function openShared(
  redisUrl: string | undefined,
  postgresUrl: string | undefined,
): Promise<SharedBuckets | undefined> {
  if (redisUrl !== undefined) return (await import("./shared-buckets.redis.ts")).redisBuckets({ url: redisUrl });
  if (postgresUrl === undefined) return undefined;
  return (await import("./shared-buckets.postgres.ts")).postgresBuckets({ url: postgresUrl });
}
