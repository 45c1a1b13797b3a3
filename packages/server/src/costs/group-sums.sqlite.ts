import type { StoreThread } from "../sqlite/operation.ts";
import type { SummedRow } from "./answer-rows.ts";
import type { Extent } from "./cost-query.ts";
import type { GroupCollector } from "./group-collector.ts";
import { type GroupQuestion, planSums } from "./group-sums.ts";
import { rowAbsorber } from "./row-absorber.sqlite.ts";
import { seriesCatalogue } from "./series-catalogue.sqlite.ts";
import type { SeriesCatalogue } from "./series-catalogue.ts";

/** Sums what was recorded in a period by any dimensions and by currency, as `planSums` says. */
export function sumGroups(store: StoreThread, organizationId: string, question: GroupQuestion): readonly SummedRow[] {
  const extent = readExtent(store, organizationId);
  if (extent === undefined) return [];
  const { filter } = question;
  const catalogue = seriesCatalogue(store, organizationId);
  const plan = planSums(organizationId, catalogue, extent, question);
  if (plan === undefined) return [];
  const seriesIds = selectiveIds(catalogue, plan.matching);
  const read = (big: boolean): GroupCollector => {
    const collector = plan.collector();
    const absorb = rowAbsorber(store, collector, big);
    if (filter.ids !== undefined || filter.usageIds !== undefined) {
      absorb.named(organizationId, filter, plan.bounds);
      return collector;
    }
    for (const segment of plan.segments()) {
      absorb.segment(organizationId, segment, { userIds: filter.userIds, seriesIds });
    }
    return collector;
  };
  return plan.rows(readExactly(read));
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

/** Reads with doubles; where a stored sum has outgrown them, once more with BigInts. */
function readExactly(read: (big: boolean) => GroupCollector): GroupCollector {
  try {
    return read(false);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_OUT_OF_RANGE") return read(true);
    throw error;
  }
}
