import type { StoreThread } from "../sqlite/operation.ts";

const hourMs = 3_600_000;
const dayMs = 86_400_000;

interface WindowQuestion {
  readonly fromMs: number;
  readonly toMs: number;
  readonly descending: boolean;
  readonly userIds: readonly string[] | undefined;
}

interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The first hour of a period, from its end when descending, in which the wanted series (`list_wants_series`) have
 * records; with users the first day in which they have. So a page of rare records reads a few rollup rows instead of
 * every record between two of them.
 */
export function nextWindow(store: StoreThread, organizationId: string, question: WindowQuestion): Window | undefined {
  if (question.userIds !== undefined) return nextUserDay(store, organizationId, question, question.userIds);
  let period: Window = question;
  while (period.fromMs < period.toMs) {
    const day = nextUnit(store, organizationId, "rollup_daily", "day", dayMs, { ...question, ...period });
    if (day === undefined) return undefined;
    const hour = nextUnit(store, organizationId, "rollup_hourly", "hour", hourMs, { ...question, ...day });
    if (hour !== undefined) return hour;
    period = question.descending
      ? { fromMs: period.fromMs, toMs: day.fromMs }
      : { fromMs: day.toMs, toMs: period.toMs };
  }
  return undefined;
}

function nextUnit(
  { db }: StoreThread,
  organizationId: string,
  table: "rollup_daily" | "rollup_hourly",
  column: "day" | "hour",
  unitMs: number,
  question: WindowQuestion,
): Window | undefined {
  const row = db
    .prepare(
      `SELECT ${column} AS unit FROM ${table}
       WHERE organization_id = ? AND ${column} >= ? AND ${column} <= ? AND list_wants_series(series_id)
       ORDER BY ${column} ${question.descending ? "DESC" : "ASC"} LIMIT 1`,
    )
    .get(organizationId, Math.floor(question.fromMs / unitMs), Math.floor((question.toMs - 1) / unitMs)) as
    | { unit: number }
    | undefined;
  return row === undefined ? undefined : within(question, row.unit * unitMs, (row.unit + 1) * unitMs);
}

function nextUserDay(
  { db }: StoreThread,
  organizationId: string,
  question: WindowQuestion,
  userIds: readonly string[],
): Window | undefined {
  const extent = db
    .prepare("SELECT min(day) AS first, max(day) AS last FROM rollup_daily WHERE organization_id = ?")
    .get(organizationId) as { first: number | null; last: number | null };
  if (extent.first === null || extent.last === null) return undefined;
  const first = Math.max(extent.first, Math.floor(question.fromMs / dayMs));
  const last = Math.min(extent.last, Math.floor((question.toMs - 1) / dayMs));
  const exists = db.prepare(
    `SELECT 1 FROM rollup_user_daily WHERE organization_id = ? AND day = ?
     AND user_id IN (SELECT value FROM json_each(?)) AND list_wants_series(series_id) LIMIT 1`,
  );
  const users = JSON.stringify(userIds);
  for (let step = 0; step <= last - first; step += 1) {
    const day = question.descending ? last - step : first + step;
    if (exists.get(organizationId, day, users) !== undefined) {
      return within(question, day * dayMs, (day + 1) * dayMs);
    }
  }
  return undefined;
}

const within = ({ fromMs, toMs }: Window, startMs: number, endMs: number): Window => ({
  fromMs: Math.max(fromMs, startMs),
  toMs: Math.min(toMs, endMs),
});
