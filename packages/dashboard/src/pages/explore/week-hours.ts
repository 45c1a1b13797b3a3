import { readAllWeekHours, readWeekHours, writeWeekHours } from "@llm-cost-ops/contract/week-hours";
import type { Filters } from "../../url-state/filters.ts";
import { dayHours, weekdays } from "./hour-map.ts";

const clock = (hour: number): string => `${String(hour).padStart(2, "0")}:00`;

/** Hours of the week in words: `mon 09` is "Mondays 09:00 to 10:00". What names no hours stays as it was written. */
export function hoursWords(term: string): string {
  const hours = readWeekHours(term);
  const [first, last] = [hours?.[0], hours?.at(-1)];
  if (hours === undefined || first === undefined || last === undefined) return term;
  const days = new Set(hours.map((hour) => Math.floor(hour / dayHours)));
  const [from, to] = [first % dayHours, (last % dayHours) + 1];
  const [firstDay, lastDay] = [weekdays[Math.floor(first / dayHours)], weekdays[Math.floor(last / dayHours)]];
  const named =
    days.size === weekdays.length ? "Every day" : days.size === 1 ? `${firstDay}s` : `${firstDay} to ${lastDay}`;
  return to - from === dayHours ? named : `${named} ${clock(from)} to ${clock(to)}`;
}

/** Hours of the week in as few words as say all of them. */
export const chosenWords = (hours: readonly number[]): string => writeWeekHours(hours).map(hoursWords).join(", ");

/** Hours of the week, counted from Monday's midnight, that filters name. */
export const chosenHours = ({ hours }: Filters): readonly number[] => readAllWeekHours(hours ?? []);

/** The same filters without hours. */
export function withoutHours({ hours: _, ...filters }: Filters): Filters {
  return filters;
}

const withHours = (filters: Filters, hours: readonly number[]): Filters =>
  hours.length === 0 ? withoutHours(filters) : { ...withoutHours(filters), hours: writeWeekHours(hours) };

/** The same filters with an hour of the week more, or without it where it was chosen. Neighbouring hours are one filter. */
export function toggledHour(filters: Filters, hour: number): Filters {
  const chosen = chosenHours(filters);
  return withHours(filters, chosen.includes(hour) ? chosen.filter((other) => other !== hour) : [...chosen, hour]);
}

/** The same filters with the hours that a term names as well. */
export const addedHours = (filters: Filters, term: string): Filters =>
  withHours(filters, readAllWeekHours([...(filters.hours ?? []), term]));
