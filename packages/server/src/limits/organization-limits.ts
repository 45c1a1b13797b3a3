import type { Awaitable } from "./rate-limit-store.ts";

/** For how long an organization's own number is trusted: a change holds in every process by then. */
const trustMs = 2_000;
const rememberedMax = 10_000;

/** How many requests a minute organizations allow themselves. */
export interface OrganizationLimits {
  /** At once for an organization that was asked for lately; undefined where it sets no limit. */
  perMinute(organizationId: string): Awaitable<number | undefined>;
}

interface Remembered {
  perMinute: number | undefined;
  readAtMs: number;
}

/**
 * Remembers what organizations set. Only the first request of an organization waits for its number; it is read again
 * beside later ones, and stays what it was while it cannot be read.
 */
export function rememberedLimits(parts: {
  readonly read: (organizationId: string) => Promise<number | undefined>;
  /** Milliseconds of a clock that does not go back. */
  readonly clock: () => number;
  readonly onFailure?: (error: unknown) => void;
}): OrganizationLimits {
  const known = new Map<string, Remembered>();
  const reading = new Map<string, Promise<number | undefined>>();

  const read = (organizationId: string): Promise<number | undefined> => {
    const underWay = reading.get(organizationId);
    if (underWay !== undefined) return underWay;
    // Counted from before the read, so that nothing older than the trust is ever used.
    const readAtMs = parts.clock();
    const found = (async () => {
      try {
        const perMinute = await parts.read(organizationId);
        if (known.size >= rememberedMax) known.delete(known.keys().next().value as string);
        known.set(organizationId, { perMinute, readAtMs });
        return perMinute;
      } catch (error) {
        // The limit of a database that is away is nobody's concern; the request itself will say so.
        parts.onFailure?.(error);
        const last = known.get(organizationId);
        if (last !== undefined) last.readAtMs = readAtMs;
        return last?.perMinute;
      } finally {
        reading.delete(organizationId);
      }
    })();
    reading.set(organizationId, found);
    return found;
  };

  return {
    perMinute(organizationId) {
      const remembered = known.get(organizationId);
      if (remembered === undefined) return read(organizationId);
      if (parts.clock() - remembered.readAtMs >= trustMs) void read(organizationId);
      return remembered.perMinute;
    },
  };
}
