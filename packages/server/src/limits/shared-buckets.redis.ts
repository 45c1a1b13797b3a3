import { createClient, defineScript } from "redis";
import { countScript, leaseScript } from "./lease-script.ts";
import {
  answerTimeoutMs,
  inTime,
  type LeaseAnswer,
  leaseMs,
  processLifeMs,
  type SharedBuckets,
} from "./shared-buckets.ts";

type Parser = Parameters<ReturnType<typeof defineScript>["parseCommand"]>[0];

const script = (text: string) =>
  defineScript({
    SCRIPT: text,
    NUMBER_OF_KEYS: 1,
    parseCommand(parser: Parser, key: string, values: readonly (string | number)[]) {
      parser.pushKey(key);
      parser.push(...values.map(String));
    },
    transformReply: (reply: unknown) => reply,
  });

const scripts = {
  lease: script(leaseScript),
  count: script(countScript),
};

/**
 * Buckets in Redis 6 or newer (https://redis.io/docs/latest/develop/programmability/eval-intro/), each a key of its own,
 * so that a cluster can hold them. Asks are refused at once while the connection is down; it is sought again for ever.
 */
export function redisBuckets(parts: {
  /** `redis://user:password@host:port/database`, or `rediss://…` for TLS. */
  readonly url: string;
  readonly keyPrefix?: string;
  /** Stands in for Redis' clock. */
  readonly clock?: () => number;
  readonly timeoutMs?: number;
}): SharedBuckets {
  const { clock, timeoutMs = answerTimeoutMs, keyPrefix = "cost-ops:limits:" } = parts;
  const client = createClient({
    url: parts.url,
    name: "llm-cost-ops",
    scripts,
    keyPrefix,
    disableOfflineQueue: true,
    // A connection on which nothing comes back is given up, by which the client notices that a machine is gone.
    pingInterval: 5_000,
    socket: {
      connectTimeout: 2_000,
      socketTimeout: 10_000,
      reconnectStrategy: (retries) => Math.min(2_000, 50 * 2 ** Math.min(retries, 6)),
    },
  });
  let problem: Error | undefined;
  client.on("error", (error: Error) => {
    problem = error;
  });
  client.on("ready", () => {
    problem = undefined;
  });
  const connected = client.connect().catch((error: Error) => {
    problem = error;
  });

  const answered = <Reply>(ask: () => Promise<Reply>): Promise<Reply> => {
    const found = (async () => {
      if (!client.isReady && problem === undefined) await connected;
      if (!client.isReady) throw problem ?? new Error("Redis is not connected");
      return ask();
    })();
    return inTime(found, timeoutMs, () => problem ?? new Error(`Redis did not answer within ${timeoutMs} ms`));
  };
  const nowMs = (): number => clock?.() ?? -1;

  return {
    lease: (processId, asks) =>
      answered(() =>
        Promise.all(
          asks.map(async ({ bucket, allowance, keep, giveBack, idleMs, need, want }): Promise<LeaseAnswer> => {
            const { perMinute, burst } = allowance;
            const numbers = [leaseMs, perMinute, burst, keep, giveBack, idleMs, need, want, nowMs()];
            const reply = await client.lease(bucket, [processId, ...numbers]);
            const [kept, granted, spent] = reply as [number, number, number];
            return { kept, granted, spent };
          }),
        ),
      ),
    countProcesses: (processId) =>
      answered(async () => Number(await client.count("processes", [processId, processLifeMs, nowMs()]))),
    async close() {
      client.destroy();
    },
  };
}
