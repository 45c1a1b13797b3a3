import type * as Wire from "@llm-cost-ops/contract";
import { sendBatch } from "./batch.ts";
import {
  type CostFilters,
  type ListParams,
  type NestedFilters,
  pageFromWire,
  queryString,
  questionToWire,
} from "./filters.ts";
import { parseNdjson } from "./ndjson.ts";
import type { RequestOptions } from "./options.ts";
import { eachRecord, type Page } from "./page.ts";
import {
  type BatchResult,
  type CostEntry,
  type CostRecord,
  type CreateCostParams,
  costFromWire,
  dataOf,
  type TagsInput,
  type Warning,
  warningsOf,
} from "./records.ts";
import { refusalFrom } from "./refusals.ts";
import type { Session } from "./session.ts";
import { isList } from "./usage.ts";
import { type FromWire, fromWire, isRecord, toWire } from "./wire.ts";

export interface CreatedCost extends CostEntry {
  readonly warnings: readonly Warning[];
}

/** A field to group by: the contract's dimensions in camelCase, or `tag:` and a tag's key. */
export type GroupBy =
  | "organization"
  | "project"
  | "user"
  | "apiKey"
  | "provider"
  | "model"
  | "serviceTier"
  | "region"
  | "costStatus"
  | "usageStatus"
  | "hour"
  | "day"
  | "week"
  | "month"
  | `tag:${string}`
  | (string & {});

export interface AggregateParams extends NestedFilters {
  readonly groupBy?: GroupBy | readonly GroupBy[] | undefined;
  readonly metrics?: readonly ("sum" | "count" | "avg")[] | undefined;
  readonly metric?: "sum" | "count" | "avg" | undefined;
  /** Rows for so many groups by each measure; the others together are rows with `otherGroups`. */
  readonly top?: number | undefined;
}

export interface AggregateResult extends FromWire<Wire.AggregateResult> {}
export interface CostSummary extends FromWire<Wire.CostSummary> {}
/** Where the month leads. Amounts are given twice: as numbers, and exactly under the name with `Exact`. */
export interface CostProjection extends FromWire<Wire.CostProjection> {}

/** Which records are meant; the month is that of the `timezone`, UTC if absent. */
export type ProjectionParams = Omit<CostFilters, "startDate" | "endDate" | "range" | "days" | "hours">;

/** How the records of a question of a batch are summed. */
export interface BatchSums {
  readonly groupBy?: readonly GroupBy[] | undefined;
  readonly metrics?: readonly ("sum" | "count" | "avg")[] | undefined;
  readonly top?: number | undefined;
}

export interface BatchQueryParams extends BatchSums {
  /** What one of them says of how it is summed counts for it in place of what is said for all. */
  readonly filters: readonly (CostFilters & BatchSums)[];
}

export interface StreamParams extends NestedFilters {
  readonly fields?: readonly string[] | undefined;
  readonly orderBy?: string | readonly string[] | undefined;
}

export interface UpdateCostParams {
  readonly tags?: TagsInput | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** What calls cost. */
export class Costs {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Records a cost that was priced elsewhere; it is marked as reported. Safe to retry. */
  async create(entry: CreateCostParams, options?: RequestOptions): Promise<CreatedCost> {
    const body = JSON.stringify(this.#session.recordToWire(entry));
    const answer = await this.#session.transport.json({ operation: "costs.create", body, options });
    return { ...(costFromWire(dataOf(answer)) as CostEntry), warnings: warningsOf(answer) };
  }

  /** Records any number of reported costs, 10,000 in a request, with a result for each. */
  async bulkCreate(
    bulk: readonly CreateCostParams[] | { readonly entries: readonly CreateCostParams[] },
    options?: RequestOptions,
  ): Promise<BatchResult> {
    const entries = isList(bulk) ? bulk : bulk.entries;
    return sendBatch(
      entries.map((entry) => this.#session.recordToWire(entry)),
      (body) => this.#session.transport.json({ operation: "costs.bulkCreate", body, options }),
    );
  }

  list(
    params: ListParams & { readonly fields: readonly string[] },
    options?: RequestOptions,
  ): Promise<Page<Partial<CostRecord>>>;
  list(params?: ListParams, options?: RequestOptions): Promise<Page<CostRecord>>;
  /** One page of costs. */
  async list(params: ListParams = {}, options?: RequestOptions): Promise<Page<CostRecord>> {
    const answer = await this.#session.transport.json({ operation: "costs.list", query: this.#query(params), options });
    return pageFromWire(answer, costFromWire);
  }

  /** Every matching cost; pages are fetched as they are needed. */
  listPaginated(params: ListParams = {}, options?: RequestOptions): AsyncGenerator<CostRecord, void, undefined> {
    return eachRecord((cursor) => this.list({ ...params, cursor }, options), params.cursor);
  }

  /**
   * Every matching cost in one answer, as it arrives. Refusals reject here; a connection that breaks later rejects the
   * iteration with NetworkError. Leaving the loop closes the connection.
   */
  async listStream(
    params: StreamParams = {},
    options?: RequestOptions,
  ): Promise<AsyncGenerator<CostRecord, void, undefined>> {
    const { response, chunks } = await this.#session.transport.open({
      operation: "costs.stream",
      query: this.#query(params),
      accept: "application/x-ndjson",
      options,
    });
    return eachCost(chunks, response.status);
  }

  async get(id: string, options?: RequestOptions): Promise<CostRecord> {
    const answer = await this.#session.transport.json({ operation: "costs.get", params: { id }, options });
    return costFromWire(dataOf(answer));
  }

  /** Changes labels. Money cannot be changed: delete the entry and create another. */
  async update(id: string, changes: UpdateCostParams, options?: RequestOptions): Promise<CostRecord> {
    const body = JSON.stringify(toWire(changes));
    const answer = await this.#session.transport.json({ operation: "costs.update", params: { id }, body, options });
    return costFromWire(dataOf(answer));
  }

  /** Voids a cost: a correction of the opposite sign is recorded and nothing is erased. Answers the voided cost. */
  async delete(id: string, options?: RequestOptions): Promise<CostRecord> {
    const answer = await this.#session.transport.json({ operation: "costs.delete", params: { id }, options });
    return costFromWire(dataOf(answer));
  }

  /** Sums, counts and averages by any dimensions. Each row has its dimensions by name, `tag:` ones as they were asked for. */
  async aggregate(params: AggregateParams = {}, options?: RequestOptions): Promise<AggregateResult> {
    const query = this.#query(params);
    return fromWire<Wire.AggregateResult>(
      await this.#session.transport.json({ operation: "costs.aggregate", query, options }),
    );
  }

  /** One period at a glance, beside the period before. */
  async summary(params: NestedFilters = {}, options?: RequestOptions): Promise<CostSummary> {
    const query = this.#query(params);
    const answer = await this.#session.transport.json({ operation: "costs.summary", query, options });
    return fromWire<Wire.CostSummary>(dataOf(answer));
  }

  /** What the month that is going on comes to if its pace goes on, for each currency. It takes no dates. */
  async projection(params: ProjectionParams = {}, options?: RequestOptions): Promise<CostProjection> {
    const query = this.#query(params);
    const answer = await this.#session.transport.json({ operation: "costs.projection", query, options });
    return fromWire<Wire.CostProjection>(dataOf(answer));
  }

  /** Up to 100 aggregate questions in one request; answers in the order of the filters. */
  async batchQuery(params: BatchQueryParams, options?: RequestOptions): Promise<AggregateResult[]> {
    const { filters, ...rest } = params;
    const body = JSON.stringify({
      ...questionToWire(rest, undefined),
      filters: filters.map((filter) => questionToWire(filter, this.#session.organizationId)),
    });
    const answer = await this.#session.transport.json({ operation: "costs.batchQuery", body, options });
    return fromWire<Wire.AggregateResult[]>(dataOf(answer));
  }

  #query(params: object): URLSearchParams {
    return queryString(questionToWire(params, this.#session.organizationId));
  }
}

async function* eachCost(
  chunks: AsyncIterable<Uint8Array>,
  status: number,
): AsyncGenerator<CostRecord, void, undefined> {
  for await (const line of parseNdjson(chunks)) {
    // The status was sent before the server could know that it would fail; the failure then is the last line.
    if (isRecord(line) && isRecord(line["error"])) {
      throw refusalFrom({ status, body: line, requestId: undefined, retryAfter: undefined });
    }
    yield costFromWire(line);
  }
}
