import {
  type AggregateQuery,
  type CostFilter,
  costFields,
  type Dimension,
  dimensionAliases,
  dimensions,
  type ListQuery,
  limits,
} from "@llm-cost-ops/contract";
import { addUnits, startOf } from "@llm-cost-ops/core";
import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import { type Period, readPeriod, readRecordFilter } from "./cost-filter.ts";
import type { AggregateQuestion, ListQuestion, Metric, SummaryQuestion } from "./cost-query.ts";
import { readOrder } from "./list-order.ts";
import { readCursor } from "./page-cursor.ts";

const allMetrics: readonly Metric[] = ["sum", "count", "avg"];
const defaultLimit = 100;
/** Beyond it pages by number would read everything before them; cursors do not. */
const offsetMax = 100_000;

const invalid = (field: string, error: string): Refusal =>
  new Refusal("VALIDATION_ERROR", `${field} ${error}`, { fieldErrors: { [field]: error } });

/** Sums over the last 30 days where the question names no dates. */
export function readAggregate(caller: Caller, asked: AggregateQuery, nowMs: number): AggregateQuestion {
  return {
    period: readPeriod(asked, nowMs, "last-30-days"),
    filter: readRecordFilter(caller, asked),
    groupBy: readDimensions(asked.group_by),
    metrics: asked.metrics ?? (asked.metric === undefined ? allMetrics : [asked.metric]),
    top: asked.top,
  };
}

/** Dimensions in the spellings of the contract, each once; `tag:KEY` for the values of a tag. */
export function readDimensions(names: readonly string[] | undefined): readonly Dimension[] {
  const read = [...new Set((names ?? []).map(readDimension))];
  if (read.length > limits.groupByCount) {
    throw invalid("group_by", `must name at most ${limits.groupByCount} dimensions`);
  }
  return read;
}

function readDimension(name: string): Dimension {
  const plain = dimensionAliases[name] ?? dimensions.find((dimension) => dimension === name);
  if (plain !== undefined && (dimensions as readonly string[]).includes(plain)) return plain;
  if (name.startsWith("tag:") && name.length > "tag:".length) return name as `tag:${string}`;
  throw invalid("group_by", `must name some of: ${dimensions.join(", ")}, tag:KEY`);
}

/** The last 30 days where no dates are named, and the period of the same length just before. */
export function readSummary(caller: Caller, asked: CostFilter, nowMs: number): SummaryQuestion {
  const period = readPeriod(asked, nowMs, "last-30-days");
  return { period, previous: periodBefore(period), filter: readRecordFilter(caller, asked) };
}

const dayMs = 86_400_000;

/** Whole days are counted as days, so that a change of the clocks does not move midnight. */
function periodBefore({ fromMs, toMs, zone }: Period): Period {
  const wholeDays = startOf("day", fromMs, zone) === fromMs && startOf("day", toMs, zone) === toMs;
  const start = wholeDays
    ? addUnits(fromMs, -Math.round((toMs - fromMs) / dayMs), "day", zone)
    : fromMs - (toMs - fromMs);
  return { fromMs: start, toMs: fromMs, zone };
}

export interface ReadList {
  readonly question: ListQuestion;
  /** What a cursor of this list is bound to. */
  readonly identity: unknown;
  readonly page: { readonly page: number; readonly per_page: number } | undefined;
}

/** Every record where no dates are named; on later pages the period of the first. */
export function readList(view: "costs" | "usage", caller: Caller, asked: ListQuery, nowMs: number): ReadList {
  const { cursor, limit, page, per_page: perPage, fields: _, ...restrictions } = asked;
  const identity = { view, organization: caller.organizationId, ...restrictions };
  const filter = readRecordFilter(caller, asked);
  const order = readOrder(asked.order_by);
  const period = readPeriod(asked, nowMs, "always");
  if (cursor !== undefined) {
    if (page !== undefined) throw invalid("page", "cannot be combined with cursor");
    const from = readCursor(identity, cursor, order.length);
    const question = { period: { ...period, ...from.period }, filter, order, limit: limit ?? perPage ?? defaultLimit };
    return { identity, page: undefined, question: { ...question, after: from.position } };
  }
  if (page === undefined && perPage === undefined) {
    return { identity, page: undefined, question: { period, filter, order, limit: limit ?? defaultLimit } };
  }
  const size = perPage ?? limit ?? defaultLimit;
  const offset = ((page ?? 1) - 1) * size;
  if (offset > offsetMax) throw invalid("page", `reaches at most ${offsetMax} records deep: use cursor`);
  return {
    identity,
    page: { page: page ?? 1, per_page: size },
    question: { period, filter, order, limit: size, offset },
  };
}

/** Short names that the documents use for fields of a cost record. */
const shortFields: Readonly<Record<string, (typeof costFields)[number]>> = {
  cost: "total_cost",
  tokens: "tokens_used",
  usage: "usage_id",
};

/** One field of an answer under the name that the question gives it. */
export interface ChosenField {
  readonly name: string;
  readonly field: string;
}

/** The fields that a question chooses, under the names it uses; undefined is all. Refuses names of no field. */
export function readFields(
  parameter: "fields" | "include_fields",
  names: readonly string[] | undefined,
  known: readonly string[] = costFields,
): readonly ChosenField[] | undefined {
  if (names === undefined || names.length === 0) return undefined;
  return [...new Set(names)].map((name) => {
    const field = known.includes(name) ? name : Object.hasOwn(shortFields, name) ? shortFields[name] : undefined;
    if (field === undefined || !known.includes(field)) {
      throw invalid(parameter, `must name some of: ${known.join(", ")}`);
    }
    return { name, field };
  });
}

/** A record with the chosen fields only, in the order in which they were chosen. */
export const pickFields = (
  record: Readonly<Record<string, unknown>>,
  fields: readonly ChosenField[] | undefined,
): Readonly<Record<string, unknown>> =>
  fields === undefined ? record : Object.fromEntries(fields.map(({ name, field }) => [name, record[field]]));
