import { limits } from "@llm-cost-ops/contract/limits";
import { numberArray, textArray } from "../postgres/array-text.ts";
import { readKeptFrom } from "../retention/kept-from.ts";
import type { SqlValue, StoreConnection } from "../store/connection.ts";
import type { SummedRow } from "./answer-rows.ts";
import type { RecordedExtent } from "./cost-query.ts";
import { measures } from "./exact-sums.ts";
import type { GroupCollector } from "./group-collector.ts";
import {
  type ExtentEnds,
  extentOf,
  firstKeptDay,
  type GroupQuestion,
  planSums,
  type RowSource,
  type SumPlan,
} from "./group-sums.ts";
import { endsOf } from "./hour-windows.ts";
import { namedRecords } from "./named-records.postgres.ts";
import type { Segment } from "./rollup-plan.ts";
import { type SegmentLayer, segmentLayers } from "./segment-layers.ts";
import { seriesCatalogue } from "./series-catalogue.postgres.ts";
import type { SeriesCatalogue } from "./series-catalogue.ts";
import { takeSettledDays } from "./settled-days.postgres.ts";
import { type SettledKind, SettledSegment, settledKind, settledKinds } from "./settled-days.ts";
import { type Reading, readingsOf, SumsTogether } from "./shared-reading.ts";
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
  /** Position among what one statement reads. */
  readonly read: number;
  /** Position of the time among the layer's bounds, from 1. */
  readonly place: number;
  readonly group: number;
  readonly user_id: string | null;
  readonly requests: number | bigint;
  readonly unpriced: number | bigint | null;
  readonly input_tokens: number | bigint;
  readonly output_tokens: number | bigint;
  readonly cached_tokens: number | bigint;
  readonly cache_write_tokens: number | bigint;
  readonly reasoning_tokens: number | bigint;
  readonly cost_milli: number | bigint | null;
  readonly cost_pico: number | bigint | null;
  readonly saved_milli: number | bigint | null;
  readonly saved_pico: number | bigint | null;
}

const summed = ["requests", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens"];
const sumColumns = [...summed, "cost_milli", "cost_pico", "saved_milli", "saved_pico"]
  .map((column) => `sum(r.${column}) AS ${column}`)
  .join(", ");

/** In a layer at most this many rows add to one slot of the answer: head and tail of a bucket, given and taken. */
const rowsOfSlotMax = 4;
const groupedRowsMax = limits.groupRows * rowsOfSlotMax;

/** So many sums are made by one statement: one that is longer takes the planner longer than a trip. */
const readsMax = 50;

/**
 * Sums what was recorded in a period by any dimensions and by currency, as `planSums` says. The database adds up, so that
 * what comes over the network is as long as the answer.
 */
export async function sumGroups(
  connection: StoreConnection,
  organizationId: string,
  question: GroupQuestion,
): Promise<readonly SummedRow[]> {
  const [rows] = await sumGroupsOfAll(connection, organizationId, [question]);
  return rows ?? [];
}

/** The same for several questions, in their order: they share readings, and trips to the database. */
export async function sumGroupsOfAll(
  connection: StoreConnection,
  organizationId: string,
  questions: readonly GroupQuestion[],
): Promise<readonly (readonly SummedRow[])[]> {
  const sums = new SumsTogether(questions.length);
  const extent = await readExtent(connection, organizationId);
  if (extent === undefined) return sums.found;
  const catalogue = await seriesCatalogue(connection, organizationId);
  const collectors = new Map<Reading, GroupCollector>();
  const parts: ReadingParts[] = [];
  const planOf = (question: GroupQuestion) => planSums(organizationId, catalogue, extent, question);
  for (const reading of readingsOf(questions, planOf)) {
    const { question, plan } = reading;
    const collector = plan.collector();
    collectors.set(reading, collector);
    const asked: Asked = { organizationId, question, plan, series: seriesList(catalogue, plan) };
    const { ids, usageIds } = question.filter;
    if (ids !== undefined || usageIds !== undefined) await collectNamed(connection, asked, collector);
    else parts.push(partsOf(asked, collector));
  }
  for (const kind of settledKinds) {
    await takeSettledDays(
      connection,
      organizationId,
      kind,
      parts.flatMap(({ settled }) => settled[kind]),
    );
  }
  const reads = parts.flatMap(layerReads);
  for (let at = 0; at < reads.length; at += readsMax) await readTogether(connection, reads.slice(at, at + readsMax));
  for (const [reading, collector] of collectors) sums.add(reading, collector);
  return sums.found;
}

/** A statement that sums the rows of a layer, and where its sums go. */
interface LayerRead {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  readonly take: (rows: readonly GroupedSums[]) => void;
}

/** A reading's segments: those that settled days may answer, and those that they cannot. */
interface ReadingParts {
  readonly asked: Asked;
  readonly collector: GroupCollector;
  readonly settled: Readonly<Record<SettledKind, readonly SettledSegment[]>>;
  readonly others: readonly Segment<RowSource>[];
}

function partsOf(asked: Asked, collector: GroupCollector): ReadingParts {
  const { plan, series } = asked;
  const kindOf = (segment: Segment<RowSource>) => (series.sought === "" ? settledKind(plan, segment) : undefined);
  const byKind = Map.groupBy(plan.segments(), kindOf);
  const settled = (kind: SettledKind) =>
    (byKind.get(kind) ?? []).map((segment) => new SettledSegment(segment, collector));
  return {
    ...{ asked, collector, others: byKind.get(undefined) ?? [] },
    settled: { users: settled("users"), series: settled("series") },
  };
}

/** What is to be read row by row when the settled days are added. */
function layerReads({ asked, collector, settled, others }: ReadingParts): LayerRead[] {
  const segments = [...others, ...settledKinds.flatMap((kind) => settled[kind].flatMap((segment) => segment.left()))];
  const withNobody = asked.question.filter.userIds === undefined;
  return [...Map.groupBy(segments, ({ source }) => source)].flatMap(([source, ofSource]) => {
    const takesFromNobody = withNobody && source === "rollup_user_daily";
    return segmentLayers(ofSource).map((layer) => ({
      ...readOfLayer(asked, source, layer),
      take: (rows: readonly GroupedSums[]): void => collect(rows, layer, collector, takesFromNobody),
    }));
  });
}

async function readTogether(connection: StoreConnection, reads: readonly LayerRead[]): Promise<void> {
  const sql = reads
    .map((read, at) => `SELECT ${at} AS read, summed.* FROM (${read.sql}) AS summed`)
    .join("\nUNION ALL\n");
  const found = await connection.all<GroupedSums>(sql, ...reads.flatMap(({ values }) => values));
  const byRead = Map.groupBy(found, ({ read }) => read);
  for (const [at, { take }] of reads.entries()) {
    const rows = byRead.get(at) ?? [];
    if (rows.length > groupedRowsMax) throw tooManyGroups();
    take(rows);
  }
}

interface Asked {
  readonly organizationId: string;
  readonly question: GroupQuestion;
  readonly plan: SumPlan;
  readonly series: SeriesList;
}

/**
 * The groups of the matching series as the database is told them: a code for each, twice the group's number and one more
 * where the series has no price.
 */
interface SeriesList {
  /** What rows `t` of a source are selected with. */
  readonly column: string;
  /** What rows `r` are joined with. */
  readonly join: string;
  /** A row's code; what it is compared with leaves out the rows of other series. */
  readonly code: string;
  readonly condition: string;
  /** What rows `t` of rollups, whose keys end with the series, are sought by where many series do not match. */
  readonly sought: string;
  readonly soughtValues: readonly SqlValue[];
  readonly columnValues: readonly SqlValue[];
  readonly joinValues: readonly SqlValue[];
  readonly hasUnpriced: boolean;
}

/** Above this many series, or where more than half match, seeking them costs more than it saves. */
const soughtMax = 20_000;

/** Above so many series to one that matches, a list of those that match is shorter than an array of all. */
const sparseFrom = 8;

/**
 * An array by series is looked up in, and not joined with: the planner knows nothing of how many rows a join with a list
 * leaves, took it for few and sorted them all. Only where few match they are listed.
 */
function seriesList(catalogue: SeriesCatalogue, { matching, series }: SumPlan): SeriesList {
  const codeOf = (id: number): number => (series.groupOfSeries[id] ?? -1) * 2 + (series.unpriced[id] ?? 0);
  const ids = matching.map((at) => catalogue.ids[at] ?? 0);
  const hasUnpriced = ids.some((id) => series.unpriced[id] === 1);
  const isSought = ids.length <= soughtMax && ids.length * 2 <= catalogue.ids.length;
  const seeking = {
    sought: isSought ? "AND t.series_id = ANY (CAST(? AS bigint[]))" : "",
    soughtValues: isSought ? [numberArray(ids)] : [],
  };
  if (ids.length * sparseFrom < catalogue.lastId) {
    return {
      ...seeking,
      column: "",
      join: `JOIN (SELECT series_id, max(code) AS code
        FROM unnest(CAST(? AS bigint[]), CAST(? AS integer[])) AS listed (series_id, code)
        GROUP BY series_id) AS m ON m.series_id = r.series_id`,
      code: "m.code",
      condition: "",
      columnValues: [],
      joinValues: [numberArray(ids), numberArray(ids.map(codeOf))],
      hasUnpriced,
    };
  }
  const codes = new Int32Array(catalogue.lastId).fill(-1);
  for (const id of ids) codes[id - 1] = codeOf(id);
  return {
    ...seeking,
    column: ", (CAST(? AS integer[]))[t.series_id] AS code",
    join: "",
    code: "r.code",
    condition: "WHERE r.code >= 0",
    columnValues: [numberArray(codes)],
    joinValues: [],
    hasUnpriced,
  };
}

/** The columns of `GroupedSums` behind the place, each of one type whatever is read. */
const groupColumns = ({ code, hasUnpriced }: SeriesList, withUser: boolean): string =>
  `(${code} >> 1) AS "group", ${withUser ? "r.user_id" : "CAST(NULL AS TEXT) AS user_id"}, ${sumColumns},
    ${hasUnpriced ? `sum(r.requests) FILTER (WHERE (${code} & 1) = 1)` : "CAST(NULL AS NUMERIC)"} AS unpriced`;

function readOfLayer(
  { organizationId, question, plan, series }: Asked,
  source: RowSource,
  layer: SegmentLayer,
): Pick<LayerRead, "sql" | "values"> {
  const time = timeColumns[source];
  const withUser = plan.withUsers && (source === "rollup_user_daily" || source === "records");
  const rows = rowsWithin(source, organizationId, layer, question.filter.userIds, series);
  // With one place there is nothing to look up.
  const found = `width_bucket(r.${time}, CAST(? AS bigint[]))`;
  const place =
    layer.bounds.length === 2 ? "1" : layer.sameAs === undefined ? found : `(CAST(? AS integer[]))[${found}]`;
  const sameAs = layer.sameAs === undefined ? [] : [numberArray(layer.sameAs)];
  return {
    sql: `SELECT ${place} AS place, ${groupColumns(series, withUser)}
     FROM ${rows.sql} ${series.join} ${series.condition}
     GROUP BY 1, 2${withUser ? ", 3" : ""} LIMIT ${groupedRowsMax + 1}`,
    values: [
      ...(layer.bounds.length === 2 ? [] : [...sameAs, numberArray(layer.bounds)]),
      ...rows.values,
      ...series.joinValues,
    ],
  };
}

/** The rows `r` of a layer as something to select from. */
function rowsWithin(
  source: RowSource,
  organizationId: string,
  { runs }: SegmentLayer,
  userIds: readonly string[] | undefined,
  { column, columnValues, sought, soughtValues }: SeriesList,
): { readonly sql: string; readonly values: readonly SqlValue[] } {
  const time = timeColumns[source];
  const ofUsers = userIds === undefined ? "" : "AND t.user_id = ANY (CAST(? AS text[]))";
  const rest = source === "records" ? ofUsers : `${ofUsers} ${sought}`;
  const restValues = [
    ...(userIds === undefined ? [] : [textArray(userIds)]),
    ...(source === "records" ? [] : soughtValues),
  ];
  const select = `SELECT t.*${column} FROM ${source} t WHERE t.organization_id = ?`;
  const [only, ...others] = runs;
  // A list of users is sought in the key only where the day before it is a single one.
  const byDay = source === "rollup_user_daily" && userIds !== undefined;
  if (only !== undefined && others.length === 0 && !byDay) {
    return {
      sql: `(${select} AND t.${time} >= ? AND t.${time} < ? ${rest}) AS r`,
      values: [...columnValues, organizationId, only.from, only.to, ...restValues],
    };
  }
  const runValues = [numberArray(runs.map(({ from }) => from)), numberArray(runs.map(({ to }) => to))];
  const runSource = "unnest(CAST(? AS bigint[]), CAST(? AS bigint[])) AS run (first, past)";
  const values = [...runValues, ...columnValues, organizationId, ...restValues];
  // OFFSET 0 keeps the planner from turning many short ranges of the key into one walk over everything.
  if (byDay) {
    return {
      sql: `(${runSource} CROSS JOIN LATERAL generate_series(run.first, run.past - 1) AS unit CROSS JOIN LATERAL
        (${select} AND t.${time} = unit ${rest} OFFSET 0) AS r)`,
      values,
    };
  }
  return {
    sql: `(${runSource} CROSS JOIN LATERAL
      (${select} AND t.${time} >= run.first AND t.${time} < run.past ${rest} OFFSET 0) AS r)`,
    values,
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
    const user = row.user_id;
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
  add(9, row.saved_milli);
  add(10, row.saved_pico);
}

/** Records that are named by id, with their corrections. */
async function collectNamed(
  connection: StoreConnection,
  { organizationId, question, plan, series }: Asked,
  collector: GroupCollector,
): Promise<void> {
  const { filter } = question;
  const named = namedRecords(filter);
  if (named === undefined || named.nothing) return;
  const users = filter.userIds === undefined ? [] : [textArray(filter.userIds)];
  const { windows } = plan;
  const bounds = [Math.max(plan.bounds[0] ?? 0, plan.keptFromMs), plan.bounds.at(-1) ?? 0];
  const rows = await connection.all<GroupedSums>(
    `WITH named AS (
       SELECT r.organization_id, r.occurred_at, r.id FROM ${named.source}
       WHERE k.organization_id = ? AND k.occurred_at >= ? AND k.occurred_at < ?
       ${filter.userIds === undefined ? "" : "AND r.user_id = ANY (CAST(? AS text[]))"}
       ${windows === undefined ? "" : "AND width_bucket(r.occurred_at, CAST(? AS bigint[])) % 2 = 1"})
     SELECT 0 AS read, width_bucket(r.occurred_at, CAST(? AS bigint[])) AS place,
       ${groupColumns(series, plan.withUsers)}
     FROM (SELECT t.*${series.column} FROM named n CROSS JOIN LATERAL (
       SELECT * FROM records o WHERE o.organization_id = n.organization_id AND o.occurred_at = n.occurred_at AND o.id = n.id
       UNION ALL
       SELECT * FROM records c WHERE c.organization_id = n.organization_id AND c.occurred_at = n.occurred_at
         AND c.corrects_id = n.id) AS t) AS r
     ${series.join} ${series.condition}
     GROUP BY 2, 3${plan.withUsers ? ", 4" : ""}`,
    ...named.values,
    organizationId,
    ...bounds,
    ...users,
    ...(windows === undefined ? [] : [numberArray(endsOf(windows))]),
    numberArray(plan.bounds),
    ...series.columnValues,
    ...series.joinValues,
  );
  const segmentAt = plan.bounds.map((_, place) => (place === 0 ? undefined : { plus: place - 1, minus: -1 }));
  collect(rows, { segmentAt }, collector, false);
}

/** The first and last instant of the organization's records, of which sums alone may be left. */
export async function readExtent(
  connection: StoreConnection,
  organizationId: string,
): Promise<RecordedExtent | undefined> {
  const keptFromMs = await readKeptFrom(connection);
  const kept = (direction: "ASC" | "DESC"): string =>
    `(SELECT occurred_at FROM records WHERE organization_id = ?1 AND occurred_at >= ?2
      ORDER BY occurred_at ${direction}, id ${direction} LIMIT 1)`;
  const dropped = (end: "min" | "max"): string =>
    keptFromMs === 0 ? "NULL" : `(SELECT ${end}(day) FROM rollup_daily WHERE organization_id = ?1 AND day < ?3)`;
  const ends = await connection.get<ExtentEnds>(
    `SELECT ${kept("ASC")} AS first, ${kept("DESC")} AS last, ${dropped("min")} AS "firstDay", ${dropped("max")} AS "lastDay"`,
    organizationId,
    keptFromMs,
    ...(keptFromMs === 0 ? [] : [firstKeptDay(keptFromMs)]),
  );
  return ends === undefined ? undefined : extentOf(ends, keptFromMs);
}
