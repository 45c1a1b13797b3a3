import { utcMs } from "./instant.ts";

export const calendarUnits = ["hour", "day", "week", "month", "quarter", "year"] as const;
export type CalendarUnit = (typeof calendarUnits)[number];

const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** More than the largest offset from UTC, so that one sample lies safely before and one after a change of the clocks. */
const sampleMs = 26 * hourMs;

const formattersMax = 1_000;

/** Making a formatter costs a thousand times more than using it; a formatter of a zone never changes. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "iso8601",
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  if (formatters.size >= formattersMax) formatters.clear();
  formatters.set(zone, made);
  return made;
}

/** Whether the runtime knows the IANA time zone. */
export function isTimeZone(zone: string): boolean {
  try {
    formatterOf(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** What the zone's clocks are ahead of UTC at an instant, in milliseconds. */
export function offsetAt(ms: number, zone: string): number {
  if (zone === "UTC") return 0;
  const wholeSeconds = Math.floor(ms / 1000) * 1000;
  let year = 0;
  let month = 0;
  let day = 0;
  let secondOfDay = 0;
  for (const { type, value } of formatterOf(zone).formatToParts(wholeSeconds)) {
    if (type === "year") year = Number(value);
    else if (type === "month") month = Number(value);
    else if (type === "day") day = Number(value);
    else if (type === "hour") secondOfDay += Number(value) * 3600;
    else if (type === "minute") secondOfDay += Number(value) * 60;
    else if (type === "second") secondOfDay += Number(value);
  }
  return utcMs(year, month, day) + secondOfDay * 1000 - wholeSeconds;
}

/** The first instant in `(before, after]` at which the zone has the offset that it has at `after`. */
function transitionBetween(before: number, after: number, zone: string): number {
  const target = offsetAt(after, zone);
  let [low, high] = [before, after];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle, zone) === target) high = middle;
    else low = middle;
  }
  return high;
}

/** The parts of a period through which the zone keeps one offset from UTC, in order; none is shorter than it has to be. */
export function* offsetStretches(
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  zone: string,
): Generator<{ readonly fromMs: number; readonly toMs: number; readonly offsetMs: number }, void, undefined> {
  let start = fromMs;
  let offsetMs = offsetAt(fromMs, zone);
  for (let at = fromMs; at < toMs && zone !== "UTC"; at += sampleMs) {
    const next = Math.min(at + sampleMs, toMs - 1);
    const nextOffset = offsetAt(next, zone);
    if (nextOffset === offsetMs) continue;
    const change = transitionBetween(at, next, zone);
    yield { fromMs: start, toMs: change, offsetMs };
    start = change;
    offsetMs = nextOffset;
  }
  if (start < toMs) yield { fromMs: start, toMs, offsetMs };
}

/**
 * The instant at which the zone's clocks first show a wall time (milliseconds as if it were UTC). A wall time that the
 * clocks skip gives the instant of the change.
 */
export function instantOfWall(wall: number, zone: string): number {
  const early = offsetAt(wall - sampleMs, zone);
  const late = offsetAt(wall + sampleMs, zone);
  const first = Math.min(wall - early, wall - late);
  const last = Math.max(wall - early, wall - late);
  if (first + offsetAt(first, zone) === wall) return first;
  if (last + offsetAt(last, zone) === wall) return last;
  return transitionBetween(wall - sampleMs, wall + sampleMs, zone);
}

const wallAt = (ms: number, zone: string): number => ms + offsetAt(ms, zone);

const dayOf = (wall: number): number => Math.floor(wall / dayMs) * dayMs;

/** The start of the wall-clock hour, or the change of the clocks inside it if that came later. */
function startOfHour(ms: number, zone: string): number {
  const offset = offsetAt(ms, zone);
  const start = Math.floor((ms + offset) / hourMs) * hourMs - offset;
  return offsetAt(start, zone) === offset ? start : transitionBetween(start, ms, zone);
}

const monthsPerUnit: Readonly<Record<"month" | "quarter" | "year", number>> = { month: 1, quarter: 3, year: 12 };

/** Monday before or at the day; the epoch was a Thursday. */
const mondayOf = (wallDay: number): number => wallDay - ((((wallDay / dayMs + 3) % 7) + 7) % 7) * dayMs;

/**
 * The start of the hour, day, week (Monday), month, quarter or year that holds an instant in an IANA zone. A day begins
 * at the first instant of its date, also where the clocks skip or repeat midnight. Throws a RangeError for unknown zones.
 */
export function startOf(unit: CalendarUnit, ms: number, zone: string): number {
  if (unit === "hour") return startOfHour(ms, zone);
  const day = dayOf(wallAt(ms, zone));
  if (unit === "day") return instantOfWall(day, zone);
  if (unit === "week") return instantOfWall(mondayOf(day), zone);
  const date = new Date(day);
  const months = monthsPerUnit[unit];
  const month = Math.floor(date.getUTCMonth() / months) * months;
  return instantOfWall(utcMs(date.getUTCFullYear(), month + 1, 1), zone);
}

function addMonths(wall: number, months: number): number {
  const day = dayOf(wall);
  const date = new Date(day);
  const target = date.getUTCFullYear() * 12 + date.getUTCMonth() + months;
  const [year, month] = [Math.floor(target / 12), (((target % 12) + 12) % 12) + 1];
  const lastDay = new Date(month === 12 ? utcMs(year + 1, 1, 0) : utcMs(year, month + 1, 0)).getUTCDate();
  return utcMs(year, month, Math.min(date.getUTCDate(), lastDay)) + (wall - day);
}

/**
 * Moves an instant by whole calendar units in a zone, forwards or back. Hours are elapsed hours; longer units keep the
 * wall-clock time, and months end at their last day (31 January + 1 month = 28 or 29 February).
 */
export function addUnits(ms: number, count: number, unit: CalendarUnit, zone: string): number {
  if (unit === "hour") return ms + count * hourMs;
  if (count === 0) return ms;
  const wall = wallAt(ms, zone);
  if (unit === "day" || unit === "week") return instantOfWall(wall + count * (unit === "day" ? 1 : 7) * dayMs, zone);
  return instantOfWall(addMonths(wall, count * monthsPerUnit[unit]), zone);
}

/** The start of the bucket after the one that holds an instant; buckets tile time without gap or overlap. */
export function nextStart(unit: CalendarUnit, ms: number, zone: string): number {
  const start = startOf(unit, ms, zone);
  const moved = addUnits(start, 1, unit, zone);
  // A change of the clocks can cut an hour short or move the first instant of a day, so look for the start again.
  const next = startOf(unit, moved, zone);
  return next > start ? next : moved;
}
