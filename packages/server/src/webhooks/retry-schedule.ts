const firstPauseMs = 5_000;
const longestPauseMs = 8 * 3_600_000;

/** How long a delivery is tried. */
export const triedMs = 3 * 86_400_000;

/** How long an endpoint may fail without one success before nothing is sent there any more. */
export const failingMs = 5 * 86_400_000;

/**
 * When a delivery that failed is tried next, in UTC milliseconds: after 5 s, 15 s, 45 s … at most 8 hours, each up to a fifth
 * shorter or longer, so that a receiver that comes back is not met by everything at once. Undefined where that would be more
 * than three days after the beginning.
 *
 * @param failed What failed so far, the last attempt included.
 * @param chance From 0 to 1.
 */
export function nextAttemptMs(
  failed: { readonly attempts: number; readonly createdAtMs: number },
  nowMs: number,
  chance: number,
): number | undefined {
  const pauseMs = Math.min(firstPauseMs * 3 ** (failed.attempts - 1), longestPauseMs);
  const atMs = Math.round(nowMs + pauseMs * (0.8 + 0.4 * chance));
  return atMs > failed.createdAtMs + triedMs ? undefined : atMs;
}
