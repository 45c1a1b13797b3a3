import type { Dimension } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import { compareText, type SummedRow } from "./answer-rows.ts";
import type { Period, RecordFilter } from "./cost-filter.ts";
import type { Metric, RecordedExtent } from "./cost-query.ts";
import { measures } from "./exact-sums.ts";
import { GroupCollector, type GroupRow } from "./group-collector.ts";
import { type HourWindow, hourWindows } from "./hour-windows.ts";
import { type Grain, planSegments, type Segment } from "./rollup-plan.ts";
import type { SeriesCatalogue } from "./series-catalogue.ts";
import { groupSeries, type SeriesGroups } from "./series-groups.ts";
import { bucketBounds, bucketLabel, type TimeDimension, timeDimensions } from "./time-buckets.ts";
import { topGroups } from "./top-groups.ts";

/** A table whose rows are summed. */
export type RowSource = "rollup_daily" | "rollup_hourly" | "rollup_user_daily" | "records";

export interface GroupQuestion {
  readonly period: Period;
  readonly filter: RecordFilter;
  readonly groupBy: readonly Dimension[];
  /** So many groups by each of the metrics have rows of their own, the others together; absent is all. */
  readonly top?: number | undefined;
  readonly metrics?: readonly Metric[];
}

/** How a question is answered from stored rows, whatever the store. */
export interface SumPlan {
  readonly series: SeriesGroups;
  /** Positions in the catalogue of the series that the filter lets through. */
  readonly matching: readonly number[];
  /** The ends of the answer's time buckets. */
  readonly bounds: readonly number[];
  readonly withUsers: boolean;
  /** Whether what a user used counts whole, in whatever series, and nothing else but time is told apart. */
  readonly isOfWholeUsers: boolean;
  /** The parts of that time that count, where the filter names hours. */
  readonly windows: readonly HourWindow[] | undefined;
  /** Of records that are named by id, those since then count. UTC milliseconds. */
  readonly keptFromMs: number;
  /**
   * The rows to sum; not for records that are named by id. Calls without a user have no rows in the rollup by user: who asks
   * for users gets the days of all beside, and what users have is taken from nobody. Refuses with COST_002 where single records
   * are needed of a time of which they are no longer kept.
   */
  segments(): readonly Segment<RowSource>[];
  /** An empty collector for the rows. */
  collector(): GroupCollector;
  /** What was collected, under the values that the question asks for. */
  rows(collector: GroupCollector): readonly SummedRow[];
}

const allMetrics: readonly Metric[] = ["sum", "count", "avg"];
const isTime = (name: Dimension): name is TimeDimension => (timeDimensions as readonly string[]).includes(name);

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const byTime: readonly Grain<RowSource>[] = [
  { source: "rollup_daily", unitMs: dayMs },
  { source: "rollup_hourly", unitMs: hourMs },
];
const byUser: readonly Grain<RowSource>[] = [{ source: "rollup_user_daily", unitMs: dayMs }];

/** The ends of what an organization has, as a store finds them. Absent is nothing. */
export interface ExtentEnds {
  /** Of its records that are kept, in UTC milliseconds. */
  readonly first: number | null;
  readonly last: number | null;
  /** Of its daily rollups of before, in days since the epoch. */
  readonly firstDay: number | null;
  readonly lastDay: number | null;
}

/** Of a time without single records whole days are known; undefined where there is nothing. */
export function extentOf(ends: ExtentEnds, keptFromMs: number): RecordedExtent | undefined {
  const firstMs = ends.firstDay === null ? ends.first : ends.firstDay * dayMs;
  const lastMs = ends.last ?? (ends.lastDay === null ? null : (ends.lastDay + 1) * dayMs - 1);
  return firstMs === null || lastMs === null ? undefined : { firstMs, lastMs, keptFromMs };
}

/** The days whose records are no longer kept: all before this one. */
export const firstKeptDay = (keptFromMs: number): number => Math.floor(keptFromMs / dayMs);

/**
 * Plans the sums of what was recorded in a period by any dimensions and by currency. Whole days and hours are read from
 * rollups and only the ragged ends from records; rows of nothing but zeros (everything in them was voided) are left out.
 * Undefined where nothing can match.
 */
export function planSums(
  organizationId: string,
  catalogue: SeriesCatalogue,
  extent: RecordedExtent,
  { period, filter, groupBy, top, metrics = allMetrics }: GroupQuestion,
): SumPlan | undefined {
  const matching = catalogue.matching(filter);
  const units = groupBy.filter(isTime);
  const within = wholeDaysWithin(period, extent);
  const bounds = bucketBounds(within, units);
  if (matching.length === 0 || bounds.length < 2) return undefined;
  const windows = hourWindows(within, filter.hours);
  if (windows?.length === 0) return undefined;

  const series = groupSeries(catalogue, matching, groupBy);
  const withUsers = groupBy.includes("user");
  const labels = new Map<string, string>();
  const label = (unit: TimeDimension, bucket: number): string => {
    const key = `${unit} ${bucket}`;
    const made = labels.get(key) ?? bucketLabel(unit, bounds[bucket] ?? 0, period.zone);
    labels.set(key, made);
    return made;
  };
  return {
    series,
    matching,
    bounds,
    windows,
    withUsers,
    isOfWholeUsers:
      withUsers &&
      filter.userIds === undefined &&
      matching.length === catalogue.ids.length &&
      groupBy.every((name) => isTime(name) || name === "user" || name === "organization"),
    keptFromMs: extent.keptFromMs,
    segments: () => {
      const isByUser = withUsers || filter.userIds !== undefined;
      const segments = planSegments(bounds, isByUser ? byUser : byTime, "records", windows);
      if (segments.some(({ source, from }) => source === "records" && from < extent.keptFromMs)) {
        throw withoutRecords(extent.keptFromMs, isByUser ? "days" : "hours");
      }
      if (!withUsers || filter.userIds !== undefined) return segments;
      const days = segments.filter(({ source }) => source === "rollup_user_daily");
      return [...segments, ...days.map((segment) => ({ ...segment, source: "rollup_daily" as const }))];
    },
    collector: () => new GroupCollector(series, bounds.length - 1, withUsers),
    rows: (collector) => {
      const sumsOf = (slot: number): bigint[] => measures.map((_, measure) => collector.sums.total(slot, measure));
      const toRow = ({ slot, group, bucket, user }: GroupRow): SummedRow => ({
        values: groupBy.map((name) => {
          if (name === "organization") return organizationId;
          if (name === "user") return user;
          return isTime(name) ? label(name, bucket) : (series.groups[group]?.values[name] ?? null);
        }),
        currency: series.groups[group]?.currency ?? null,
        bucket,
        sums: sumsOf(slot),
      });
      if (top === undefined || groupBy.every(isTime)) return collector.rows().map(toRow);
      const keys = groupKeys(series, groupBy);
      const { own, others } = topGroups(collector.rows(), collector.sums, {
        ...{ top, metrics },
        currencyOf: ({ group }) => series.groups[group]?.currency ?? null,
        ...{ keyOf: keys.of, compare: keys.compare },
      });
      return [
        ...own.map(toRow),
        ...others.map(({ slot, bucket, currency, groups }) => ({
          values: groupBy.map((name) => (isTime(name) ? label(name, bucket) : null)),
          ...{ currency, bucket, sums: sumsOf(slot), otherGroups: groups },
        })),
      ];
    },
  };
}

/** Numbers that rows share which differ in time and currency alone, and the order of what they stand for by its names. */
function groupKeys({ groups }: SeriesGroups, groupBy: readonly Dimension[]) {
  const known = new Map<string, number>();
  const codes = groups.map(({ values }, at) => {
    const key = JSON.stringify(values);
    const code = known.get(key) ?? at;
    known.set(key, code);
    return code;
  });
  const users: (string | null)[] = [];
  const nameOf = (key: number, dimension: Dimension): string | null =>
    (dimension === "user" ? users[Math.floor(key / groups.length)] : groups[key % groups.length]?.values[dimension]) ??
    null;
  return {
    of: ({ group, user, userCode }: GroupRow): number => {
      users[userCode] = user;
      return userCode * groups.length + (codes[group] ?? 0);
    },
    compare: (key: number, other: number): number => {
      for (const dimension of groupBy) {
        const byName = compareText(nameOf(key, dimension), nameOf(other, dimension));
        if (byName !== 0) return byName;
      }
      return 0;
    },
  };
}

const withoutRecords = (keptFromMs: number, units: "days" | "hours"): Refusal =>
  new Refusal(
    "COST_002",
    `This needs single records of before ${formatInstant(keptFromMs)}, which are no longer kept; of that time only sums by whole ${units} of UTC are${units === "days" ? " by user" : ""}. Ask for whole ${units} of UTC, or from then on.`,
  );

/** Where a period ends beyond all records it may as well end with a whole day, which rollups answer at once. */
function wholeDaysWithin(period: Period, { firstMs, lastMs }: RecordedExtent): Period {
  return {
    ...period,
    fromMs: period.fromMs <= firstMs ? Math.floor(firstMs / dayMs) * dayMs : period.fromMs,
    toMs: period.toMs > lastMs ? (Math.floor(lastMs / dayMs) + 1) * dayMs : period.toMs,
  };
}
