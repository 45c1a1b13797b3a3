import type { Dimension } from "@llm-cost-ops/contract";
import type { StoreThread } from "../sqlite/operation.ts";
import type { SummedRow } from "./answer-rows.ts";
import type { Period, RecordFilter } from "./cost-filter.ts";
import type { Extent } from "./cost-query.ts";
import { measures } from "./exact-sums.ts";
import { GroupCollector } from "./group-collector.ts";
import { type Grain, planSegments } from "./rollup-plan.ts";
import { type RowSource, rowAbsorber } from "./row-absorber.sqlite.ts";
import { type SeriesCatalogue, seriesCatalogue } from "./series-catalogue.sqlite.ts";
import { groupSeries } from "./series-groups.ts";
import { bucketBounds, bucketLabel, type TimeDimension, timeDimensions } from "./time-buckets.ts";

interface GroupQuestion {
  readonly period: Period;
  readonly filter: RecordFilter;
  readonly groupBy: readonly Dimension[];
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const byTime: readonly Grain<RowSource>[] = [
  { source: "rollup_daily", unitMs: dayMs },
  { source: "rollup_hourly", unitMs: hourMs },
];
const byUser: readonly Grain<RowSource>[] = [{ source: "rollup_user_daily", unitMs: dayMs }];

/**
 * Sums what was recorded in a period by any dimensions and by currency. Whole days and hours are read from rollups and
 * only the ragged ends from records; rows of nothing but zeros (everything in them was voided) are left out.
 */
export function sumGroups(store: StoreThread, organizationId: string, question: GroupQuestion): readonly SummedRow[] {
  const extent = readExtent(store, organizationId);
  if (extent === undefined) return [];
  const { filter, groupBy } = question;
  const catalogue = seriesCatalogue(store, organizationId);
  const matching = catalogue.matching(filter);
  const units = groupBy.filter((name): name is TimeDimension => (timeDimensions as readonly string[]).includes(name));
  const bounds = bucketBounds(wholeDaysWithin(question.period, extent), units);
  if (matching.length === 0 || bounds.length < 2) return [];

  const series = groupSeries(catalogue, matching, groupBy);
  const seriesIds = selectiveIds(catalogue, matching);
  const withUsers = groupBy.includes("user");
  const read = (big: boolean): GroupCollector => {
    const collector = new GroupCollector(series, bounds.length - 1, withUsers);
    const absorb = rowAbsorber(store, collector, big);
    if (filter.ids !== undefined || filter.usageIds !== undefined) {
      absorb.named(organizationId, filter, bounds);
      return collector;
    }
    const grains = withUsers || filter.userIds !== undefined ? byUser : byTime;
    for (const segment of planSegments(bounds, grains, "records")) {
      absorb.segment(organizationId, segment, { userIds: filter.userIds, seriesIds });
    }
    return collector;
  };
  const collector = readExactly(read);
  const labels = new Map<string, string>();
  const label = (unit: TimeDimension, bucket: number): string => {
    const key = `${unit} ${bucket}`;
    const made = labels.get(key) ?? bucketLabel(unit, bounds[bucket] ?? 0, question.period.zone);
    labels.set(key, made);
    return made;
  };
  return collector.rows().map(({ slot, group, bucket, user }) => ({
    values: groupBy.map((name) => {
      if (name === "organization") return organizationId;
      if (name === "user") return user;
      if ((timeDimensions as readonly string[]).includes(name)) return label(name as TimeDimension, bucket);
      return series.groups[group]?.values[name] ?? null;
    }),
    currency: series.groups[group]?.currency ?? null,
    bucket,
    sums: measures.map((_, measure) => collector.sums.total(slot, measure)),
  }));
}

/** Above this many series a list of them costs more than it saves. */
const selectiveMax = 20_000;

/** The ids of the matching series where SQL had better leave the others out, else undefined. */
function selectiveIds(catalogue: SeriesCatalogue, matching: readonly number[]): readonly number[] | undefined {
  const selective = matching.length <= selectiveMax && matching.length * 2 <= catalogue.ids.length;
  return selective ? matching.map((at) => catalogue.ids[at] ?? 0) : undefined;
}

/** The first and last instant of the organization's records. */
export function readExtent({ db }: StoreThread, organizationId: string): Extent | undefined {
  const at = (direction: "ASC" | "DESC"): number | undefined =>
    db
      .prepare(`SELECT occurred_at FROM records WHERE organization_id = ? ORDER BY occurred_at ${direction} LIMIT 1`)
      .get(organizationId)?.["occurred_at"] as number | undefined;
  const firstMs = at("ASC");
  const lastMs = at("DESC");
  return firstMs === undefined || lastMs === undefined ? undefined : { firstMs, lastMs };
}

/** Where a period ends beyond all records it may as well end with a whole day, which rollups answer at once. */
function wholeDaysWithin(period: Period, { firstMs, lastMs }: Extent): Period {
  return {
    ...period,
    fromMs: period.fromMs <= firstMs ? Math.floor(firstMs / dayMs) * dayMs : period.fromMs,
    toMs: period.toMs > lastMs ? (Math.floor(lastMs / dayMs) + 1) * dayMs : period.toMs,
  };
}

/** Reads with doubles; where a stored sum has outgrown them, once more with BigInts. */
function readExactly(read: (big: boolean) => GroupCollector): GroupCollector {
  try {
    return read(false);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_OUT_OF_RANGE") return read(true);
    throw error;
  }
}
