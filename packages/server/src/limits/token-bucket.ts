/** A bucket's size and how fast it fills: `burst` requests at once, `perMinute` more in each minute. Both whole, ≥ 1. */
export interface Allowance {
  readonly perMinute: number;
  readonly burst: number;
}

/**
 * How much of a bucket is spent, in 60,000ths of a request: so a millisecond gives back exactly `perMinute` of them and
 * everything is a whole number. With at most 1,000,000 a minute and in one burst the largest is 6 × 10¹⁰.
 */
export interface Bucket {
  readonly spent: number;
  readonly atMs: number;
}

/** What a bucket says to one request. */
export interface BucketAnswer {
  readonly admitted: boolean;
  /** Whole requests that would be admitted at once after this one. */
  readonly remaining: number;
  /** Until a request is admitted, where this one was not; 0 where it was. */
  readonly retryAfterMs: number;
  readonly fullAfterMs: number;
}

const request = 60_000;

/**
 * The bucket as it is at `nowMs`. A clock that went back gives nothing and takes nothing: the bucket fills on from the
 * earlier time, so that nobody is shut out until the clock is where it was.
 */
export function refill(allowance: Allowance, bucket: Bucket | undefined, nowMs: number): Bucket {
  if (bucket === undefined) return { spent: 0, atMs: nowMs };
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  return { spent: Math.max(0, bucket.spent - elapsedMs * allowance.perMinute), atMs: nowMs };
}

/** Whether a refilled bucket has room for one more request. */
export const hasRoom = (allowance: Allowance, bucket: Bucket): boolean =>
  bucket.spent + request <= allowance.burst * request;

/** The bucket after one request that had room. */
export const spendOne = (bucket: Bucket): Bucket => ({ spent: bucket.spent + request, atMs: bucket.atMs });

/** What is left in a bucket after a request was admitted or refused. */
export function bucketAnswer(allowance: Allowance, bucket: Bucket, admitted: boolean): BucketAnswer {
  const size = allowance.burst * request;
  const missing = Math.max(0, bucket.spent + request - size);
  return {
    admitted,
    remaining: Math.floor((size - bucket.spent) / request),
    retryAfterMs: admitted ? 0 : Math.ceil(missing / allowance.perMinute),
    fullAfterMs: Math.ceil(bucket.spent / allowance.perMinute),
  };
}
