import type { StoreConnection } from "../store/connection.ts";
import { installationRead, installationWrite } from "../store/operation.ts";
import { keptFromOf, readKeptFrom } from "./kept-from.ts";

/** Bounds one transaction on the embedded store, whose one writer keeps appends waiting for as long. */
const batchRecords = 500;

const dayMs = 86_400_000;
/** A day's run begins then, when clocks of several processes agree about the day. */
const startsAtMs = 10 * 60_000;

const followsSetting = "it does what the configuration says, for all organizations at once; the log tells of it";

interface Months {
  /** Whole UTC months before the present one whose records are kept. */
  readonly months: number;
}

/**
 * Moves the instant since which records are kept to what the months say now, never back, and gives it. From its commit on
 * nothing of before is recorded, listed or changed any more, though dropping has not begun.
 */
export const raiseKeptFrom = installationWrite(
  "retention.raise",
  async (connection, { months }: Months): Promise<{ readonly keptFromMs: number; readonly isRaised: boolean }> => {
    const present = await readKeptFrom(connection);
    const keptFromMs = keptFromOf(connection.now(), months);
    if (keptFromMs <= present) return { keptFromMs: present, isRaised: false };
    const repricing = await connection.get<{ readonly id: string }>(
      "SELECT id FROM repricings WHERE status IN ('applying', 'undoing') LIMIT 1",
    );
    // What it began on it must find, or its totals would not be those of what it changed.
    if (repricing !== undefined) throw new Error(`repricing ${repricing.id} is under way`);
    await connection.run("UPDATE settings SET value = ?1 WHERE key = 'records_kept_from' AND value < ?1", keptFromMs);
    return { keptFromMs, isRaised: true };
  },
  followsSetting,
);

/** Where dropping goes on: behind which organization; the first if absent. PostgreSQL drops a month whole and needs none. */
interface DropStep {
  readonly after?: string | undefined;
}

export type Dropped =
  /** A month of all organizations, or some records of one. */
  | { readonly kind: "dropped"; readonly partition?: string; readonly records?: number; readonly after?: string }
  /** Somebody worked on records for too long. */
  | { readonly kind: "busy" }
  | { readonly kind: "nothing left" };

/** Drops some of the records that are no longer kept. Sums by hour and day stay, and so do the ids. May run any number of times. */
export const dropRecords = installationWrite(
  "retention.drop",
  async (connection, { after }: DropStep): Promise<Dropped> =>
    connection.dialect === "postgres" ? dropPartition(connection) : dropBatch(connection, after ?? ""),
  followsSetting,
);

async function dropPartition(connection: StoreConnection): Promise<Dropped> {
  const row = await connection.get<{ readonly name: string | null }>("SELECT drop_records_partition() AS name");
  if (row?.name == null) return { kind: "nothing left" };
  return row.name === "" ? { kind: "busy" } : { kind: "dropped", partition: row.name };
}

async function dropBatch(connection: StoreConnection, after: string): Promise<Dropped> {
  const keptFromMs = await readKeptFrom(connection);
  const next = await connection.get<{ readonly organization_id: string | null }>(
    "SELECT min(organization_id) AS organization_id FROM records WHERE organization_id > ?",
    after,
  );
  if (keptFromMs === 0 || next?.organization_id == null) return { kind: "nothing left" };
  const organizationId = next.organization_id;
  const batch = `SELECT id FROM records INDEXED BY records_by_time WHERE organization_id = ?1 AND occurred_at < ?2
    ORDER BY organization_id, occurred_at, id LIMIT ${batchRecords}`;
  await connection.run(
    `INSERT INTO record_keys (organization_id, id, occurred_at, entry, fingerprint)
     SELECT organization_id, id, occurred_at, entry, fingerprint FROM records WHERE organization_id = ?1 AND id IN (${batch})`,
    organizationId,
    keptFromMs,
  );
  const records = await connection.run(
    `DELETE FROM records WHERE organization_id = ?1 AND id IN (${batch})`,
    organizationId,
    keptFromMs,
  );
  return { kind: "dropped", records, after: records < batchRecords ? organizationId : after };
}

/**
 * Puts a job for each of today and tomorrow into the queue, unless it was there already. It names the day, so that many
 * processes leave one of each.
 */
export const scheduleRetention = installationWrite(
  "retention.schedule",
  async (connection, { kind }: { readonly kind: string }): Promise<void> => {
    const now = connection.now();
    const today = Math.floor(now / dayMs);
    for (const day of [today, today + 1]) {
      const date = new Date(day * dayMs).toISOString().slice(0, 10);
      await connection.run(
        `INSERT INTO jobs (organization_id, id, kind, payload, status, run_at, attempts, created_at)
         VALUES ('default', ?, ?, ?, 'queued', ?, 0, ?) ON CONFLICT (organization_id, id) DO NOTHING`,
        `job_${kind}_${date}`,
        kind,
        JSON.stringify({ date }),
        Math.max(now, day * dayMs + startsAtMs),
        now,
      );
    }
  },
  followsSetting,
);

export interface RetentionOutlook {
  /** Since when records are kept now, in UTC milliseconds; 0 is since ever. */
  readonly keptFromMs: number;
  /** Since when they will be, by the months that were asked about. */
  readonly nextKeptFromMs: number;
  /** The records that are stored and will then be dropped, by UTC month (`2026-01`). */
  readonly months: readonly { readonly month: string; readonly records: number }[];
}

/** What would be dropped. It reads the time of every such record. */
export const readOutlook = installationRead(
  "retention.outlook",
  async (connection, { months }: { readonly months: number | undefined }): Promise<RetentionOutlook> => {
    const keptFromMs = await readKeptFrom(connection);
    const wanted = months === undefined ? 0 : keptFromOf(connection.now(), months);
    const nextKeptFromMs = Math.max(keptFromMs, wanted);
    const days = await connection.all<{ readonly day: number; readonly records: number }>(
      `SELECT occurred_at / ${dayMs} AS day, count(*) AS records FROM records WHERE occurred_at < ? GROUP BY 1 ORDER BY 1`,
      nextKeptFromMs,
    );
    const byMonth = new Map<string, number>();
    for (const { day, records } of days) {
      const month = new Date(day * dayMs).toISOString().slice(0, 7);
      byMonth.set(month, (byMonth.get(month) ?? 0) + records);
    }
    return { keptFromMs, nextKeptFromMs, months: [...byMonth].map(([month, records]) => ({ month, records })) };
  },
);

/** For the registry. */
export const retentionOperations = [raiseKeptFrom, dropRecords, scheduleRetention, readOutlook] as const;
