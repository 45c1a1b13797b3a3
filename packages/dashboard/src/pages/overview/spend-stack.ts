import type { AggregateResult } from "@llm-cost-ops/sdk";
import type { ChartTable } from "../../chart/download.ts";
import { compareDecimals, isZero, sumDecimals } from "../../format/decimal.ts";
import { formatDay } from "../../format/instants.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { bucketsOf, type Period } from "../../url-state/period.ts";

/** Spend of one currency over time, in series. */
export interface SpendStack {
  /** The places of the time axis as the server names them, and as they are written. */
  readonly buckets: readonly string[];
  readonly labels: readonly string[];
  readonly series: readonly {
    readonly name: string;
    readonly values: readonly (string | null)[];
    readonly total: string;
    readonly muted?: boolean;
  }[];
  readonly total: string;
}

/** So many are told apart, and a ninth where it is the last. */
export const seriesMax = 8;
export const nameless = "(none)";
const others = "Others";

/** The value of a dimension as it is shown. */
export const nameOf = (value: unknown): string =>
  value === null || value === undefined || value === "" ? nameless : String(value);

/**
 * Turns rows by time and dimension into series, the largest first; what is beyond the eighth is one series of its own, so that
 * the sum stays the sum. An answer that does not tell the dimension's values apart is one series.
 */
export function stackOf(result: AggregateResult, dimension: string, period: Period, currency: string): SpendStack {
  const rows = result.data.filter((row) => row.currency === currency);
  const given = rows.map((row) => String(row[period.bucket]));
  const buckets = period.bucket === "hour" ? [...new Set(given)].toSorted() : bucketsOf(period);
  const isSum = !result.groupBy.includes(dimension);
  const [own, summed] = [rows.filter((row) => !standsForOthers(row)), rows.filter(standsForOthers)];
  const byName = Map.groupBy(own, (row) => (isSum ? "All" : nameOf(row[dimension])));
  const totals = [...byName].map(([name, group]) => ({ name, total: sumDecimals(group.map(costOf)) }));
  const ranked = totals.toSorted((a, b) => compareDecimals(b.total, a.total)).filter(({ total }) => !isZero(total));
  const kept = ranked.length > seriesMax + (summed.length > 0 ? 0 : 1) ? ranked.slice(0, seriesMax) : ranked;
  const membersOf = (name: string) => byName.get(name) ?? [];
  const rest = [...ranked.slice(kept.length).flatMap(({ name }) => membersOf(name)), ...summed];
  const seriesFor = (name: string, members: typeof rows) => {
    const at = Map.groupBy(members, (row) => String(row[period.bucket]));
    const values = buckets.map((bucket) => {
      const found = at.get(bucket);
      return found === undefined ? null : sumDecimals(found.map(costOf));
    });
    return { name, values, total: sumDecimals(values.filter((value) => value !== null)) };
  };
  return {
    buckets,
    labels: buckets.map((bucket) => labelOf(bucket, period.bucket)),
    series: [
      ...kept.map(({ name }) => seriesFor(name, membersOf(name))),
      ...(rest.length === 0 ? [] : [{ ...seriesFor(others, rest), muted: true }]),
    ],
    total: sumDecimals(rows.map(costOf)),
  };
}

/** Whether a row is the sum of several values, because only the first were asked for. */
export const standsForOthers = (row: AggregateResult["data"][number]): boolean => row.otherGroups !== undefined;

const costOf = (row: AggregateResult["data"][number]): string => row.totalCostExact ?? "0";

const labelOf = (bucket: string, unit: Period["bucket"]): string =>
  unit === "hour"
    ? `${formatDay(bucket)} ${bucket.slice(11, 16)}`
    : unit === "week"
      ? `Week of ${formatDay(bucket)}`
      : formatDay(bucket);

/** The same figures as a table: a row for each place in time, a column for each series. */
export const tableOf = ({ buckets, series }: SpendStack, currency: string): ChartTable => ({
  columns: [
    { key: "time", label: "Time" },
    ...series.map(({ name }, at) => ({ key: `s${at}`, label: name, numeric: true })),
    { key: "sum", label: "Sum", numeric: true },
  ],
  rows: buckets.map((bucket, at) => {
    const values = series.map(({ values: all }) => all[at] ?? null);
    const cells = values.map((value, index) => [`s${index}`, value === null ? "" : formatMoneyExact(value, currency)]);
    return {
      time: bucket,
      ...Object.fromEntries(cells),
      sum: formatMoneyExact(sumDecimals(values.filter((value) => value !== null)), currency),
    };
  }),
});
