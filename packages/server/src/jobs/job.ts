/** A piece of work that survives restarts. `payload` is JSON; a handler may run more than once and must not mind. */
export interface Job {
  readonly organizationId: string;
  readonly id: string;
  readonly kind: string;
  readonly payload: unknown;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/**
 * Does a job's work. Between its steps it calls `signal.throwIfAborted()`: an interrupted job is taken up again later,
 * here or by another process, without counting as a failure.
 */
export type JobHandler = (job: Job, signal: AbortSignal) => Promise<void>;

export interface NewJob {
  readonly organizationId: string;
  readonly kind: string;
  readonly payload: unknown;
  /** Milliseconds since the epoch; at once if absent. */
  readonly runAtMs?: number;
}

/** How long a job belongs to its worker without being renewed; then the worker counts as gone and another may take it. */
export const leaseMs = 60_000;

export const attemptsMax = 8;

/** How long finished jobs are kept for people to look at. */
export const keptMs = 7 * 86_400_000;

/** The pause before the next attempt: 1 s, 4 s, 16 s … at most 15 minutes. */
export function backoffMs(failedAttempts: number): number {
  return Math.min(1_000 * 4 ** (failedAttempts - 1), 15 * 60_000);
}
