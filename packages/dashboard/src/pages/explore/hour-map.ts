import { sumDecimals } from "../../format/decimal.ts";
import { type Measure, type Row, rowsFor } from "./measures.ts";

export const weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;

/** Sums by day of the week and hour of the clock: `cells[0][8]` is Mondays from eight to nine. Null where nothing was recorded. */
export interface HourMap {
  readonly cells: readonly (readonly (string | null)[])[];
}

/** Puts sums by hour, which the server names by the clocks of the zone, into the hours of a week. */
export function hourMap(rows: readonly Row[], measure: Measure, currency: string): HourMap {
  const found = Map.groupBy(rowsFor(rows, measure, currency), (row) => {
    const hour = String(row["hour"]);
    return `${weekdayOf(hour.slice(0, 10))} ${Number(hour.slice(11, 13))}`;
  });
  const cells = weekdays.map((_, day) =>
    [...Array(24).keys()].map((hour) => {
      const values = (found.get(`${day} ${hour}`) ?? []).map(measure.of).filter((value) => value !== null);
      return values.length === 0 ? null : sumDecimals(values);
    }),
  );
  return { cells };
}

/** 0 is Monday. */
const weekdayOf = (day: string): number => (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;

export const dayHours = 24;

export const hourLabel = (hour: number): string =>
  `${String(hour).padStart(2, "0")}:00–${String((hour + 1) % 24).padStart(2, "0")}:00`;

/** An hour of the week, counted from Monday's midnight: `Monday, 08:00–09:00`. */
export const hourName = (hour: number): string =>
  `${weekdays[Math.floor(hour / dayHours)]}, ${hourLabel(hour % dayHours)}`;
