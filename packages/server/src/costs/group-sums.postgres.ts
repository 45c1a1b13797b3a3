import { limits } from "@llm-cost-ops/contract/limits";
import { numberArray, textArray } from "../postgres/array-text.ts";
import type { SqlValue, StoreConnection } from "../store/connection.ts";
import type { SummedRow } from "./answer-rows.ts";
import type { Extent } from "./cost-query.ts";
import { measures } from "./exact-sums.ts";
import type { GroupCollector } from "./group-collector.ts";
import { type GroupQuestion, planSums, type RowSource, type SumPlan } from "./group-sums.ts";
import { namedRecords } from "./named-records.postgres.ts";
import type { Segment } from "./rollup-plan.ts";
import { type SegmentLayer, segmentLayers } from "./segment-layers.ts";
import { seriesCatalogue } from "./series-catalogue.postgres.ts";
import type { SeriesCatalogue } from "./series-catalogue.ts";
import { tooManyGroups } from "./time-buckets.ts";

/** The time column of each source, in the unit of its segments. */
const timeColumns: Readonly<Record<RowSource, string>> = {
  rollup_daily: "day",
  rollup_hourly: "hour",
  rollup_user_daily: "day",
  records: "occurred_at",
};

/** One combination as the database summed it. */
interface GroupedSums {
  /** Position of the time among the layer's bounds, from 1. */
  readonly place: number;
  readonly group: number;
  readonly user_id?: string | null;
  readonly requests: number | bigint;
  readonly unpriced: number | bigint | null;
  readonly input_tokens: number | bigint;
  readonly output_tokens: number | bigint;
  readonly cached_tokens: number | bigint;
  readonly cache_write_tokens: number | bigint;
  readonly reasoning_tokens: number | bigint;
  readonly cost_milli: number | bigint | null;
  readonly cost_pico: number | bigint | null;
}

const summed = ["requests", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens"];
const sumColumns = [...summed, "cost_milli", "cost_pico"].map((column) => `sum(r.${column}) AS ${column}`).join(", ");

/** Sums are made in memory, where the default would sort on disk; compiling a statement takes longer than running it. */
const planForSums = "SET LOCAL work_mem = '32MB'; SET LOCAL jit = off";

/** In a layer at most this many rows add to one slot of the answer: head and tail of a bucket, given and taken. */
const rowsOfSlotMax = 4;
const groupedRowsMax = limits.groupRows * rowsOfSlotMax;

/**
 * Sums what was recorded in a period by any dimensions and by currency, as `planSums` says. The database adds up, so that
 * what comes over the network is as long as the answer.
 */
export async function sumGroups(
  connection: StoreConnection,
  organizationId: string,
  question: GroupQuestion,
): Promise<readonly SummedRow[]> {
  const extent = await readExtent(connection, organizationId);
  if (extent === undefined) return [];
  const catalogue = await seriesCatalogue(connection, organizationId);
  const plan = planSums(organizationId, catalogue, extent, question);
  if (plan === undefined) return [];
  await connection.run(planForSums);
  const collector = plan.collector();
  const asked: Asked = { connection, organizationId, question, plan, series: seriesList(catalogue, plan) };
  if (question.filter.ids !== undefined || question.filter.usageIds !== undefined) {
    await collectNamed(asked, collector);
    return plan.rows(collector);
  }
  const bySource = Map.groupBy(plan.segments(), ({ source }) => source);
  for (const [source, segments] of bySource) {
    // Calls without a user have no rows in the rollup by user: they are the day's sums less those of all users.
    const withNobody = source === "rollup_user_daily" && question.filter.userIds === undefined;
    for (const layer of segmentLayers(segments)) {
      collect(await readLayer(asked, source, layer), layer, collector, withNobody);
      if (withNobody) collect(await readLayer(asked, "rollup_daily", layer), layer, collector, false);
    }
  }
  return plan.rows(collector);
}

interface Asked {
  readonly connection: StoreConnection;
  readonly organizationId: string;
  readonly question: GroupQuestion;
  readonly plan: SumPlan;
  readonly series: SeriesList;
}

/** The matching series as arrays of the database: `m`, its ids and groups and whether they have no price. */
interface SeriesList {
  readonly source: string;
  readonly values: readonly SqlValue[];
  readonly unpriced: string;
}

function seriesList(catalogue: SeriesCatalogue, { matching, series }: SumPlan): SeriesList {
  const ids = matching.map((at) => catalogue.ids[at] ?? 0);
  const values = [numberArray(ids), numberArray(ids.map((id) => series.groupOfSeries[id] ?? -1))];
  const hasUnpriced = ids.some((id) => series.unpriced[id] === 1);
  const unpriced = hasUnpriced ? { column: ", max(unpriced) AS unpriced", array: ", CAST(? AS integer[])" } : undefined;
  return {
    // Grouped, though each stands there once: so the planner knows it, and hashes these and not the rows of the rollup.
    source: `(SELECT series_id, max(place) AS place${unpriced?.column ?? ""}
      FROM unnest(CAST(? AS bigint[]), CAST(? AS integer[])${unpriced?.array ?? ""})
        AS listed (series_id, place${unpriced === undefined ? "" : ", unpriced"})
      GROUP BY series_id) AS m`,
    values: unpriced === undefined ? values : [...values, numberArray(ids.map((id) => series.unpriced[id] ?? 0))],
    unpriced: unpriced === undefined ? "NULL" : "sum(r.requests) FILTER (WHERE m.unpriced = 1)",
  };
}

async function readLayer(
  { connection, organizationId, question, plan, series }: Asked,
  source: RowSource,
  layer: SegmentLayer,
): Promise<readonly GroupedSums[]> {
  const time = timeColumns[source];
  const { userIds } = question.filter;
  const withUser = plan.withUsers && (source === "rollup_user_daily" || source === "records");
  const rows = rowsWithin(source, time, organizationId, layer, userIds);
  // With one place there is nothing to look up.
  const place = layer.bounds.length === 2 ? "1" : `width_bucket(r.${time}, CAST(? AS bigint[]))`;
  const found = await connection.all<GroupedSums>(
    `SELECT ${place} AS place, m.place AS "group", ${withUser ? "r.user_id, " : ""}${sumColumns}, ${series.unpriced} AS unpriced
     FROM ${series.source} JOIN ${rows.sql} ON r.series_id = m.series_id
     GROUP BY 1, 2${withUser ? ", 3" : ""} LIMIT ${groupedRowsMax + 1}`,
    ...(layer.bounds.length === 2 ? [] : [numberArray(layer.bounds)]),
    ...series.values,
    ...rows.values,
  );
  if (found.length > groupedRowsMax) throw tooManyGroups();
  return found;
}

/** The rows `r` of a layer as something to join. */
function rowsWithin(
  source: RowSource,
  time: string,
  organizationId: string,
  { runs }: SegmentLayer,
  userIds: readonly string[] | undefined,
): { readonly sql: string; readonly values: readonly SqlValue[] } {
  const users = userIds === undefined ? [] : [textArray(userIds)];
  const ofUsers = userIds === undefined ? "" : "AND user_id = ANY (CAST(? AS text[]))";
  const [only, ...others] = runs;
  // A list of users is sought in the key only where the day before it is a single one.
  const byDay = source === "rollup_user_daily" && userIds !== undefined;
  if (only !== undefined && others.length === 0 && !byDay) {
    return {
      sql: `(SELECT * FROM ${source} WHERE organization_id = ? AND ${time} >= ? AND ${time} < ? ${ofUsers}) AS r`,
      values: [organizationId, only.from, only.to, ...users],
    };
  }
  const runValues = [numberArray(runs.map(({ from }) => from)), numberArray(runs.map(({ to }) => to))];
  const runSource = "unnest(CAST(? AS bigint[]), CAST(? AS bigint[])) AS run (first, past)";
  // OFFSET 0 keeps the planner from turning many short ranges of the key into one walk over everything.
  if (byDay) {
    return {
      sql: `(${runSource} CROSS JOIN LATERAL generate_series(run.first, run.past - 1) AS unit CROSS JOIN LATERAL
        (SELECT * FROM ${source} WHERE organization_id = ? AND ${time} = unit ${ofUsers} OFFSET 0) AS r)`,
      values: [...runValues, organizationId, ...users],
    };
  }
  return {
    sql: `(${runSource} CROSS JOIN LATERAL
      (SELECT * FROM ${source} WHERE organization_id = ? AND ${time} >= run.first AND ${time} < run.past ${ofUsers} OFFSET 0) AS r)`,
    values: [...runValues, organizationId, ...users],
  };
}

function collect(
  rows: readonly GroupedSums[],
  { segmentAt }: Pick<SegmentLayer, "segmentAt">,
  collector: GroupCollector,
  takesFromNobody: boolean,
): void {
  for (const row of rows) {
    const segment: Pick<Segment<RowSource>, "plus" | "minus"> | undefined = segmentAt[row.place];
    if (segment === undefined) continue;
    const user = row.user_id ?? null;
    if (segment.plus !== -1) put(collector, row, segment.plus, user, 1);
    if (segment.plus !== -1 && takesFromNobody) put(collector, row, segment.plus, null, -1);
    if (segment.minus !== -1) put(collector, row, segment.minus, user, -1);
    if (segment.minus !== -1 && takesFromNobody) put(collector, row, segment.minus, null, 1);
  }
}

function put(collector: GroupCollector, row: GroupedSums, bucket: number, user: string | null, sign: 1 | -1): void {
  const base = collector.slotOf(row.group, bucket, user) * measures.length;
  const { sums } = collector;
  const add = (at: number, value: number | bigint | null): void => {
    if (typeof value === "bigint") sums.addBig(base + at, value * BigInt(sign));
    else if (value !== null && value !== 0) sums.add(base + at, value * sign);
  };
  add(0, row.requests);
  add(1, row.unpriced);
  add(2, row.input_tokens);
  add(3, row.output_tokens);
  add(4, row.cached_tokens);
  add(5, row.cache_write_tokens);
  add(6, row.reasoning_tokens);
  add(7, row.cost_milli);
  add(8, row.cost_pico);
}

/** Records that are named by id, with their corrections. */
async function collectNamed(
  { connection, organizationId, question, plan, series }: Asked,
  collector: GroupCollector,
): Promise<void> {
  const { filter } = question;
  const named = namedRecords(filter);
  if (named === undefined || named.nothing) return;
  const users = filter.userIds === undefined ? [] : [textArray(filter.userIds)];
  const bounds = [plan.bounds[0] ?? 0, plan.bounds.at(-1) ?? 0];
  const rows = await connection.all<GroupedSums>(
    `WITH named AS (
       SELECT r.organization_id, r.occurred_at, r.id, r.state FROM ${named.source}
       WHERE k.organization_id = ? AND k.occurred_at >= ? AND k.occurred_at < ?
       ${filter.userIds === undefined ? "" : "AND r.user_id = ANY (CAST(? AS text[]))"})
     SELECT width_bucket(r.occurred_at, CAST(? AS bigint[])) AS place, m.place AS "group",
       ${plan.withUsers ? "r.user_id, " : ""}${sumColumns}, ${series.unpriced} AS unpriced
     FROM named n CROSS JOIN LATERAL (
       SELECT * FROM records o WHERE o.organization_id = n.organization_id AND o.occurred_at = n.occurred_at AND o.id = n.id
       UNION ALL
       SELECT * FROM records c WHERE c.organization_id = n.organization_id AND c.occurred_at = n.occurred_at
         AND c.corrects_id = n.id) AS r
     JOIN ${series.source} ON r.series_id = m.series_id
     GROUP BY 1, 2${plan.withUsers ? ", 3" : ""}`,
    ...named.values,
    organizationId,
    ...bounds,
    ...users,
    numberArray(plan.bounds),
    ...series.values,
  );
  const segmentAt = plan.bounds.map((_, place) => (place === 0 ? undefined : { plus: place - 1, minus: -1 }));
  collect(rows, { segmentAt }, collector, false);
}

/** The first and last instant of the organization's records. */
export async function readExtent(connection: StoreConnection, organizationId: string): Promise<Extent | undefined> {
  const at = async (direction: "ASC" | "DESC"): Promise<number | undefined> => {
    const row = await connection.get<{ occurred_at: number }>(
      `SELECT occurred_at FROM records WHERE organization_id = ? ORDER BY occurred_at ${direction}, id ${direction} LIMIT 1`,
      organizationId,
    );
    return row?.occurred_at;
  };
  const firstMs = await at("ASC");
  const lastMs = firstMs === undefined ? undefined : await at("DESC");
  return firstMs === undefined || lastMs === undefined ? undefined : { firstMs, lastMs };
}
