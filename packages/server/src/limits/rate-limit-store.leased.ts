import { memoryRateLimitStore } from "./rate-limit-store.memory.ts";
import type { BucketAsk, RateLimitStore } from "./rate-limit-store.ts";
import { type LeaseAnswer, type LeaseAsk, leaseMs, type SharedBuckets } from "./shared-buckets.ts";
import type { Allowance, BucketAnswer } from "./token-bucket.ts";

/** A process takes tokens for as long as this at its recent speed: a slow caller gets one for each request. */
const aheadMs = 1_000;
/** Unused tokens are given back after so long without a request. */
const idleMs = 1_000;
const probeMs = 1_000;
const forgetMs = 60_000;
/** Others that came and went while a request waited can take what was brought for it; not for ever. */
const attemptsMax = 4;
/** A trip for more would keep the others waiting: PostgreSQL takes about 0.1 ms for each bucket. */
const tripMax = 500;
const request = 60_000;

export interface LeasedRateLimitStore extends RateLimitStore {
  /** Gives back what lies idle, forgets who has gone and counts the processes: to be called about once a second. */
  maintain(): Promise<void>;
  /** Gives back everything. */
  close(): Promise<void>;
}

/** What this process knows of one bucket. */
interface Entry {
  readonly bucket: string;
  allowance: Allowance;
  tokens: number;
  /** Tokens that are not used any more and that the store does not know of yet. */
  returned: number;
  endsAtMs: number;
  usedAtMs: number;
  /** Until then nobody asks for more: there is none. */
  deniedUntilMs: number;
  /** The bucket as the store last told of it. */
  spent: number;
  toldAtMs: number;
  /** Used since then. */
  used: number;
  perMs: number;
  /** How many tokens the last trip left here; below a third of it more are fetched in advance. */
  filled: number;
  isGoing: boolean;
}

interface Waiting {
  readonly asks: readonly BucketAsk[];
  readonly entries: readonly Entry[];
  attempts: number;
  readonly resolve: (answers: readonly BucketAnswer[]) => void;
}

/**
 * Buckets that several processes share, of which each holds tokens on lease: most requests are answered at once from
 * these, and one trip to the store serves all that wait. While the store is away each process admits its share of every
 * limit, by the number of processes that were last counted, and looks for the store once a second; no request waits.
 */
export function leasedRateLimitStore(parts: {
  readonly shared: SharedBuckets;
  /** Differs from every other process's, also from that of an earlier one. */
  readonly processId: string;
  /** Milliseconds of a clock that does not go back; it need not agree with anybody else's. */
  readonly clock: () => number;
  /** Buckets that are remembered of each limit. */
  readonly callersMax?: number;
  readonly onAway?: (error: unknown) => void;
  readonly onBack?: () => void;
}): LeasedRateLimitStore {
  const { shared, processId, clock, callersMax = 100_000 } = parts;
  const limits = new Map<string, Map<string, Entry>>();
  const alone = memoryRateLimitStore({ clock, callersMax });
  let processes = 1;
  let away: { probeAtMs: number } | undefined;
  const waiting: Waiting[] = [];
  const wishes = new Set<Entry>();
  let flight: Promise<void> | undefined;

  const find = ({ limit, caller, allowance }: BucketAsk, nowMs: number): Entry => {
    let callers = limits.get(limit);
    if (callers === undefined) {
      callers = new Map();
      limits.set(limit, callers);
    }
    let entry = callers.get(caller);
    if (entry === undefined) {
      // Whoever is forgotten loses its tokens, which is strict, and is told the truth by the store when it comes again.
      if (callers.size >= callersMax) callers.delete(callers.keys().next().value as string);
      entry = newEntry(`${limit} ${caller}`, allowance, nowMs);
      callers.set(caller, entry);
    } else if (nowMs >= entry.endsAtMs) entry.tokens = 0;
    if (entry.allowance !== allowance) followAllowance(entry, allowance);
    return entry;
  };

  const consume = (entries: readonly Entry[], nowMs: number): void => {
    for (const entry of entries) {
      entry.tokens -= 1;
      entry.used += 1;
      entry.usedAtMs = nowMs;
      const isShort = entry.tokens * 3 < entry.filled || (entry.tokens > 0 && entry.endsAtMs - nowMs < leaseMs / 3);
      if (entry.filled > 1 && isShort && nowMs >= entry.deniedUntilMs) wishes.add(entry);
    }
    if (wishes.size > 0) void fly();
  };

  /** Answers where that takes no trip. */
  const answerHere = (entries: readonly Entry[], nowMs: number): readonly BucketAnswer[] | undefined => {
    let isDenied = false;
    let isReady = true;
    for (const entry of entries) {
      if (entry.tokens > 0) continue;
      isReady = false;
      if (nowMs < entry.deniedUntilMs) isDenied = true;
    }
    if (isReady) {
      consume(entries, nowMs);
      return entries.map((entry) => admitted(entry, nowMs));
    }
    return isDenied ? entries.map((entry) => refusedOrNot(entry, nowMs)) : undefined;
  };

  const answerAlone = (asks: readonly BucketAsk[]): readonly BucketAnswer[] =>
    alone.take(asks.map((ask) => ({ ...ask, allowance: shareOf(ask.allowance, processes) }))) as BucketAnswer[];

  const settle = (each: Waiting): void => {
    const nowMs = clock();
    for (const entry of each.entries) if (nowMs >= entry.endsAtMs) entry.tokens = 0;
    const here = answerHere(each.entries, nowMs);
    each.attempts += 1;
    if (here !== undefined) each.resolve(here);
    else if (each.attempts < attemptsMax) waiting.push(each);
    else each.resolve(each.entries.map((entry) => refusedOrNot({ ...entry, deniedUntilMs: nowMs + 1 }, nowMs)));
  };

  /** What one trip asks for: what the waiting need, and more where that was used up quickly. */
  const asksFor = (served: readonly Waiting[], wished: ReadonlySet<Entry>, nowMs: number): readonly Asked[] => {
    const needs = new Map<Entry, number>();
    for (const { entries } of served) for (const entry of entries) needs.set(entry, (needs.get(entry) ?? 0) + 1);
    for (const entry of wished) if (!needs.has(entry)) needs.set(entry, 0);
    const asked: Asked[] = [];
    for (const [entry, count] of needs) {
      if (nowMs >= entry.endsAtMs) entry.tokens = 0;
      const { allowance, tokens } = entry;
      const need = Math.max(0, count - tokens);
      if (need === 0 && !wished.has(entry)) continue;
      const isGoing = entry.isGoing && need === 0;
      entry.isGoing = false;
      if (isGoing) {
        entry.returned += tokens;
        entry.tokens = 0;
      }
      const ahead = Math.min(Math.floor(entry.perMs * aheadMs), Math.floor(allowance.burst / 4));
      asked.push({
        entry,
        ask: {
          bucket: entry.bucket,
          allowance,
          keep: entry.tokens,
          giveBack: entry.returned,
          // Whole milliseconds of two clocks: one less is surely not too long.
          idleMs: Math.max(0, Math.floor(nowMs - entry.usedAtMs) - 1),
          need,
          want: isGoing ? 0 : Math.max(need, count + ahead - tokens),
        },
      });
    }
    // Everybody locks in the same order.
    return asked.sort((a, b) => (a.entry.bucket < b.entry.bucket ? -1 : 1));
  };

  const trip = async (): Promise<void> => {
    const served = waiting.splice(0, tripMax);
    const wished = new Set([...wishes].slice(0, tripMax));
    for (const entry of wished) wishes.delete(entry);
    const sentAtMs = clock();
    const asked = asksFor(served, wished, sentAtMs);
    try {
      const answers =
        asked.length === 0
          ? []
          : await shared.lease(
              processId,
              asked.map(({ ask }) => ask),
            );
      const nowMs = clock();
      for (const [at, each] of asked.entries()) takeIn(each, answers[at] as LeaseAnswer, sentAtMs, nowMs);
    } catch (error) {
      leave(error);
      // Whoever queued meanwhile would only wait for the same failure.
      wishes.clear();
      for (const each of [...served, ...waiting.splice(0)]) each.resolve(answerAlone(each.asks));
      return;
    }
    for (const each of served) settle(each);
  };

  /** One trip at a time; those who come meanwhile share the next one. */
  const fly = (): Promise<void> => {
    flight ??= (async () => {
      // Everybody who comes in this turn shares the first trip.
      await Promise.resolve();
      try {
        while (waiting.length > 0 || wishes.size > 0) await trip();
      } finally {
        flight = undefined;
      }
    })();
    return flight;
  };

  const leave = (error: unknown): void => {
    if (away === undefined) parts.onAway?.(error);
    away = { probeAtMs: clock() + probeMs };
  };

  const count = async (): Promise<void> => {
    try {
      processes = Math.max(1, await shared.countProcesses(processId));
      if (away !== undefined) parts.onBack?.();
      away = undefined;
    } catch (error) {
      leave(error);
    }
  };

  return {
    take(asks) {
      const nowMs = clock();
      if (away !== undefined) {
        if (nowMs >= away.probeAtMs) {
          away.probeAtMs = nowMs + probeMs;
          void count();
        }
        return answerAlone(asks);
      }
      const entries = asks.map((ask) => find(ask, nowMs));
      const here = answerHere(entries, nowMs);
      if (here !== undefined) return here;
      return new Promise((resolve) => {
        waiting.push({ asks, entries, attempts: 0, resolve });
        void fly();
      });
    },
    async maintain() {
      const nowMs = clock();
      for (const callers of limits.values()) {
        for (const [caller, entry] of callers) {
          if (nowMs >= entry.endsAtMs) entry.tokens = 0;
          if (entry.tokens > 0 && nowMs - entry.usedAtMs >= idleMs) {
            entry.isGoing = true;
            wishes.add(entry);
          } else if (entry.tokens === 0 && nowMs - Math.max(entry.usedAtMs, entry.toldAtMs) >= forgetMs) {
            callers.delete(caller);
          }
        }
      }
      if (away !== undefined) wishes.clear();
      else await fly();
      if (away === undefined || nowMs >= away.probeAtMs) await count();
    },
    async close() {
      for (const callers of limits.values()) {
        for (const entry of callers.values()) {
          entry.isGoing = true;
          if (entry.tokens > 0) wishes.add(entry);
        }
      }
      if (away === undefined) await fly();
      await shared.close();
    },
  };
}

interface Asked {
  readonly entry: Entry;
  readonly ask: LeaseAsk;
}

const newEntry = (bucket: string, allowance: Allowance, nowMs: number): Entry => ({
  bucket,
  allowance,
  tokens: 0,
  returned: 0,
  endsAtMs: 0,
  // Nothing is known of a lease that it may have had before it was forgotten.
  usedAtMs: nowMs,
  deniedUntilMs: 0,
  spent: 0,
  toldAtMs: nowMs,
  used: 0,
  perMs: 0,
  filled: 0,
  isGoing: false,
});

/** Tokens of another allowance are given back, and whether there are some is asked anew. */
function followAllowance(entry: Entry, allowance: Allowance): void {
  const isSame = isSameAllowance(entry.allowance, allowance);
  entry.allowance = allowance;
  if (isSame) return;
  entry.returned += entry.tokens;
  entry.tokens = 0;
  entry.deniedUntilMs = 0;
}

const isSameAllowance = (a: Allowance, b: Allowance): boolean => a.perMinute === b.perMinute && a.burst === b.burst;

function takeIn({ entry, ask }: Asked, answer: LeaseAnswer, sentAtMs: number, nowMs: number): void {
  const { burst, perMinute } = entry.allowance;
  entry.returned -= ask.giveBack;
  if (!isSameAllowance(entry.allowance, ask.allowance)) {
    // It changed meanwhile.
    entry.returned += answer.granted;
    return;
  }
  const usedMeanwhile = ask.keep - entry.tokens;
  entry.tokens = Math.max(0, answer.kept - usedMeanwhile) + answer.granted;
  // Counted from before the trip: the lease ends here before it ends in the store.
  entry.endsAtMs = sentAtMs + leaseMs;
  entry.perMs = (entry.perMs + entry.used / Math.max(10, nowMs - entry.toldAtMs)) / 2;
  entry.used = 0;
  entry.filled = entry.tokens;
  entry.spent = answer.spent;
  entry.toldAtMs = nowMs;
  if (answer.granted >= Math.max(1, ask.need) || ask.want === 0) return;
  // Until the next token at least, and so long that some have gathered; but not so long that any would be lost.
  const gatherMs = Math.min(20, (burst * 60_000) / perMinute / 8);
  entry.deniedUntilMs = nowMs + Math.min(1_000, Math.max(Math.ceil(gatherMs), retryAfterMs(entry, nowMs)));
}

/** What is spent now, as far as it is known here: others may have spent more since. */
const spentNow = (entry: Entry, nowMs: number): number =>
  Math.max(0, entry.spent - Math.max(0, nowMs - entry.toldAtMs) * entry.allowance.perMinute);

const retryAfterMs = (entry: Entry, nowMs: number): number => {
  const { burst, perMinute } = entry.allowance;
  return Math.max(1, Math.ceil((spentNow(entry, nowMs) + request - burst * request) / perMinute));
};

function admitted(entry: Entry, nowMs: number): BucketAnswer {
  const { burst, perMinute } = entry.allowance;
  const spent = spentNow(entry, nowMs);
  const own = Math.max(0, spent - entry.tokens * request);
  return {
    admitted: true,
    remaining: Math.min(burst, entry.tokens + Math.max(0, Math.floor((burst * request - spent) / request))),
    retryAfterMs: 0,
    fullAfterMs: Math.ceil(own / perMinute),
  };
}

/** The answer of a bucket to a request that one of its buckets refused. */
function refusedOrNot(entry: Entry, nowMs: number): BucketAnswer {
  if (entry.tokens > 0 || nowMs >= entry.deniedUntilMs) return admitted(entry, nowMs);
  const { fullAfterMs } = admitted(entry, nowMs);
  return { admitted: false, remaining: 0, retryAfterMs: retryAfterMs(entry, nowMs), fullAfterMs };
}

/** What one of so many processes may admit by itself: together not more than the limit, but each at least a little. */
const shareOf = ({ perMinute, burst }: Allowance, processes: number): Allowance => ({
  perMinute: Math.max(1, Math.floor(perMinute / processes)),
  burst: Math.max(1, Math.floor(burst / processes)),
});
