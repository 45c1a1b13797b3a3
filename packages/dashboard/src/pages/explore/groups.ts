import type { Row } from "./measures.ts";

/** So many groups are told apart over time, and a ninth where it is the last. */
export const seriesMax = 8;

/** The value of a dimension as it is shown. */
export const nameOf = (value: unknown): string =>
  value === null || value === undefined || value === "" ? "(none)" : String(value);

/** Whether a row is the sum of several values, because only the first were asked for. */
export const standsForOthers = (row: Row): boolean => row.otherGroups !== undefined;

/** How many groups rows stand for that are the sums of several: each says how many there are of its currency. */
export function othersIn(rows: readonly Row[]): number {
  const summed = rows.filter(standsForOthers);
  const counts = new Map(summed.map(({ currency, otherGroups }) => [currency, otherGroups ?? 0]));
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
