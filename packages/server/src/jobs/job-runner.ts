import type { Store } from "../store/operation.ts";
import { type Job, type JobHandler, leaseMs } from "./job.ts";
import { type AttemptEnd, type ClaimedJob, claimJob, finishJob, renewJob } from "./job-queue.sql.ts";

/** How long a server without known work waits before it looks whether another process queued some. */
const idleMs = 30_000;
const errorCharsMax = 2_000;

export interface JobRunnerParts {
  readonly store: Store;
  readonly handlers: Readonly<Record<string, JobHandler>>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told of every attempt that failed. */
  readonly onFailure?: (job: Job, error: unknown) => void;
}

export interface JobRunner {
  readonly start: () => void;
  /** To be called after something was queued in this process, so that it begins at once. */
  readonly wake: () => void;
  /** Resolves once nothing is under way and nothing is due: for a process that ends after what it was asked. */
  readonly idle: () => Promise<void>;
  /** Interrupts the running job between its steps, gives it back and takes no other. */
  readonly stop: () => Promise<void>;
}

/**
 * Works off the queue, one job at a time, so that jobs never crowd out requests. It sleeps until it is woken, until the
 * next job is due, or for half a minute, and asks the database nothing in between.
 */
export function createJobRunner({ store, handlers, clock, onFailure }: JobRunnerParts): JobRunner {
  const kinds = Object.keys(handlers);
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let loop: Promise<void> | undefined;
  let woken = false;

  const run = async (job: Job): Promise<void> => {
    const attempt = { organizationId: job.organizationId, id: job.id, attempt: job.attempt };
    const renewal = setInterval(() => {
      // A renewal that fails is made up for by the next one, or the lease runs out as it should.
      store.run(renewJob, attempt).catch(() => undefined);
    }, leaseMs / 3).unref();
    let end: AttemptEnd = { kind: "done" };
    try {
      const handler = handlers[job.kind];
      if (handler === undefined) throw new Error(`no handler for jobs of kind ${job.kind}`);
      stopping.signal.throwIfAborted();
      await handler(job, stopping.signal);
    } catch (thrown) {
      if (stopping.signal.aborted) {
        end = { kind: "interrupted" };
      } else {
        end = {
          kind: "failed",
          error: String(thrown instanceof Error ? thrown.message : thrown).slice(0, errorCharsMax),
        };
        onFailure?.(job, thrown);
      }
    } finally {
      clearInterval(renewal);
    }
    await store.run(finishJob, { ...attempt, end });
  };

  const work = async (): Promise<void> => {
    let next: number | null = null;
    do {
      woken = false;
      let claimed: ClaimedJob = await store.run(claimJob, { kinds });
      while (claimed.job !== null) {
        await run(claimed.job);
        if (stopping.signal.aborted) return;
        claimed = await store.run(claimJob, { kinds });
      }
      next = claimed.nextDueMs;
    } while (woken && !stopping.signal.aborted);
    const pauseMs = next === null ? idleMs : Math.min(Math.max(next - clock(), 0) + 1, idleMs);
    if (!stopping.signal.aborted) timer = setTimeout(begin, pauseMs).unref();
  };

  function begin(): void {
    if (stopping.signal.aborted || kinds.length === 0) return;
    woken = true;
    if (loop !== undefined) return;
    clearTimeout(timer);
    loop = work()
      .catch(() => {
        // The store did not answer (it may be stopping); the queue is still there for the next look.
        woken = false;
        if (!stopping.signal.aborted) timer = setTimeout(begin, idleMs).unref();
      })
      .finally(() => {
        loop = undefined;
        if (woken) begin();
      });
  }

  return {
    start: begin,
    wake: begin,
    async idle() {
      while (loop !== undefined) await loop;
    },
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await loop;
    },
  };
}
