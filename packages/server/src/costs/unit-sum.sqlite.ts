import type { StoreThread } from "../sqlite/operation.ts";
import type { AggregateQuestion } from "./cost-query.ts";
import { readExtent, sumGroups } from "./group-sums.sqlite.ts";
import { planSums, type RowSource } from "./group-sums.ts";
import type { Segment } from "./rollup-plan.ts";
import { seriesCatalogue } from "./series-catalogue.sqlite.ts";
import type { SeriesCatalogue } from "./series-catalogue.ts";
import { type SummedUnit, unitOf } from "./unit-sum.ts";

const timeColumns: Readonly<Record<RowSource, string>> = {
  rollup_daily: "day",
  rollup_hourly: "hour",
  rollup_user_daily: "day",
  records: "occurred_at",
};
const picosPerMilli = 1_000_000_000n;

/**
 * One sum over the rows that answer a question, added up by the database: a tenth of the time of handing each row out,
 * measured at 168,000 rows (20 against 200 ms). The writer, whom appends wait for, has no more of it.
 */
export function sumUnit(
  store: StoreThread,
  organizationId: string,
  question: Omit<AggregateQuestion, "groupBy" | "metrics">,
  unit: SummedUnit,
): bigint {
  const grouped = { ...question, groupBy: [] };
  // Rows of users are few, and sought day by day.
  if (question.filter.userIds === undefined) {
    try {
      return sumRows(store, organizationId, grouped, unit);
    } catch (error) {
      if (!(error instanceof Error && error.message.includes("integer overflow"))) throw error;
    }
  }
  return unitOf(sumGroups(store, organizationId, grouped), unit);
}

function sumRows(
  store: StoreThread,
  organizationId: string,
  question: Parameters<typeof planSums>[3],
  unit: SummedUnit,
): bigint {
  const extent = readExtent(store, organizationId);
  if (extent === undefined) return 0n;
  const catalogue = seriesCatalogue(store, organizationId);
  const plan = planSums(organizationId, catalogue, extent, question);
  if (plan === undefined) return 0n;
  const series = listSeries(catalogue, plan.matching, unit);
  return plan.segments().reduce((sum, segment) => sum + readSegment(store, organizationId, segment, series, unit), 0n);
}

interface SeriesList {
  readonly condition:
    | ""
    | "AND series_id IN (SELECT value FROM json_each(?))"
    | "AND series_id NOT IN (SELECT value FROM json_each(?))";
  readonly values: readonly string[];
}

/** The shorter list of series that count, or that do not and would add something; most often it is empty. */
function listSeries(catalogue: SeriesCatalogue, matching: readonly number[], { currency }: SummedUnit): SeriesList {
  const { codes, distinct } = catalogue.columns.currency;
  const currencyOf = (at: number): string | null => distinct[codes[at] ?? 0] ?? null;
  const counted = new Set(currency === undefined ? matching : matching.filter((at) => currencyOf(at) === currency));
  const others: number[] = [];
  for (const at of catalogue.ids.keys()) {
    // What has no currency has no cost.
    if (!counted.has(at) && (currency === undefined || currencyOf(at) !== null)) others.push(at);
  }
  if (others.length === 0) return { condition: "", values: [] };
  const [condition, listed] =
    counted.size <= others.length
      ? (["AND series_id IN (SELECT value FROM json_each(?))", [...counted]] as const)
      : (["AND series_id NOT IN (SELECT value FROM json_each(?))", others] as const);
  return { condition, values: [JSON.stringify(listed.map((at) => catalogue.ids[at]))] };
}

function readSegment(
  { db }: StoreThread,
  organizationId: string,
  { source, from, to, plus, minus }: Segment<RowSource>,
  { condition, values }: SeriesList,
  { currency }: SummedUnit,
): bigint {
  const sign = (plus === -1 ? 0n : 1n) - (minus === -1 ? 0n : 1n);
  const [major, minor] = currency === undefined ? ["input_tokens", "output_tokens"] : ["cost_milli", "cost_pico"];
  const statement = db.prepare(
    `SELECT coalesce(sum(${major}), 0) AS major, coalesce(sum(${minor}), 0) AS minor FROM ${source}
     WHERE organization_id = ? AND ${timeColumns[source]} >= ? AND ${timeColumns[source]} < ? ${condition}`,
  );
  statement.setReadBigInts(true);
  const sums = statement.get(organizationId, from, to, ...values) as unknown as { major: bigint; minor: bigint };
  return sign * (currency === undefined ? sums.major + sums.minor : sums.major * picosPerMilli + sums.minor);
}
