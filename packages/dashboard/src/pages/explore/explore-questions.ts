import type { AggregateResult, CostRecord } from "@llm-cost-ops/sdk";
import { fieldErrorsOf, useAsk, useAskPages } from "../../data/ask.ts";
import type { AskSums } from "../../data/sums-together.ts";
import { asQuestion, type Filters } from "../../url-state/filters.ts";
import type { DayRange, Period } from "../../url-state/period.ts";
import { type Bucket, kindOf, type PictureKind, type Shape } from "./explore-state.ts";
import { seriesMax } from "./groups.ts";
import { type Measure, type Metric, metricsWith } from "./measures.ts";
import { withoutHours } from "./week-hours.ts";

/** What the page asks, whatever it is drawn as. */
export interface Question {
  readonly period: Period;
  readonly filters: Filters;
  readonly by: readonly string[];
  readonly compare: boolean;
}

interface Options {
  readonly signal: AbortSignal;
}

const rangeOf = ({ period, filters }: Question, { startDate, endDate }: DayRange) => ({
  ...asQuestion(filters),
  startDate,
  endDate,
  timezone: period.timezone,
});

const keyOf = ({ period, filters, by, compare }: Question) => [period, filters, by, compare];

/** So many groups, first by any figure, are asked for with the page; the others when somebody looks for them. */
export const groupsAtFirst = 100;

/** Sums by group, and where it is asked for those of the period before. Of very many groups the last row stands for others. */
export interface GroupSums {
  /** Of sums over time. */
  readonly kind?: never;
  readonly asked: Question;
  readonly now: AggregateResult;
  readonly before: AggregateResult | undefined;
}

export const useGroupSums = (ask: AskSums, asked: Question) =>
  useAsk<GroupSums>(["costs", "explore", "groups", ...keyOf(asked)], async (_, options) => {
    // A group is compared with itself, and flows and areas within areas need both ends of each: these are asked for whole.
    const top = asked.by.length === 1 && !asked.compare ? { top: groupsAtFirst } : {};
    const [now, before] = await Promise.all([
      ask({ ...rangeOf(asked, asked.period), groupBy: asked.by, ...top }, options),
      asked.compare ? ask({ ...rangeOf(asked, asked.period.previous), groupBy: asked.by }, options) : undefined,
    ]);
    return { asked, now, before };
  });

/** The same sums with every group, where the page was given the first alone. */
export const useEveryGroup = (asked: Question, enabled: boolean) =>
  useAsk<GroupSums>(
    ["costs", "explore", "every group", ...keyOf(asked)],
    async ({ costs }, options) => ({
      asked,
      now: await costs.aggregate({ ...rangeOf(asked, asked.period), groupBy: asked.by }, options),
      before: undefined,
    }),
    { enabled, keepsLast: false },
  );

/** Sums over time or by hour. */
export interface TimeSums {
  readonly kind: PictureKind;
  /** What it was asked for; it stays drawn as this until the next answer is here. */
  readonly shape: Shape;
  readonly measure: Measure;
  readonly asked: Question;
  /** Empty also where the groups of each time would be too many for one answer. */
  readonly by: readonly string[];
  /** What each of the sums has; another measure stays drawn until those that it needs are here. */
  readonly metrics: readonly Metric[];
  readonly now: AggregateResult;
  readonly before: AggregateResult | undefined;
}

/**
 * The sums that a picture of a measure needs beyond those by group. The map of hours is of the whole week, so that more of
 * it can be chosen.
 */
export function useTimeSums(ask: AskSums, question: Question, shape: Shape, measure: Measure) {
  const kind = kindOf(shape);
  const asked = kind === "hours" ? { ...question, filters: withoutHours(question.filters) } : question;
  const metrics = metricsWith(measure);
  return useAsk<TimeSums>(
    ["costs", "explore", "over time", kind, metrics, ...keyOf(asked)],
    async (_, options) => {
      const unit: Bucket = kind === "hours" ? "hour" : asked.period.bucket;
      const by = kind === "hours" ? [] : asked.by;
      const [{ result, drawn }, before] = await Promise.all([
        overTime(ask, asked, { unit, by, metrics }, options),
        asked.compare && kind === "time"
          ? ask({ ...rangeOf(asked, asked.period.previous), metrics, groupBy: [unit] }, options)
          : undefined,
      ]);
      return { kind, shape, measure, asked, by: drawn, metrics, now: result, before };
    },
    { enabled: kind !== "groups" },
  );
}

/** Where the groups of each day are too many for an answer, the sums of the days. */
async function overTime(
  ask: AskSums,
  asked: Question,
  { unit, by, metrics }: { readonly unit: Bucket; readonly by: readonly string[]; readonly metrics: readonly Metric[] },
  options: Options,
): Promise<{ readonly result: AggregateResult; readonly drawn: readonly string[] }> {
  const range = { ...rangeOf(asked, asked.period), metrics };
  try {
    return {
      result: await ask({ ...range, groupBy: [unit, ...by], top: seriesMax + 1 }, options),
      drawn: by,
    };
  } catch (error) {
    if (by.length === 0 || fieldErrorsOf(error)["groupBy"] === undefined) throw error;
    return { result: await ask({ ...range, groupBy: [unit] }, options), drawn: [] };
  }
}

/** The values of a dimension in the period, those that most was spent on first. */
export const useValues = (question: Question, dimension: string, enabled: boolean) =>
  useAsk<AggregateResult>(
    ["costs", "explore", "values", dimension, question.period, question.filters],
    (client, options) => client.costs.aggregate({ ...rangeOf(question, question.period), groupBy: dimension }, options),
    { enabled, keepsLast: false },
  );

/** The keys of the tags of the latest records: what may be grouped by beside the fields. */
export const useTagKeys = (enabled: boolean) =>
  useAsk<readonly string[]>(
    ["costs", "explore", "tag-keys"],
    async (client, options) => {
      const latest = await client.costs.list({ limit: 200, fields: ["tags"], orderBy: "-occurredAt" }, options);
      return [...new Set([...latest].flatMap(({ tags }) => Object.keys(tags ?? {})))].toSorted();
    },
    { enabled },
  );

const pageLength = 100;

/** The records behind the figures, a page at a time. */
export const useRecords = (question: Question, orderBy: string) =>
  useAskPages<CostRecord>(
    ["costs", "explore", "records", orderBy, question.period, question.filters],
    (client, { cursor, ...options }) => {
      const range = rangeOf(question, question.period);
      return client.costs.list({ ...range, orderBy, limit: pageLength, cursor }, options);
    },
  );
