import { randomUUID } from "node:crypto";
import type { StoreConnection } from "../store/connection.ts";
import { installationWrite, storeWrite } from "../store/operation.ts";
import { attemptsMax, backoffMs, type Job, keptMs, leaseMs, type NewJob } from "./job.ts";

const waitingJob =
  "SELECT id FROM jobs WHERE status = 'queued' AND organization_id = ? AND kind = ? AND payload = ? AND attempts = 0 LIMIT 1";
const insertJob =
  "INSERT INTO jobs (organization_id, id, kind, payload, status, run_at, attempts, created_at) VALUES (?, ?, ?, ?, 'queued', ?, 0, ?)";

/**
 * Puts a job into the queue, in the caller's transaction. A job of the same kind and payload that has not begun yet
 * does the work of both, so none is added.
 */
export async function enqueueJob(connection: StoreConnection, job: NewJob): Promise<void> {
  const { organizationId, kind } = job;
  const payload = JSON.stringify(job.payload);
  if ((await connection.get(waitingJob, organizationId, kind, payload)) !== undefined) return;
  const now = connection.now();
  await connection.run(insertJob, organizationId, `job_${randomUUID()}`, kind, payload, job.runAtMs ?? now, now);
}

interface JobRow {
  readonly organization_id: string;
  readonly id: string;
  readonly kind: string;
  readonly payload: string;
  readonly attempts: number;
}

export interface ClaimedJob {
  readonly job: Job | null;
  /** When the next job is due or a lease runs out; null where nothing waits. */
  readonly nextDueMs: number | null;
}

const due = "((status = 'queued' AND run_at <= ?) OR (status = 'leased' AND leased_until <= ?))";

const ofQueue = "it moves work that was asked for; who asked is told where it was queued";

/**
 * Takes one job of the given kinds that is due, or whose worker let its lease run out. A job that was leased too often
 * without an end (its worker died each time) is dead.
 */
export const claimJob = installationWrite(
  "jobs.claim",
  async (connection, { kinds }: { readonly kinds: readonly string[] }): Promise<ClaimedJob> => {
    const now = connection.now();
    await connection.run("DELETE FROM jobs WHERE status = 'done' AND finished_at < ?", now - keptMs);
    await connection.run(
      "UPDATE jobs SET status = 'dead', finished_at = ?, last_error = 'its worker stopped without an answer, too often' WHERE status = 'leased' AND leased_until <= ? AND attempts >= ?",
      now,
      now,
      attemptsMax,
    );
    const kindList = kinds.map(() => "?").join(", ");
    for (;;) {
      const row = await connection.get<JobRow>(
        `SELECT organization_id, id, kind, payload, attempts FROM jobs WHERE kind IN (${kindList}) AND ${due}
         ORDER BY run_at, created_at, id LIMIT 1`,
        ...kinds,
        now,
        now,
      );
      if (row === undefined) return { job: null, nextDueMs: await nextDue(connection, kinds) };
      const taken = await connection.run(
        `UPDATE jobs SET status = 'leased', leased_until = ?, attempts = attempts + 1
         WHERE organization_id = ? AND id = ? AND attempts = ? AND ${due}`,
        now + leaseMs,
        row.organization_id,
        row.id,
        row.attempts,
        now,
        now,
      );
      // Where claims run side by side, another worker may have taken it since it was read.
      if (taken === 0) continue;
      const job: Job = {
        organizationId: row.organization_id,
        id: row.id,
        kind: row.kind,
        payload: JSON.parse(row.payload) as unknown,
        attempt: row.attempts + 1,
      };
      return { job, nextDueMs: null };
    }
  },
  ofQueue,
);

async function nextDue(connection: StoreConnection, kinds: readonly string[]): Promise<number | null> {
  const row = await connection.get<{ readonly next_due: number | null }>(
    `SELECT min(CASE status WHEN 'queued' THEN run_at ELSE leased_until END) AS next_due
     FROM jobs WHERE kind IN (${kinds.map(() => "?").join(", ")}) AND status IN ('queued', 'leased')`,
    ...kinds,
  );
  return row?.next_due ?? null;
}

type Attempt = Pick<Job, "organizationId" | "id" | "attempt">;

/** How an attempt ended: done, to be tried again after a pause (or dead), or given back as if it had not begun. */
export type AttemptEnd =
  | { readonly kind: "done" | "interrupted" }
  | { readonly kind: "failed"; readonly error: string };

/** Ends an attempt. One whose lease went to another worker changes nothing. */
export const finishJob = storeWrite(
  "jobs.finish",
  async (connection, { organizationId, id, attempt, end }: Attempt & { readonly end: AttemptEnd }): Promise<void> => {
    const now = connection.now();
    const status = end.kind === "done" ? "done" : end.kind === "failed" && attempt >= attemptsMax ? "dead" : "queued";
    const pauseMs = end.kind === "failed" && status === "queued" ? backoffMs(attempt) : 0;
    await connection.run(
      `UPDATE jobs SET status = ?, run_at = ?, leased_until = NULL, last_error = ?, finished_at = ?, attempts = ?
       WHERE organization_id = ? AND id = ? AND status = 'leased' AND attempts = ?`,
      status,
      now + pauseMs,
      end.kind === "failed" ? end.error : null,
      status === "queued" ? null : now,
      end.kind === "interrupted" ? attempt - 1 : attempt,
      organizationId,
      id,
      attempt,
    );
  },
  ofQueue,
);

/** Keeps a job with its worker for another lease. */
export const renewJob = storeWrite(
  "jobs.renew",
  async (connection, { organizationId, id, attempt }: Attempt): Promise<void> => {
    await connection.run(
      "UPDATE jobs SET leased_until = ? WHERE organization_id = ? AND id = ? AND status = 'leased' AND attempts = ?",
      connection.now() + leaseMs,
      organizationId,
      id,
      attempt,
    );
  },
  ofQueue,
);

/** For the registry. */
export const jobOperations = [claimJob, finishJob, renewJob] as const;
