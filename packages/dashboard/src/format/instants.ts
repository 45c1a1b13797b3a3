const formats = new Map<string, Intl.DateTimeFormat>();

function formatIn(zone: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${name} ${zone}`;
  const made = formats.get(key) ?? new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
  formats.set(key, made);
  return made;
}

/** An instant in a zone: `21 Nov 2026, 17:04`. The zone is stated in the header of every page. */
export const formatInstant = (instant: string | number, zone: string): string =>
  formatIn(zone, "minute", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  }).format(new Date(instant));

/** The same to the second, for records. */
export const formatInstantExact = (instant: string | number, zone: string): string =>
  formatIn(zone, "second", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).format(new Date(instant));

/** The time of day alone, to the second, where the day is plain: `17:04:05`. */
export const formatTime = (instant: string | number, zone: string): string =>
  formatIn(zone, "time", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(new Date(instant));

/**
 * The time of day, with the day before it where that is not the day of `nowMs` in the zone, and the year of another year:
 * `17:04:05`, `20 Nov, 17:04:05`, `16 Nov 2023, 17:04:05`.
 */
export function formatRecent(instant: string | number, zone: string, nowMs: number): string {
  const dates = formatIn(zone, "date", { day: "numeric", month: "short", year: "numeric" });
  const [day, now] = [dates.format(new Date(instant)), dates.format(nowMs)];
  const time = formatTime(instant, zone);
  if (day === now) return time;
  const year = " 2026".length;
  return `${day.slice(-year) === now.slice(-year) ? day.slice(0, -year) : day}, ${time}`;
}

/** A day of a calendar, `2026-11-21`, as `21 Nov`; with the year where it is asked for. */
export const formatDay = (day: string, withYear = false): string =>
  formatIn("UTC", withYear ? "day-year" : "day", {
    day: "numeric",
    month: "short",
    ...(withYear ? { year: "numeric" } : {}),
  }).format(new Date(`${day.slice(0, 10)}T00:00:00Z`));

/** From one day to another, both included: `3 Nov – 21 Nov`; with both years where they are of two, however it is asked for. */
export function formatDays(from: string, to: string, withYear = false): string {
  if (from === to) return formatDay(to, withYear);
  const areTwo = from.slice(0, 4) !== to.slice(0, 4);
  return `${formatDay(from, areTwo)} – ${formatDay(to, areTwo || withYear)}`;
}

/** The month of a day: `November 2026`. */
export const formatMonth = (day: string): string =>
  formatIn("UTC", "month", { month: "long", year: "numeric" }).format(new Date(`${day.slice(0, 7)}-01T00:00:00Z`));

/** How long ago, roughly: `3 min ago`. */
export function formatAgo(instant: string | number, nowMs: number): string {
  const seconds = Math.round((nowMs - new Date(instant).getTime()) / 1_000);
  if (seconds < 60) return "just now";
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
