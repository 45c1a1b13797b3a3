import type { KeptQuantityLimits } from "@llm-cost-ops/contract";
import type { Awaitable } from "./rate-limit-store.ts";

/** For how long an organization's own number is trusted: a change holds in every process by then. */
const trustMs = 2_000;
/** An organization that is asked for all the time is read again beside its requests, so that none of them waits. */
const readAgainMs = 1_000;
const rememberedMax = 10_000;

/** What an organization, or its parent, sets for all of its callers together. */
export interface OwnLimits {
  /** Requests a minute. */
  readonly requests?: number | undefined;
  readonly quantities?: KeptQuantityLimits | undefined;
}

/** The limits that organizations set. At once for one that was read lately; undefined where it sets none. */
export interface OrganizationLimits {
  perMinute(organizationId: string): Awaitable<number | undefined>;
  quantities(organizationId: string): Awaitable<KeptQuantityLimits | undefined>;
}

interface Remembered {
  limits: OwnLimits | undefined;
  readAtMs: number;
}

/**
 * Remembers what organizations set. The first request of an organization waits for its limits, and so does the first after
 * a pause; they are read again beside those that follow closely, and stay what they were while they cannot be read.
 */
export function rememberedLimits(parts: {
  readonly read: (organizationId: string) => Promise<OwnLimits | undefined>;
  /** Milliseconds of a clock that does not go back. */
  readonly clock: () => number;
  readonly onFailure?: (error: unknown) => void;
}): OrganizationLimits {
  const known = new Map<string, Remembered>();
  const reading = new Map<string, Promise<OwnLimits | undefined>>();

  const read = (organizationId: string): Promise<OwnLimits | undefined> => {
    const underWay = reading.get(organizationId);
    if (underWay !== undefined) return underWay;
    // Counted from before the read, so that nothing older than the trust is ever used.
    const readAtMs = parts.clock();
    const found = (async () => {
      try {
        const limits = await parts.read(organizationId);
        if (known.size >= rememberedMax) known.delete(known.keys().next().value as string);
        known.set(organizationId, { limits, readAtMs });
        return limits;
      } catch (error) {
        // The limit of a database that is away is nobody's concern; the request itself will say so.
        parts.onFailure?.(error);
        const last = known.get(organizationId);
        // From now on, for a database that does not answer takes longer to fail than anything is trusted.
        if (last !== undefined) last.readAtMs = parts.clock();
        return last?.limits;
      } finally {
        reading.delete(organizationId);
      }
    })();
    reading.set(organizationId, found);
    return found;
  };

  const of = <T>(organizationId: string, pick: (limits: OwnLimits | undefined) => T): Awaitable<T> => {
    const remembered = known.get(organizationId);
    const ageMs = remembered === undefined ? trustMs : parts.clock() - remembered.readAtMs;
    if (remembered === undefined || ageMs >= trustMs) return read(organizationId).then(pick);
    if (ageMs >= readAgainMs) void read(organizationId);
    return pick(remembered.limits);
  };

  return {
    perMinute: (organizationId) => of(organizationId, (limits) => limits?.requests),
    quantities: (organizationId) => of(organizationId, (limits) => limits?.quantities),
  };
}
