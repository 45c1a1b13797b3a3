import type { Dimension } from "@llm-cost-ops/contract";
import type { SummedRow } from "./answer-rows.ts";
import type { Period, RecordFilter } from "./cost-filter.ts";
import type { Extent } from "./cost-query.ts";
import { measures } from "./exact-sums.ts";
import { GroupCollector } from "./group-collector.ts";
import { type Grain, planSegments, type Segment } from "./rollup-plan.ts";
import type { SeriesCatalogue } from "./series-catalogue.ts";
import { groupSeries, type SeriesGroups } from "./series-groups.ts";
import { bucketBounds, bucketLabel, type TimeDimension, timeDimensions } from "./time-buckets.ts";

/** A table whose rows are summed. */
export type RowSource = "rollup_daily" | "rollup_hourly" | "rollup_user_daily" | "records";

export interface GroupQuestion {
  readonly period: Period;
  readonly filter: RecordFilter;
  readonly groupBy: readonly Dimension[];
}

/** How a question is answered from stored rows, whatever the store. */
export interface SumPlan {
  readonly series: SeriesGroups;
  /** Positions in the catalogue of the series that the filter lets through. */
  readonly matching: readonly number[];
  /** The ends of the answer's time buckets. */
  readonly bounds: readonly number[];
  readonly withUsers: boolean;
  /** The rows to sum; not for records that are named by id. */
  segments(): readonly Segment<RowSource>[];
  /** An empty collector for the rows. */
  collector(): GroupCollector;
  /** What was collected, under the values that the question asks for. */
  rows(collector: GroupCollector): readonly SummedRow[];
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const byTime: readonly Grain<RowSource>[] = [
  { source: "rollup_daily", unitMs: dayMs },
  { source: "rollup_hourly", unitMs: hourMs },
];
const byUser: readonly Grain<RowSource>[] = [{ source: "rollup_user_daily", unitMs: dayMs }];

/**
 * Plans the sums of what was recorded in a period by any dimensions and by currency. Whole days and hours are read from
 * rollups and only the ragged ends from records; rows of nothing but zeros (everything in them was voided) are left out.
 * Undefined where nothing can match.
 */
export function planSums(
  organizationId: string,
  catalogue: SeriesCatalogue,
  extent: Extent,
  { period, filter, groupBy }: GroupQuestion,
): SumPlan | undefined {
  const matching = catalogue.matching(filter);
  const units = groupBy.filter((name): name is TimeDimension => (timeDimensions as readonly string[]).includes(name));
  const bounds = bucketBounds(wholeDaysWithin(period, extent), units);
  if (matching.length === 0 || bounds.length < 2) return undefined;

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
    withUsers,
    segments: () => planSegments(bounds, withUsers || filter.userIds !== undefined ? byUser : byTime, "records"),
    collector: () => new GroupCollector(series, bounds.length - 1, withUsers),
    rows: (collector) =>
      collector.rows().map(({ slot, group, bucket, user }) => ({
        values: groupBy.map((name) => {
          if (name === "organization") return organizationId;
          if (name === "user") return user;
          if ((timeDimensions as readonly string[]).includes(name)) return label(name as TimeDimension, bucket);
          return series.groups[group]?.values[name] ?? null;
        }),
        currency: series.groups[group]?.currency ?? null,
        bucket,
        sums: measures.map((_, measure) => collector.sums.total(slot, measure)),
      })),
  };
}

/** Where a period ends beyond all records it may as well end with a whole day, which rollups answer at once. */
function wholeDaysWithin(period: Period, { firstMs, lastMs }: Extent): Period {
  return {
    ...period,
    fromMs: period.fromMs <= firstMs ? Math.floor(firstMs / dayMs) * dayMs : period.fromMs,
    toMs: period.toMs > lastMs ? (Math.floor(lastMs / dayMs) + 1) * dayMs : period.toMs,
  };
}
