import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import { clientNetwork } from "./client-network.ts";
import type { Awaitable, BucketAsk, RateLimitStore } from "./rate-limit-store.ts";
import type { Allowance, BucketAnswer } from "./token-bucket.ts";

/** Requests a minute; a limit that is absent does not limit. */
export interface RateLimitNumbers {
  /** Per API key: reads, and writes unless `writes` is given. */
  readonly requests?: number | undefined;
  /** Per API key: writes. */
  readonly writes?: number | undefined;
  /** All keys of an organization together: reads and writes, each. */
  readonly organizationRequests?: number | undefined;
  /** How many requests at once; see `defaultBurst` if absent. */
  readonly burst?: number | undefined;
  /** Failed authentications per client address. */
  readonly failedAuthentications?: number | undefined;
}

/** The limits by their names in headers, errors and metrics. */
export type LimitName = "key-reads" | "key-writes" | "organization-reads" | "organization-writes" | "failed-auth";

/** Whether a request may go on, and what its answer says of the limits. */
export interface Admission {
  readonly headers: Readonly<Record<string, string>>;
  readonly refusal: Refusal | undefined;
}

export interface RateLimits {
  /** Asked after authentication; undefined where no limit is set, so that the hot path pays nothing. */
  readonly admit: ((caller: Caller, method: string) => Awaitable<Admission>) | undefined;
  /** Asked when authentication failed, with the address of the client; undefined where failures are not limited. */
  readonly admitFailure: ((address: string | undefined) => Awaitable<Admission>) | undefined;
}

/** A tenth of the minute, so that the limit still holds roughly within any minute; but a page that asks a few things at once must load. */
export const defaultBurst = (perMinute: number): number =>
  Math.min(perMinute, Math.max(10, Math.floor(perMinute / 10)));

type CallerPart = "principal" | "organizationId";

interface Limit {
  readonly name: LimitName;
  readonly allowance: Allowance;
  readonly of: CallerPart;
}

/**
 * The limits of one server. Reads (GET and HEAD) and writes have buckets of their own, so that a busy dashboard never
 * stops the recording of usage.
 */
export function createRateLimits(parts: {
  readonly numbers: RateLimitNumbers;
  readonly store: RateLimitStore;
  readonly onRefused?: (limit: LimitName) => void;
}): RateLimits {
  const { numbers, store } = parts;
  const limit = (name: LimitName, of: CallerPart, perMinute: number | undefined): Limit[] =>
    perMinute ? [{ name, of, allowance: { perMinute, burst: numbers.burst ?? defaultBurst(perMinute) } }] : [];
  const reads = [
    ...limit("key-reads", "principal", numbers.requests),
    ...limit("organization-reads", "organizationId", numbers.organizationRequests),
  ];
  const writes = [
    ...limit("key-writes", "principal", numbers.writes ?? numbers.requests),
    ...limit("organization-writes", "organizationId", numbers.organizationRequests),
  ];

  const take = (asks: readonly BucketAsk[], message: string): Awaitable<Admission> => {
    const answers = store.take(asks);
    return answers instanceof Promise
      ? answers.then((found) => admission(asks, found, message))
      : admission(asks, answers, message);
  };

  const admission = (asks: readonly BucketAsk[], answers: readonly BucketAnswer[], message: string): Admission => {
    const headers = rateLimitHeaders(asks, answers);
    const waits = answers.map((answer) => (answer.admitted ? 0 : Math.max(1, Math.ceil(answer.retryAfterMs / 1_000))));
    const seconds = Math.max(0, ...waits);
    if (seconds === 0) return { headers, refusal: undefined };
    const name = asks[waits.indexOf(seconds)]?.limit as LimitName;
    parts.onRefused?.(name);
    const details = { limit: name, retry_after_seconds: seconds };
    return { headers, refusal: new Refusal("RATE_LIMITED", `${message} Try again in ${seconds} s.`, { details }) };
  };

  const asksOf = (limits: readonly Limit[], caller: Caller): BucketAsk[] =>
    limits.map(({ name, allowance, of }) => ({
      limit: name,
      allowance,
      caller: of === "principal" ? caller.principal.id : caller[of],
    }));
  const free: Admission = { headers: {}, refusal: undefined };
  const failures = numbers.failedAuthentications;

  return {
    admit:
      reads.length + writes.length === 0
        ? undefined
        : (caller, method) => {
            const isRead = method === "GET" || method === "HEAD";
            const limits = isRead ? reads : writes;
            if (limits.length === 0) return free;
            return take(asksOf(limits, caller), `There were too many ${isRead ? "reads" : "writes"}.`);
          },
    admitFailure: failures
      ? (address) => {
          // The whole minute at once: a client that was given a wrong key should hear that, not that it is too fast.
          const allowance = { perMinute: failures, burst: failures };
          const ask = { limit: "failed-auth", allowance, caller: clientNetwork(address) };
          return take([ask], "The API key is missing or not valid, and there were too many such requests.");
        }
      : undefined,
  };
}

/**
 * The fields of draft-ietf-httpapi-ratelimit-headers-11 (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/11/):
 * lists of quoted names with the quota `q` of a window of `w` seconds, and what remains, `r`, until all is there again in
 * `t` seconds. `r` counts what is admitted at once, which is never more than the burst.
 */
function rateLimitHeaders(asks: readonly BucketAsk[], answers: readonly BucketAnswer[]): Record<string, string> {
  const policies = asks.map(({ limit, allowance }) => `"${limit}";q=${allowance.perMinute};w=60`);
  const states = answers.map(
    ({ remaining, fullAfterMs }, at) => `"${asks[at]?.limit}";r=${remaining};t=${Math.ceil(fullAfterMs / 1_000)}`,
  );
  return { "ratelimit-policy": policies.join(", "), ratelimit: states.join(", ") };
}
