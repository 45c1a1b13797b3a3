import type { CostRecord, CostSummary, Dimension, metrics, Totals, UsageRecord } from "@llm-cost-ops/contract";
import type { Period, RecordFilter } from "./cost-filter.ts";
import type { ListOrder, OrderPosition } from "./list-order.ts";

export type Metric = (typeof metrics)[number];

/** Sums, counts and averages over the records of a period, one row for each combination of the dimensions. */
export interface AggregateQuestion {
  readonly period: Period;
  readonly filter: RecordFilter;
  readonly groupBy: readonly Dimension[];
  readonly metrics: readonly Metric[];
  /** Only so many groups by each measure have rows of their own; absent is all. */
  readonly top?: number | undefined;
}

/** A row has the value of each dimension under its name, null where records have none, beside its totals. */
export type AnswerRow = Totals & Readonly<Record<string, unknown>>;

export interface AggregateAnswer {
  readonly rows: readonly AnswerRow[];
  /** One entry per currency. */
  readonly totals: readonly Totals[];
}

export interface SummaryQuestion {
  readonly period: Period;
  readonly previous: Period;
  readonly filter: RecordFilter;
}

export type SummaryAnswer = Omit<CostSummary, "range" | "previous"> & { readonly previous: readonly Totals[] };

/** A page of records in an order that has no ties, behind a position or a number of records. */
export interface ListQuestion {
  readonly period: Period;
  readonly filter: RecordFilter;
  readonly order: ListOrder;
  readonly limit: number;
  readonly after?: OrderPosition;
  readonly offset?: number;
  /** Leaves out what was received later, for answers that must not grow. */
  readonly receivedBeforeMs?: number;
}

export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** Where the page ends; absent on the last page. */
  readonly end?: OrderPosition;
}

/**
 * The questions that can be asked of the ledger. Every sum is exact; a record's cost includes its corrections; a voided
 * record counts for nothing, and is listed only where the filter names the status `void`.
 */
export interface CostQuery {
  aggregate(organizationId: string, question: AggregateQuestion, signal?: AbortSignal): Promise<AggregateAnswer>;
  /**
   * Answers several questions by one state of the ledger, in their order; refuses all where it refuses one, and where they
   * have more rows together than one may have.
   */
  aggregateAll(
    organizationId: string,
    questions: readonly AggregateQuestion[],
    signal?: AbortSignal,
  ): Promise<readonly AggregateAnswer[]>;
  summarize(organizationId: string, question: SummaryQuestion, signal?: AbortSignal): Promise<SummaryAnswer>;
  /** Usage and reported entries, as costs. */
  listCosts(organizationId: string, question: ListQuestion, signal?: AbortSignal): Promise<ListPage<CostRecord>>;
  /** Usage entries only. */
  listUsage(organizationId: string, question: ListQuestion, signal?: AbortSignal): Promise<ListPage<UsageRecord>>;
  /** The ids of every record of a question in its order, 16 bytes each, for walking an order that no index has. */
  sortedIds(organizationId: string, question: ListQuestion, signal?: AbortSignal): Promise<Uint8Array>;
  /** The costs of records in the order of their ids, 16 bytes each. */
  costsById(organizationId: string, ids: Uint8Array): Promise<readonly CostRecord[]>;
  findCost(organizationId: string, id: string): Promise<CostRecord | undefined>;
  /** The first and last instant at which anything was recorded; absent for an empty ledger. */
  extent(organizationId: string): Promise<RecordedExtent | undefined>;
}

export interface Extent {
  readonly firstMs: number;
  readonly lastMs: number;
}

/** With the instant since which single records are kept: of before there are sums alone. UTC milliseconds; 0 is since ever. */
export interface RecordedExtent extends Extent {
  readonly keptFromMs: number;
}
