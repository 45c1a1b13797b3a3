import type { Allowance, BucketAnswer } from "./token-bucket.ts";

/** At once from memory, later from a store that several servers share. */
export type Awaitable<T> = T | Promise<T>;

/** One bucket that a request must pass. */
export interface BucketAsk {
  /** The limit's name, the same for all its callers. */
  readonly limit: string;
  readonly allowance: Allowance;
  /** Whose bucket. */
  readonly caller: string;
}

/** Where the buckets are kept. The store has its own clock: servers that share one must not depend on theirs. */
export interface RateLimitStore {
  /**
   * Takes one request from every bucket or, where one of them has no room, from none: a request that one limit refuses
   * must not use up another. Answers in the order of the asks.
   */
  take(asks: readonly BucketAsk[]): Awaitable<readonly BucketAnswer[]>;
}
