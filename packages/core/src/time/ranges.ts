import { addUnits, type CalendarUnit, startOf } from "./calendar.ts";

export const rangePresets = [
  "today",
  "yesterday",
  "last-24-hours",
  "last-7-days",
  "last-30-days",
  "last-90-days",
  "this-week",
  "last-week",
  "this-month",
  "last-month",
  "month-to-date",
  "this-quarter",
  "this-year",
  "all",
] as const;

export type RangePreset = (typeof rangePresets)[number];

const rangePresetSet: ReadonlySet<string> = new Set(rangePresets);
export const isRangePreset = (name: string): name is RangePreset => rangePresetSet.has(name);

/** From the start of the unit `first` units from now to the start of the unit `end` units from now. */
interface CalendarSpan {
  readonly unit: CalendarUnit;
  readonly first: number;
  readonly end: number;
}

const spans: Readonly<Record<Exclude<RangePreset, "last-24-hours" | "month-to-date" | "all">, CalendarSpan>> = {
  today: { unit: "day", first: 0, end: 1 },
  yesterday: { unit: "day", first: -1, end: 0 },
  "last-7-days": { unit: "day", first: -6, end: 1 },
  "last-30-days": { unit: "day", first: -29, end: 1 },
  "last-90-days": { unit: "day", first: -89, end: 1 },
  "this-week": { unit: "week", first: 0, end: 1 },
  "last-week": { unit: "week", first: -1, end: 0 },
  "this-month": { unit: "month", first: 0, end: 1 },
  "last-month": { unit: "month", first: -1, end: 0 },
  "this-quarter": { unit: "quarter", first: 0, end: 1 },
  "this-year": { unit: "year", first: 0, end: 1 },
};

const dayHours = 24;

/**
 * A named range as instants, `[fromMs, toMs)`, in the calendar of an IANA zone. `last-N-days` are N whole days of which
 * today is the last; `month-to-date` ends with today and `this-month` with the month; `last-24-hours` ends now;
 * `all` goes from the epoch to the end of today.
 */
export function resolveRange(
  preset: RangePreset,
  nowMs: number,
  zone: string,
): { readonly fromMs: number; readonly toMs: number } {
  // The start of a day can be one o'clock where the clocks skip midnight, hence the start again after the move.
  const starts = (unit: CalendarUnit, away: number): number =>
    startOf(unit, addUnits(startOf(unit, nowMs, zone), away, unit, zone), zone);
  if (preset === "last-24-hours") return { fromMs: addUnits(nowMs, -dayHours, "hour", zone), toMs: nowMs };
  if (preset === "month-to-date") return { fromMs: starts("month", 0), toMs: starts("day", 1) };
  if (preset === "all") return { fromMs: 0, toMs: starts("day", 1) };
  const { unit, first, end } = spans[preset];
  return { fromMs: starts(unit, first), toMs: starts(unit, end) };
}
