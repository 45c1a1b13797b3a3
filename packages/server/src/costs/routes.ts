import { type AggregateResult, type CostSummary, limits, type Pagination, UsageRecord } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import type { Caller, Reply, Routes } from "../http/route.ts";
import { isRecordWithin } from "../identity/record-scope.ts";
import { Refusal } from "../refusal.ts";
import { unlessDropped } from "../retention/kept-from.ts";
import type { Period } from "./cost-filter.ts";
import type { AggregateAnswer, AggregateQuestion, CostQuery, ListPage, ListQuestion } from "./cost-query.ts";
import { boundBatchHours } from "./hour-windows.ts";
import { writeCursor } from "./page-cursor.ts";
import { projectionOf, readProjection } from "./projection.ts";
import {
  type ChosenField,
  pickFields,
  type ReadList,
  readAggregate,
  readFields,
  readList,
  readSummary,
} from "./read-question.ts";
import { tooManyGroupsTogether } from "./time-buckets.ts";
import { walkCosts } from "./walk-costs.ts";

export interface CostRouteDeps {
  readonly query: CostQuery;
  /** UTC milliseconds. */
  readonly now: () => number;
}

/** So many questions of a batch are one trip. */
const togetherMax = 8;

const usageFields = Object.keys(UsageRecord.shape);

/** Lists, sums and streams of what was recorded. */
export function costRoutes({ query, now }: CostRouteDeps): Routes {
  return {
    "costs.list": {
      body: "json",
      handle: async ({ caller, query: asked, signal }) => {
        const fields = readFields("fields", asked.fields);
        const list = readList("costs", caller, asked, now());
        return listReply(list, await query.listCosts(caller.organizationId, list.question, signal), fields);
      },
    },
    "usage.list": {
      body: "json",
      handle: async ({ caller, query: asked, signal }) => {
        const fields = readFields("fields", asked.fields, usageFields);
        const list = readList("usage", caller, asked, now());
        return listReply(list, await query.listUsage(caller.organizationId, list.question, signal), fields);
      },
    },
    "costs.get": {
      body: "json",
      handle: async ({ caller, params }) => {
        const cost = await query.findCost(caller.organizationId, params.id);
        if (cost === undefined || !isRecordWithin(cost, caller.records)) {
          const keptFromMs = (await query.extent(caller.organizationId))?.keptFromMs ?? 0;
          throw new Refusal("NOT_FOUND", `There is no cost with this id${unlessDropped(keptFromMs)}.`);
        }
        return { json: { data: cost } };
      },
    },
    "costs.aggregate": {
      body: "json",
      handle: async ({ caller, query: asked, signal }) => ({
        json: await answer(query, caller, readAggregate(caller, asked, now()), signal),
      }),
    },
    "costs.summary": {
      body: "json",
      handle: async ({ caller, query: asked, signal }) => {
        const question = readSummary(caller, asked, now());
        const { previous, ...summary } = await query.summarize(caller.organizationId, question, signal);
        const data: CostSummary = {
          ...summary,
          previous: { range: rangeOf(question.previous), by_currency: [...previous] },
          range: rangeOf(question.period),
        };
        return { json: { data } };
      },
    },
    "costs.projection": {
      body: "json",
      handle: async ({ caller, query: asked, signal }) => {
        const nowMs = now();
        const question = readProjection(caller, asked, nowMs);
        const answer = await query.aggregate(caller.organizationId, question, signal);
        return { json: { data: { range: rangeOf(question.period), ...projectionOf(question, answer, nowMs) } } };
      },
    },
    "costs.batchQuery": {
      body: "json",
      handle: async ({ caller, body, signal }) => {
        const nowMs = now();
        const { filters, ...ofAll } = body;
        const questions = filters.map((filter, at) =>
          naming(`filters.${at}`, filter.group_by === undefined ? ["group_by"] : [], () =>
            readAggregate(caller, { ...ofAll, ...filter }, nowMs),
          ),
        );
        if (questions.some(({ filter }) => filter.hours !== undefined)) {
          boundBatchHours(questions, await query.extent(caller.organizationId));
        }
        const data: AggregateResult[] = [];
        let rows = 0;
        // Some at a time, for each trip waits behind whatever else is asked, and whoever leaves is not answered to the end.
        for (let at = 0; at < questions.length; at += togetherMax) {
          signal.throwIfAborted();
          const some = questions.slice(at, at + togetherMax);
          const answers = await query.aggregateAll(caller.organizationId, some, signal);
          rows += answers.reduce((sum, answer) => sum + answer.rows.length, 0);
          if (rows > limits.groupRows) throw tooManyGroupsTogether();
          data.push(...some.map((question, place) => resultOf(question, answers[place] as AggregateAnswer)));
        }
        return { json: { data } };
      },
    },
    "costs.stream": {
      body: "json",
      handle: async ({ caller, query: asked, signal }) => {
        const fields = readFields("fields", asked.fields);
        const nowMs = now();
        const { question } = readList("costs", caller, asked, nowMs);
        const steps = walkCosts(query, caller.organizationId, { ...question, receivedBeforeMs: nowMs + 1 }, signal);
        return { contentType: "application/x-ndjson", chunks: lines(steps, fields) };
      },
    },
  };
}

async function answer(
  query: CostQuery,
  caller: Caller,
  question: AggregateQuestion,
  signal: AbortSignal,
): Promise<AggregateResult> {
  return resultOf(question, await query.aggregate(caller.organizationId, question, signal));
}

const resultOf = (question: AggregateQuestion, { rows, totals }: AggregateAnswer): AggregateResult => ({
  data: [...rows],
  totals: [...totals],
  range: rangeOf(question.period),
  group_by: [...question.groupBy],
});

const rangeOf = ({ fromMs, toMs, zone }: Period): AggregateResult["range"] => ({
  start: formatInstant(fromMs),
  end: formatInstant(toMs),
  timezone: zone,
});

function listReply<Item extends Readonly<Record<string, unknown>>>(
  { question, identity, page }: ReadList,
  { items, end }: ListPage<Item>,
  fields: readonly ChosenField[] | undefined,
): Reply {
  const pagination: Pagination = {
    limit: question.limit,
    has_more: end !== undefined,
    next_cursor: end === undefined ? null : writeCursor(identity, cursorAt(question, end)),
    ...page,
  };
  return { json: { data: items.map((item) => pickFields(item, fields)), pagination } };
}

const cursorAt = ({ period }: ListQuestion, position: NonNullable<ListQuestion["after"]>) => ({ period, position });

async function* lines(
  steps: AsyncIterable<readonly Readonly<Record<string, unknown>>[]>,
  fields: readonly ChosenField[] | undefined,
): AsyncGenerator<string, void, undefined> {
  for await (const items of steps) {
    if (items.length > 0) yield items.map((item) => `${JSON.stringify(pickFields(item, fields))}\n`).join("");
  }
}

/** Puts the place of a part of the body before the names of its fields, but of those that stand beside the parts. */
function naming<T>(place: string, beside: readonly string[], read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refusal) || error.fieldErrors === undefined) throw error;
    const fields = Object.entries(error.fieldErrors).map(([field, text]) =>
      beside.includes(field) ? [field, text] : [`${place}.${field}`, text],
    );
    throw new Refusal(error.code, error.message, { fieldErrors: Object.fromEntries(fields) as Record<string, string> });
  }
}
