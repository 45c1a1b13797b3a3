import { randomUUID } from "node:crypto";
import { type StoreThread, sqliteOperation } from "../sqlite/operation.ts";
import { attemptsMax, backoffMs, type Job, keptMs, leaseMs, type NewJob } from "./job.ts";

/**
 * Puts a job into the queue, in the caller's transaction. A job of the same kind and payload that has not begun yet
 * does the work of both, so none is added.
 */
export function enqueueJob(store: StoreThread, job: NewJob): void {
  const { db } = store;
  const payload = JSON.stringify(job.payload);
  const waiting = db
    .prepare(
      "SELECT 1 FROM jobs WHERE status = 'queued' AND organization_id = ? AND kind = ? AND payload = ? AND attempts = 0 LIMIT 1",
    )
    .get(job.organizationId, job.kind, payload);
  if (waiting !== undefined) return;
  db.prepare(
    "INSERT INTO jobs (organization_id, id, kind, payload, status, run_at, attempts, created_at) VALUES (?, ?, ?, ?, 'queued', ?, 0, ?)",
  ).run(job.organizationId, `job_${randomUUID()}`, job.kind, payload, job.runAtMs ?? store.now(), store.now());
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

/**
 * Takes one job of the given kinds that is due, or whose worker let its lease run out. A job that was leased too often
 * without an end (its worker died each time) is dead.
 */
export const claimJob = sqliteOperation<{ readonly kinds: readonly string[] }, ClaimedJob>(
  "jobs.claim",
  (store, { kinds }) => {
    const { db } = store;
    const now = store.now();
    db.prepare("DELETE FROM jobs WHERE status = 'done' AND finished_at < ?").run(now - keptMs);
    db.prepare(
      "UPDATE jobs SET status = 'dead', finished_at = ?, last_error = 'its worker stopped without an answer, too often' WHERE status = 'leased' AND leased_until <= ? AND attempts >= ?",
    ).run(now, now, attemptsMax);
    const kindList = kinds.map(() => "?").join(", ");
    const row = db
      .prepare(
        `SELECT organization_id, id, kind, payload, attempts FROM jobs
         WHERE kind IN (${kindList}) AND ((status = 'queued' AND run_at <= ?) OR (status = 'leased' AND leased_until <= ?))
         ORDER BY run_at, created_at, id LIMIT 1`,
      )
      .get(...kinds, now, now) as JobRow | undefined;
    if (row === undefined) {
      const { next } = db
        .prepare(
          `SELECT min(CASE status WHEN 'queued' THEN run_at ELSE leased_until END) AS next
           FROM jobs WHERE kind IN (${kindList}) AND status IN ('queued', 'leased')`,
        )
        .get(...kinds) as { next: number | null };
      return { job: null, nextDueMs: next };
    }
    db.prepare(
      "UPDATE jobs SET status = 'leased', leased_until = ?, attempts = attempts + 1 WHERE organization_id = ? AND id = ?",
    ).run(now + leaseMs, row.organization_id, row.id);
    const job: Job = {
      organizationId: row.organization_id,
      id: row.id,
      kind: row.kind,
      payload: JSON.parse(row.payload) as unknown,
      attempt: row.attempts + 1,
    };
    return { job, nextDueMs: null };
  },
);

type Attempt = Pick<Job, "organizationId" | "id" | "attempt">;

/** How an attempt ended: done, to be tried again after a pause (or dead), or given back as if it had not begun. */
export type AttemptEnd =
  | { readonly kind: "done" | "interrupted" }
  | { readonly kind: "failed"; readonly error: string };

/** Ends an attempt. One whose lease went to another worker changes nothing. */
export const finishJob = sqliteOperation<Attempt & { readonly end: AttemptEnd }, void>(
  "jobs.finish",
  (store, { organizationId, id, attempt, end }) => {
    const now = store.now();
    const status = end.kind === "done" ? "done" : end.kind === "failed" && attempt >= attemptsMax ? "dead" : "queued";
    const pauseMs = end.kind === "failed" && status === "queued" ? backoffMs(attempt) : 0;
    store.db
      .prepare(
        `UPDATE jobs SET status = ?, run_at = ?, leased_until = NULL, last_error = ?, finished_at = ?, attempts = ?
         WHERE organization_id = ? AND id = ? AND status = 'leased' AND attempts = ?`,
      )
      .run(
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
);

/** Keeps a job with its worker for another lease. */
export const renewJob = sqliteOperation<Attempt, void>("jobs.renew", (store, { organizationId, id, attempt }) => {
  store.db
    .prepare(
      "UPDATE jobs SET leased_until = ? WHERE organization_id = ? AND id = ? AND status = 'leased' AND attempts = ?",
    )
    .run(store.now() + leaseMs, organizationId, id, attempt);
});

/** What the writer thread runs for jobs. */
export const jobWrites = [claimJob, finishJob, renewJob] as const;
