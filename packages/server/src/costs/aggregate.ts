import type { Dimension } from "@llm-cost-ops/contract";
import { foldRows, type SummedRow, sortRows, toAnswerRow, toTotals } from "./answer-rows.ts";
import type { AggregateAnswer, AggregateQuestion, Metric, SummaryAnswer, SummaryQuestion } from "./cost-query.ts";
import type { GroupQuestion } from "./group-sums.ts";

const allMetrics: readonly Metric[] = ["sum", "count", "avg"];
const topModelsMax = 10;

/** The answer to an aggregate question from its exact sums, of which the groups that are not among its first are one already. */
export function answerAggregate(
  rows: readonly SummedRow[],
  { groupBy, metrics }: Pick<AggregateQuestion, "groupBy" | "metrics">,
): AggregateAnswer {
  return {
    rows: sortRows(rows).map((row) => toAnswerRow(row, groupBy, metrics)),
    totals: sortRows(foldRows(rows, () => [])).map((row) => toTotals(row, metrics)),
  };
}

const summaryDimensions: readonly Dimension[] = ["provider", "model"];

/** What a summary asks for together: the sums by provider and model, and those of the period before. */
export const summaryQuestions = ({ period, previous, filter }: SummaryQuestion): readonly GroupQuestion[] => [
  { period, filter, groupBy: summaryDimensions },
  { period: previous, filter, groupBy: [] },
];

/**
 * The answer to a summary from the sums of its questions. Costs of different
 * currencies are never added: with several of them the total is null and `by_currency` has each.
 */
export function answerSummary([rows = [], previous = []]: readonly (readonly SummedRow[])[]): SummaryAnswer {
  const byCurrency = sortRows(foldRows(rows, () => []));
  const currencies = byCurrency.flatMap(({ currency }) => (currency === null ? [] : [currency]));
  const [everything] = foldRows(
    byCurrency.map((row) => ({ ...row, currency: currencies.length === 1 ? (currencies[0] ?? null) : null })),
    () => [],
  );
  const totals = toTotals(everything ?? { values: [], currency: null, bucket: 0, sums: [] }, allMetrics);
  const providers = sortRows(foldRows(rows, ([provider = null]) => [provider]));
  const models = sortRows(foldRows(rows, (values) => values)).slice(0, topModelsMax);
  return {
    total_cost: totals.total_cost ?? null,
    cache_savings: totals.cache_savings ?? null,
    currency: totals.currency,
    total_requests: totals.total_requests ?? 0,
    unpriced_requests: totals.unpriced_requests ?? 0,
    avg_cost_per_request: averageOfPriced(byCurrency, currencies),
    input_tokens: totals.input_tokens ?? 0,
    output_tokens: totals.output_tokens ?? 0,
    total_tokens: totals.total_tokens ?? 0,
    cached_tokens: totals.cached_tokens ?? 0,
    cache_write_tokens: totals.cache_write_tokens ?? 0,
    reasoning_tokens: totals.reasoning_tokens ?? 0,
    by_currency: byCurrency.map((row) => toTotals(row, allMetrics)),
    by_provider: providers.map((row) => toAnswerRow(row, ["provider"], allMetrics)),
    top_models: models.map((row) => toAnswerRow(row, summaryDimensions, allMetrics)),
    previous: sortRows(foldRows(previous, () => [])).map((row) => toTotals(row, allMetrics)),
  };
}

/** Over the requests that have a price, so that those without one do not make the others look cheap. */
function averageOfPriced(byCurrency: readonly SummedRow[], currencies: readonly string[]): string | null {
  const priced = byCurrency.find(({ currency }) => currency !== null);
  if (priced === undefined || currencies.length !== 1) return null;
  return toTotals(priced, ["avg"]).avg_cost_per_request ?? null;
}
