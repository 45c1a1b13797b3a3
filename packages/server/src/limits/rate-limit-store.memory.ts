import type { BucketAsk, RateLimitStore } from "./rate-limit-store.ts";
import { type Allowance, type Bucket, bucketAnswer, hasRoom, refill, spendOne } from "./token-bucket.ts";

export interface MemoryRateLimitStore extends RateLimitStore {
  /** How many buckets are remembered, of all limits. */
  readonly size: number;
}

interface Entry {
  readonly caller: string;
  bucket: Bucket;
  older: Entry | undefined;
  newer: Entry | undefined;
}

/**
 * The callers of one limit in the order in which they were last seen. A list beside the map, since a map's first key
 * after many deletions is found by walking over all that was deleted.
 */
class CallerBuckets {
  readonly #entries = new Map<string, Entry>();
  readonly #max: number;
  #oldest: Entry | undefined;
  #newest: Entry | undefined;
  #crowd: Bucket | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A newcomer begins with what the crowd has left: it may have been one of the crowd until now. */
  find(caller: string): Bucket | undefined {
    return this.#entries.get(caller)?.bucket ?? this.#crowd;
  }

  put(caller: string, bucket: Bucket, allowance: Allowance): void {
    const known = this.#entries.get(caller);
    if (known !== undefined) {
      known.bucket = bucket;
      if (known === this.#newest) return;
      this.#unlink(known);
      this.#append(known);
      return;
    }
    // Two go for one that comes, so that what a crowd took is given back after it.
    this.#forgetFull(allowance, bucket.atMs);
    this.#forgetFull(allowance, bucket.atMs);
    if (this.#entries.size >= this.#max) {
      this.#crowd = bucket;
      return;
    }
    const entry: Entry = { caller, bucket, older: undefined, newer: undefined };
    this.#entries.set(caller, entry);
    this.#append(entry);
  }

  /** Forgets the least recently seen caller if its bucket is full: a new one would be the same. */
  #forgetFull(allowance: Allowance, nowMs: number): void {
    const oldest = this.#oldest;
    if (oldest === undefined || refill(allowance, oldest.bucket, nowMs).spent > 0) return;
    this.#entries.delete(oldest.caller);
    this.#unlink(oldest);
  }

  #append(entry: Entry): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry): void {
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
  }
}

/**
 * Buckets in the memory of one process, at most `callersMax` for each limit. A bucket is forgotten only when it is full
 * again, as forgetting any other would admit too much; where all are in use, those who come beyond them share one
 * bucket, which is strict but neither fills the memory nor opens a way around the limit.
 */
export function memoryRateLimitStore(parts: {
  /** Whole milliseconds of a clock that does not go back. */
  readonly clock: () => number;
  readonly callersMax?: number;
}): MemoryRateLimitStore {
  const limits = new Map<string, CallerBuckets>();
  const of = (limit: string): CallerBuckets => {
    let found = limits.get(limit);
    if (found === undefined) {
      found = new CallerBuckets(parts.callersMax ?? 100_000);
      limits.set(limit, found);
    }
    return found;
  };

  return {
    take(asks: readonly BucketAsk[]) {
      const nowMs = parts.clock();
      const before = asks.map(({ limit, allowance, caller }) => refill(allowance, of(limit).find(caller), nowMs));
      const admitted = asks.every(({ allowance }, at) => hasRoom(allowance, before[at] as Bucket));
      return asks.map(({ limit, allowance, caller }, at) => {
        const old = before[at] as Bucket;
        const bucket = admitted ? spendOne(old) : old;
        of(limit).put(caller, bucket, allowance);
        return bucketAnswer(allowance, bucket, admitted || hasRoom(allowance, old));
      });
    },
    get size() {
      let total = 0;
      for (const callers of limits.values()) total += callers.size;
      return total;
    },
  };
}
