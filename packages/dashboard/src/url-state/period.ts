import type { Field } from "./fields.ts";

export const presets = ["7d", "today", "30d", "90d", "mtd", "last-month"] as const;
export type Preset = (typeof presets)[number];

/** A period as somebody chose it: a preset that moves with the days, or two days of the calendar, both included. */
export type PeriodChoice = Preset | { readonly from: string; readonly to: string };

export const presetLabels: Readonly<Record<Preset, string>> = {
  today: "Today",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  "90d": "Last 90 days",
  mtd: "Month to date",
  "last-month": "Last month",
};

const dayPattern = /^\d{4}-\d{2}-\d{2}$/;
const isDay = (text: string | undefined): text is string =>
  text !== undefined && dayPattern.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));

function choiceOf(text: string | null): PeriodChoice | undefined {
  if (presets.includes(text as Preset)) return text as Preset;
  const [from, to] = (text ?? "").split("..");
  return isDay(from) && isDay(to) && from <= to ? { from, to } : undefined;
}

/** `30d`, or two days as `2026-10-01..2026-10-31`. */
export const periodField = (absent: Preset = "30d"): Field<PeriodChoice> => ({
  read: (text) => choiceOf(text) ?? absent,
  unread: (text) => (choiceOf(text) === undefined ? [text] : []),
  write: (value) => (value === absent ? null : typeof value === "string" ? value : `${value.from}..${value.to}`),
});

/** Days of a zone's calendar, first and last included, as questions take them. */
export interface DayRange {
  readonly startDate: string;
  readonly endDate: string;
}

export interface Period extends DayRange {
  readonly timezone: string;
  readonly days: number;
  /** As many days just before; of a month to date the same days of the month before. */
  readonly previous: DayRange;
  /** What a chart of it is drawn by. */
  readonly bucket: "hour" | "day" | "week";
}

/** The day of the calendar that it is in a zone: `2026-11-21`. */
export const todayIn = (zone: string, nowMs: number): string =>
  new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(nowMs);

/** Plain arithmetic of the calendar, whatever the clocks do. */
export const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

const daysBetween = (from: string, to: string): number =>
  Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000) + 1;

export const monthStart = (day: string): string => `${day.slice(0, 8)}01`;
const earlier = (a: string, b: string): string => (a < b ? a : b);

/** The days that a choice means when it is `today` in the zone. */
export function resolvePeriod(choice: PeriodChoice, today: string, timezone: string): Period {
  const { startDate, endDate } = rangeOf(choice, today);
  const days = daysBetween(startDate, endDate);
  return {
    startDate,
    endDate,
    timezone,
    days,
    previous: previousOf(choice, startDate, days),
    bucket: days <= 2 ? "hour" : days <= 120 ? "day" : "week",
  };
}

function rangeOf(choice: PeriodChoice, today: string): DayRange {
  if (typeof choice !== "string") return { startDate: choice.from, endDate: choice.to };
  switch (choice) {
    case "today":
      return { startDate: today, endDate: today };
    case "7d":
    case "30d":
    case "90d":
      return { startDate: dayAfter(today, 1 - Number.parseInt(choice, 10)), endDate: today };
    case "mtd":
      return { startDate: monthStart(today), endDate: today };
    case "last-month": {
      const endDate = dayAfter(monthStart(today), -1);
      return { startDate: monthStart(endDate), endDate };
    }
    default:
      return choice satisfies never;
  }
}

function previousOf(choice: PeriodChoice, startDate: string, days: number): DayRange {
  const before = dayAfter(startDate, -1);
  if (choice === "last-month") return { startDate: monthStart(before), endDate: before };
  if (choice !== "mtd") return { startDate: dayAfter(startDate, -days), endDate: before };
  // The first days of the month before, and no more of them than it has.
  const start = monthStart(before);
  return { startDate: start, endDate: earlier(dayAfter(start, days - 1), before) };
}

/** Every bucket of a period in order, also those in which nothing was spent. Weeks begin on Monday, as the server's do. */
export function bucketsOf({ startDate, endDate, bucket }: Period): readonly string[] {
  if (bucket === "hour") return [];
  const first =
    bucket === "week" ? dayAfter(startDate, -((new Date(`${startDate}T00:00:00Z`).getUTCDay() + 6) % 7)) : startDate;
  const found: string[] = [];
  for (let day = first; day <= endDate; day = dayAfter(day, bucket === "week" ? 7 : 1)) found.push(day);
  return found;
}
