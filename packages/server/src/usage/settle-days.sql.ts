import type { StoreConnection } from "../store/connection.ts";
import { installationWrite } from "../store/operation.ts";
import { dayLockKey, dayLockName } from "./day-lock.ts";
import { type SettledSums, settledMeasures, toSettledBytes } from "./settled-day.ts";

const dayMs = 86_400_000;
/** Bounds how long one step keeps appends waiting: it ends with the day that reaches so many rows. */
const rowsOfStep = 10_000;
/** A day of few rows takes its statements as well. */
const daysOfStep = 50;
/** A day of more rows than this in a rollup is read row by row whenever somebody asks. */
const rowsOfDayMax = 50_000;
/** So many of them, each no larger, add up within 64 bits. */
const summandMax = 100_000_000_000_000;

const states = { open: 0, settled: 1, notToBeSettled: 2 } as const;

interface OpenDay {
  readonly organization_id: string;
  readonly day: number;
}

/**
 * Settles some of the days before today that were written to: adds up what each user used in all series together, and lays
 * what each series was used side by side, so that a question reads one row for a day in place of thousands. Gives how many it
 * saw to; where that is 0 none is left but those that somebody is writing to.
 *
 * A day's lock and its row are held before its rollups are read. Whoever writes to the day holds one of both as well, from
 * its last rollup to its commit: so either what it wrote is seen here, or it finds the day settled and opens it again.
 */
export const settleDays = installationWrite(
  "usage.settleDays",
  async (connection): Promise<number> => {
    const today = Math.floor(connection.now() / dayMs);
    let rows = 0;
    let settled = 0;
    let after: OpenDay = { organization_id: "", day: 0 };
    while (rows < rowsOfStep && settled < daysOfStep) {
      const next: OpenDay | undefined = await connection.get<OpenDay>(
        `SELECT organization_id, day FROM rollup_days
         WHERE state = ${states.open} AND day < ?3 AND (organization_id, day) > (?1, ?2)
         ORDER BY organization_id, day LIMIT 1`,
        after.organization_id,
        after.day,
        today,
      );
      if (next === undefined) break;
      after = next;
      if (!(await isLeftAlone(connection, next))) continue;
      rows += await settleDay(connection, next);
      settled += 1;
    }
    return settled;
  },
  "what it writes follows from the ledger, and no answer changes by it",
);

/** Takes the day's lock, which on the embedded store is the writing thread itself, unless somebody writes to the day. */
async function isLeftAlone(connection: StoreConnection, { organization_id, day }: OpenDay): Promise<boolean> {
  if (connection.dialect === "sqlite") return true;
  const taken = await connection.get<{ readonly is_taken: boolean }>(
    `SELECT pg_try_advisory_xact_lock(${dayLockKey("?")}) AS is_taken`,
    dayLockName(organization_id, day),
  );
  return taken?.is_taken === true;
}

/** Returns how many rows it read. */
async function settleDay(
  connection: StoreConnection,
  { organization_id: organizationId, day }: OpenDay,
): Promise<number> {
  const key = [organizationId, day] as const;
  const where = "organization_id = ? AND day = ?";
  // Holds the row. Where another process has settled the day meanwhile there is nothing to do.
  const held = await connection.run(
    `UPDATE rollup_days SET state = ${states.notToBeSettled}, users = NULL WHERE ${where} AND state = ${states.open}`,
    ...key,
  );
  if (held === 0) return 0;
  await connection.run(`DELETE FROM settled_series WHERE ${where}`, ...key);
  const users = await rowsOfDay(connection, "rollup_user_daily", organizationId, day);
  const series = await rowsOfDay(connection, "rollup_daily", organizationId, day);
  const ofUsers = users > rowsOfDayMax ? undefined : await usersOfDay(connection, organizationId, day);
  const ofSeries = series > rowsOfDayMax ? undefined : await seriesOfDay(connection, organizationId, day);
  if (ofSeries !== undefined) {
    await connection.run("INSERT INTO settled_series (organization_id, day, sums) VALUES (?, ?, ?)", ...key, ofSeries);
  }
  if (ofUsers !== undefined || ofSeries !== undefined) {
    await connection.run(
      `UPDATE rollup_days SET state = ${states.settled}, users = ? WHERE ${where}`,
      ofUsers ?? null,
      ...key,
    );
  }
  return Math.min(users, rowsOfDayMax) + Math.min(series, rowsOfDayMax);
}

/** How many rows a rollup has of a day; of those beyond the bound one is counted. */
async function rowsOfDay(
  connection: StoreConnection,
  table: "rollup_user_daily" | "rollup_daily",
  organizationId: string,
  day: number,
): Promise<number> {
  const counted = await connection.get<{ readonly rows: number }>(
    `SELECT count(*) AS rows FROM
       (SELECT 1 FROM ${table} WHERE organization_id = ? AND day = ? LIMIT ${rowsOfDayMax + 1}) AS counted`,
    organizationId,
    day,
  );
  return counted?.rows ?? 0;
}

/** Sums as text, for they may be beyond what a number holds. */
type SumsRow = Readonly<Record<(typeof settledMeasures)[number], string>> & {
  readonly user_id?: string;
  readonly series_id: number;
};

/** What a settled day holds of users by its rollups now; undefined where a sum is beyond what its bytes hold exactly. */
export async function usersOfDay(
  connection: StoreConnection,
  organizationId: string,
  day: number,
): Promise<Uint8Array | undefined> {
  const within = settledMeasures.map(
    (measure) => `max(u.${measure}) <= ${summandMax} AND min(u.${measure}) >= -${summandMax}`,
  );
  const bounds = await connection.get<{ readonly are_small: number }>(
    `SELECT CASE WHEN ${within.join(" AND ")} THEN 1 ELSE 0 END AS are_small FROM rollup_user_daily u
     WHERE u.organization_id = ? AND u.day = ?`,
    organizationId,
    day,
  );
  if (bounds?.are_small !== 1) return undefined;
  const sums = settledMeasures.map((measure) => `CAST(sum(u.${measure}) AS TEXT) AS ${measure}`);
  const rows = await connection.all<SumsRow>(
    `SELECT u.user_id, min(u.series_id) AS series_id, ${sums.join(", ")}
     FROM rollup_user_daily u JOIN series s ON s.organization_id = u.organization_id AND s.series_id = u.series_id
     WHERE u.organization_id = ? AND u.day = ?
     GROUP BY u.user_id, s.currency, CASE WHEN s.cost_status = 'unpriced' THEN 1 ELSE 0 END ORDER BY 1, 2`,
    organizationId,
    day,
  );
  return bytesOf(rows);
}

/** What a settled day holds of series by its rollups now; undefined where a sum is beyond what its bytes hold exactly. */
export async function seriesOfDay(
  connection: StoreConnection,
  organizationId: string,
  day: number,
): Promise<Uint8Array | undefined> {
  const sums = settledMeasures.map((measure) => `CAST(${measure} AS TEXT) AS ${measure}`);
  const rows = await connection.all<SumsRow>(
    `SELECT series_id, ${sums.join(", ")} FROM rollup_daily WHERE organization_id = ? AND day = ? ORDER BY series_id`,
    organizationId,
    day,
  );
  return bytesOf(rows);
}

function bytesOf(rows: readonly SumsRow[]): Uint8Array | undefined {
  const entries = rows.map(
    (row): SettledSums => ({
      ...(row.user_id === undefined ? {} : { user_id: row.user_id }),
      series_id: row.series_id,
      sums: settledMeasures.map((measure) => Number(row[measure])),
    }),
  );
  return entries.every(({ sums }) => sums.every(Number.isSafeInteger)) ? toSettledBytes(entries) : undefined;
}
