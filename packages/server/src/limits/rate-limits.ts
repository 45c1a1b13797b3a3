import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import { clientNetwork } from "./client-network.ts";
import type { OrganizationLimits } from "./organization-limits.ts";
import type { QuantityLimitName } from "./quantity-limit.ts";
import type { Awaitable, BucketAsk, RateLimitStore } from "./rate-limit-store.ts";
import type { Allowance, BucketAnswer } from "./token-bucket.ts";

/** Requests a minute; a limit that is absent does not limit. */
export interface RateLimitNumbers {
  /** Per API key: reads, and writes unless `writes` is given. */
  readonly requests?: number | undefined;
  /** Per API key: writes. */
  readonly writes?: number | undefined;
  /** Per user, with all sessions together: reads and writes, each; as many as for a key if absent. */
  readonly userRequests?: number | undefined;
  /** Everybody of an organization together: reads and writes, each. An organization may allow itself less. */
  readonly organizationRequests?: number | undefined;
  /** How many requests at once; see `defaultBurst` if absent. */
  readonly burst?: number | undefined;
  /** Failed authentications per client address. */
  readonly failedAuthentications?: number | undefined;
}

/** The limits by their names in headers, errors and metrics. */
export type LimitName =
  | "key-reads"
  | "key-writes"
  | "user-reads"
  | "user-writes"
  | "organization-reads"
  | "organization-writes"
  | "failed-auth"
  | QuantityLimitName;

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

interface Limit {
  readonly name: LimitName;
  readonly allowance: Allowance;
}

/** The limits of one kind of request, by whom they count. */
interface Limits {
  readonly key: Limit | undefined;
  readonly user: Limit | undefined;
  /** The limit of an organization that allows itself so much. */
  readonly organization: (ownPerMinute: number | undefined) => Limit | undefined;
  readonly message: string;
}

/** Organizations with numbers of their own are few, and each number has one allowance. */
const allowancesMax = 1_000;

/**
 * The limits of one server. Reads (GET and HEAD) and writes have buckets of their own, so that a busy dashboard never
 * stops the recording of usage. A key has a bucket, a user has one for all sessions, and so has everybody of an
 * organization together, which may lower that limit but not raise it.
 */
export function createRateLimits(parts: {
  readonly numbers: RateLimitNumbers;
  readonly store: RateLimitStore;
  /** What organizations set for themselves; nobody does if absent. */
  readonly organizations?: Pick<OrganizationLimits, "perMinute">;
  readonly onRefused?: (limit: LimitName) => void;
}): RateLimits {
  const { numbers, store, organizations } = parts;
  const limit = (name: LimitName, perMinute: number | undefined): Limit | undefined =>
    perMinute ? { name, allowance: { perMinute, burst: numbers.burst ?? defaultBurst(perMinute) } } : undefined;
  const ofOrganization = (name: LimitName): Limits["organization"] => {
    const common = numbers.organizationRequests || undefined;
    const byNumber = new Map<number | undefined, Limit | undefined>();
    return (own) => {
      const perMinute = own === undefined ? common : Math.min(own, common ?? own);
      let found = byNumber.get(perMinute);
      if (found === undefined && perMinute !== undefined) {
        if (byNumber.size >= allowancesMax) byNumber.clear();
        found = limit(name, perMinute);
        byNumber.set(perMinute, found);
      }
      return found;
    };
  };
  const { requests, writes: keyWrites = requests, userRequests } = numbers;
  const reads: Limits = {
    key: limit("key-reads", requests),
    user: limit("user-reads", userRequests ?? requests),
    organization: ofOrganization("organization-reads"),
    message: "There were too many reads.",
  };
  const writes: Limits = {
    key: limit("key-writes", keyWrites),
    user: limit("user-writes", userRequests ?? keyWrites),
    organization: ofOrganization("organization-writes"),
    message: "There were too many writes.",
  };

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

  const free: Admission = { headers: {}, refusal: undefined };
  const failures = numbers.failedAuthentications;

  const admitAs = (caller: Caller, limits: Limits, ownPerMinute: number | undefined): Awaitable<Admission> => {
    const { principal, organizationId } = caller;
    const personal = principal.kind === "user" ? limits.user : limits.key;
    const common = limits.organization(ownPerMinute);
    const asks: BucketAsk[] = [];
    if (personal !== undefined) {
      asks.push({ limit: personal.name, allowance: personal.allowance, caller: principal.id });
    }
    if (common !== undefined) asks.push({ limit: common.name, allowance: common.allowance, caller: organizationId });
    return asks.length === 0 ? free : take(asks, limits.message);
  };

  const isLimited = [requests, keyWrites, userRequests, numbers.organizationRequests].some(Boolean);

  return {
    admit:
      !isLimited && organizations === undefined
        ? undefined
        : (caller, method) => {
            const limits = method === "GET" || method === "HEAD" ? reads : writes;
            const own = organizations?.perMinute(caller.organizationId);
            return own instanceof Promise
              ? own.then((perMinute) => admitAs(caller, limits, perMinute))
              : admitAs(caller, limits, own);
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
