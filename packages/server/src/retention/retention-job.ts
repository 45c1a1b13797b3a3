import type { JobHandler } from "../jobs/job.ts";
import type { Store } from "../store/operation.ts";
import { dropRecords, raiseKeptFrom, scheduleRetention } from "./retention.sql.ts";

/** The kind of the daily job. It belongs to the organization that every installation has. */
export const retentionKind = "drop_old_records";

export interface RetentionParts {
  readonly store: Store;
  /** Whole UTC months before the present one whose records are kept. */
  readonly months: number;
  readonly onRaised: (keptFromMs: number) => void;
  /** Told at the end of a run that dropped anything: months on PostgreSQL, records on the embedded store. */
  readonly onDropped: (dropped: { readonly months: number; readonly records: number }) => void;
}

/** Has a run of today and of tomorrow in the queue, whatever the number of processes that see to it. */
export const ensureRetention = (store: Store): Promise<void> => store.run(scheduleRetention, { kind: retentionKind });

/**
 * The daily job: moves the instant since which records are kept, and only then drops what is of before. Interrupted between
 * the two, or in the midst of dropping, the next run goes on.
 */
export function retentionJobHandlers(parts: RetentionParts): Readonly<Record<string, JobHandler>> {
  return {
    [retentionKind]: async (_, signal) => {
      await ensureRetention(parts.store);
      await runRetention(parts, signal);
    },
  };
}

export async function runRetention(
  { store, months, onRaised, onDropped }: RetentionParts,
  signal: AbortSignal,
): Promise<void> {
  const { keptFromMs, isRaised } = await store.run(raiseKeptFrom, { months });
  if (isRaised) onRaised(keptFromMs);
  const dropped = { months: 0, records: 0 };
  let after: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    const step = await store.run(dropRecords, { after });
    if (step.kind === "nothing left") break;
    // The queue tries again, later and later: waiting here would let everybody behind it wait as well.
    if (step.kind === "busy") throw new Error("records were in use for too long to drop a month of them");
    if (step.partition !== undefined) dropped.months += 1;
    dropped.records += step.records ?? 0;
    after = step.after;
  }
  if (dropped.months + dropped.records > 0) onDropped(dropped);
}
