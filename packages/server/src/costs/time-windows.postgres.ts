import { numberArray, textArray } from "../postgres/array-text.ts";
import type { SqlValue, StoreConnection } from "../store/connection.ts";
import { type HourWindow, windowsWithin } from "./hour-windows.ts";

const hourMs = 3_600_000;
const hoursPerDay = 24;
const dayMs = hoursPerDay * hourMs;

interface WindowQuestion extends HourWindow {
  /** The parts of the period that count; all where absent. */
  readonly windows: readonly HourWindow[] | undefined;
  readonly descending: boolean;
  readonly userIds: readonly string[] | undefined;
  /** Undefined is all series. */
  readonly seriesIds: readonly number[] | undefined;
}

/** Days that are looked for at once: one at first, since a page is often full soon, then twice as many each time. */
const stepDaysMax = 64;

/**
 * The hours of a period, from its end when descending, in which the wanted series have records; with users the days in
 * which they have. So a page of rare records reads a few rollup rows instead of every record between two of them. Each
 * step gives some windows, all of them before or all of them behind those of the next.
 */
export async function* timeWindows(
  connection: StoreConnection,
  organizationId: string,
  question: WindowQuestion,
): AsyncGenerator<readonly HourWindow[], void, undefined> {
  const { descending, userIds } = question;
  let first = Math.floor(question.fromMs / dayMs);
  let last = Math.floor((question.toMs - 1) / dayMs);
  for (let step = 1; first <= last; step = Math.min(step * 2, stepDaysMax)) {
    const days = await nextDays(connection, organizationId, question, [first, last], step);
    const end = days.at(-1);
    if (end === undefined) return;
    if (descending) last = end - 1;
    else first = end + 1;
    const windows =
      userIds === undefined
        ? (await hoursOf(connection, organizationId, question, days)).map((hour) => within(question, hour, hourMs))
        : days.map((day) => within(question, day, dayMs));
    const whole = windows.filter(({ fromMs, toMs }) => fromMs < toMs);
    const asked = question.windows;
    const wanted = asked === undefined ? whole : whole.flatMap((window) => windowsWithin(asked, window));
    if (wanted.length > 0) yield wanted;
    if (days.length < step) return;
  }
}

async function nextDays(
  connection: StoreConnection,
  organizationId: string,
  { descending, userIds, seriesIds }: WindowQuestion,
  [first, last]: readonly [number, number],
  count: number,
): Promise<readonly number[]> {
  const ofUsers =
    userIds === undefined
      ? { sql: "", values: [] }
      : {
          sql: `WHERE EXISTS (SELECT 1 FROM rollup_user_daily u WHERE u.organization_id = ? AND u.day = d.day
            AND u.user_id = ANY (CAST(? AS text[])) ${ofSeries("u", seriesIds)} OFFSET 0)`,
          values: [organizationId, textArray(userIds), ...seriesValues(seriesIds)],
        };
  const order = descending ? "DESC" : "ASC";
  const rows = await connection.all<{ day: number }>(
    `SELECT d.day FROM (
       SELECT DISTINCT r.day FROM rollup_daily r WHERE r.organization_id = ? AND r.day >= ? AND r.day <= ? ${ofSeries("r", seriesIds)}
     ) AS d ${ofUsers.sql} ORDER BY d.day ${order} LIMIT ?`,
    organizationId,
    first,
    last,
    ...seriesValues(seriesIds),
    ...ofUsers.values,
    count,
  );
  return rows.map(({ day }) => day);
}

async function hoursOf(
  connection: StoreConnection,
  organizationId: string,
  { descending, seriesIds }: WindowQuestion,
  days: readonly number[],
): Promise<readonly number[]> {
  const rows = await connection.all<{ hour: number }>(
    `SELECT DISTINCT r.hour FROM unnest(CAST(? AS bigint[])) AS d (day) CROSS JOIN LATERAL (
       SELECT h.hour FROM rollup_hourly h WHERE h.organization_id = ? AND h.hour >= d.day * ${hoursPerDay}
       AND h.hour < (d.day + 1) * ${hoursPerDay} ${ofSeries("h", seriesIds)} OFFSET 0) AS r
     ORDER BY r.hour ${descending ? "DESC" : "ASC"}`,
    numberArray(days),
    organizationId,
    ...seriesValues(seriesIds),
  );
  return rows.map(({ hour }) => hour);
}

const ofSeries = (table: string, seriesIds: readonly number[] | undefined): string =>
  seriesIds === undefined ? "" : `AND ${table}.series_id = ANY (CAST(? AS bigint[]))`;

const seriesValues = (seriesIds: readonly number[] | undefined): readonly SqlValue[] =>
  seriesIds === undefined ? [] : [numberArray(seriesIds)];

const within = ({ fromMs, toMs }: HourWindow, unit: number, unitMs: number): HourWindow => ({
  fromMs: Math.max(fromMs, unit * unitMs),
  toMs: Math.min(toMs, (unit + 1) * unitMs),
});
