import type { AggregateResult, CostOpsClient, View } from "@llm-cost-ops/sdk";
import { fieldErrorsOf, useAsk } from "../../data/ask.ts";
import { currenciesOf, shownCurrency } from "../../data/currencies.ts";
import { readState } from "../../url-state/fields.ts";
import { asQuestion } from "../../url-state/filters.ts";
import { type Period, resolvePeriod } from "../../url-state/period.ts";
import { type ExploreState, exploreFields } from "../explore/explore-state.ts";
import { type Measure, measures, totalOf } from "../explore/measures.ts";
import { timePicture } from "../explore/time-picture.ts";

/** A view of Explore as the question that its headline answers. */
export interface PinnedQuestion {
  readonly view: View;
  readonly measure: Measure;
  readonly state: ExploreState;
  readonly period: Period;
}

export function questionOf(view: View, today: string, zone: string): PinnedQuestion {
  const state = readState<ExploreState>(exploreFields, view.state);
  return { view, state, measure: measures[state.m], period: resolvePeriod(state.period, today, zone) };
}

/** What a card shows: the whole, exactly, and how it came about over time. */
export interface Headline {
  readonly currency: string;
  readonly total: string | null;
  readonly values: readonly (string | null)[];
}

export function headlineOf({ state, measure, period }: PinnedQuestion, result: AggregateResult): Headline {
  const currencies = currenciesOf(result.totals);
  const currency = shownCurrency(currencies, state.cur);
  const { series } = timePicture({ rows: result.data, before: undefined, by: [], period, measure, currency });
  const total = totalOf(result.totals, measure, currency) ?? (measure.adds ? "0" : null);
  return { currency, total, values: series[0]?.values ?? [] };
}

interface Options {
  readonly signal: AbortSignal;
}

const rangeOf = ({ state, period }: PinnedQuestion) => ({
  ...asQuestion(state.f),
  startDate: period.startDate,
  endDate: period.endDate,
  timezone: period.timezone,
});

/** One question for all views that are drawn by the same stretch of time. */
async function askTogether(
  client: CostOpsClient,
  of: readonly PinnedQuestion[],
  groupBy: Period["bucket"],
  options: Options,
): Promise<readonly (AggregateResult | undefined)[]> {
  try {
    return await client.costs.batchQuery({ filters: of.map(rangeOf), groupBy: [groupBy] }, options);
  } catch (error) {
    // A filter that somebody wrote into an address by hand: it must not take the other cards with it.
    if (Object.keys(fieldErrorsOf(error)).length === 0) throw error;
    return Promise.all(
      of.map((one) => client.costs.aggregate({ ...rangeOf(one), groupBy }, options).catch(() => undefined)),
    );
  }
}

/** The sums of each view by its id; of one whose question the server refuses there are none. */
export async function pinnedSums(
  client: CostOpsClient,
  questions: readonly PinnedQuestion[],
  options: Options,
): Promise<ReadonlyMap<string, AggregateResult | undefined>> {
  const together = [...Map.groupBy(questions, ({ period }) => period.bucket)];
  const answers = await Promise.all(
    together.map(async ([bucket, of]) => {
      const results = await askTogether(client, of, bucket, options);
      return of.map(({ view }, at) => [view.id, results[at]] as const);
    }),
  );
  return new Map(answers.flat());
}

export const usePinnedSums = (questions: readonly PinnedQuestion[]) =>
  useAsk<ReadonlyMap<string, AggregateResult | undefined>>(
    ["costs", "pinned", questions.map(({ view, period }) => [view.id, view.state, period])],
    (client, options) => pinnedSums(client, questions, options),
    { enabled: questions.length > 0, everyMs: 60_000 },
  );
