import type { OpenStores } from "./rate-limit-store.contract.ts";
import { leasedRateLimitStore } from "./rate-limit-store.leased.ts";
import type { LeaseAnswer, LeaseAsk, SharedBuckets } from "./shared-buckets.ts";
import { leaseMs, processLifeMs } from "./shared-buckets.ts";

interface Lease {
  readonly tokens: number;
  readonly endsAtMs: number;
}

interface SharedBucket {
  spent: number;
  atMs: number;
  readonly leases: Map<string, Lease>;
}

const request = 60_000;

/** The rules of shared buckets, written to be read: what PostgreSQL and Redis must answer. */
export function modelBuckets(clock: () => number): SharedBuckets {
  const buckets = new Map<string, SharedBucket>();
  const seenAtMs = new Map<string, number>();

  const answer = (processId: string, ask: LeaseAsk): LeaseAnswer => {
    const { perMinute, burst } = ask.allowance;
    const nowMs = clock();
    const bucket = buckets.get(ask.bucket) ?? { spent: 0, atMs: nowMs, leases: new Map() };
    buckets.set(ask.bucket, bucket);
    const lease = bucket.leases.get(processId);
    const mine = lease !== undefined && lease.endsAtMs > nowMs ? lease.tokens : 0;
    const kept = Math.min(ask.keep, mine);
    const back = Math.min(ask.giveBack, mine - kept);
    // What is on lease may be used until its end, or was used until the process fell idle: the bucket fills beside it.
    const ends = [...bucket.leases.values()].flatMap(({ tokens, endsAtMs }) =>
      endsAtMs <= nowMs ? [{ tokens, atMs: endsAtMs }] : [],
    );
    ends.push({ tokens: mine - kept - back, atMs: nowMs - ask.idleMs });
    let leased = [...bucket.leases.values()].reduce((sum, { tokens }) => sum + tokens, 0);
    let atMs = Math.min(bucket.atMs, nowMs);
    const fillTo = (toMs: number): void => {
      bucket.spent = Math.max(leased * request, bucket.spent - Math.max(0, toMs - atMs) * perMinute);
      atMs = Math.max(atMs, toMs);
    };
    for (const end of ends.sort((a, b) => a.atMs - b.atMs)) {
      fillTo(end.atMs);
      leased -= end.tokens;
    }
    fillTo(nowMs);
    bucket.atMs = nowMs;
    bucket.spent -= back * request;
    const available = Math.max(0, Math.floor((burst * request - bucket.spent) / request));
    const granted = Math.min(ask.want, Math.max(ask.need, Math.ceil(available / 2)), available);
    bucket.spent += granted * request;
    for (const [id, { endsAtMs }] of bucket.leases) if (endsAtMs <= nowMs) bucket.leases.delete(id);
    bucket.leases.delete(processId);
    if (kept + granted > 0) bucket.leases.set(processId, { tokens: kept + granted, endsAtMs: nowMs + leaseMs });
    return { kept, granted, spent: bucket.spent };
  };

  return {
    lease: async (processId, asks) => asks.map((ask) => answer(processId, ask)),
    countProcesses: async (processId) => {
      const nowMs = clock();
      seenAtMs.set(processId, nowMs);
      return [...seenAtMs.values()].filter((at) => at > nowMs - processLifeMs).length;
    },
    close: async () => undefined,
  };
}

/**
 * Stores of several processes, whose clocks and the shared one begin at different times. They share one connection, on
 * which asks take effect in the order of the simulated time.
 */
export const leasing =
  (open: (clock: () => number) => Promise<SharedBuckets>): OpenStores =>
  async (clock, processes) => {
    const opened = await open(() => 1_750_000_000_000 + clock());
    let users = processes;
    const close = async (): Promise<void> => {
      users -= 1;
      if (users === 0) await opened.close();
    };
    const shared = { ...opened, close };
    return Array.from({ length: processes }, (_, at) =>
      leasedRateLimitStore({
        shared,
        processId: `${at}`,
        clock: () => clock() - at * 77_777,
        onAway: (error) => {
          throw error;
        },
      }),
    );
  };
