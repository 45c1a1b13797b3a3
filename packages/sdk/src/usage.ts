import type * as Wire from "@llm-cost-ops/contract";
import { sendBatch } from "./batch.ts";
import { type ListParams, pageFromWire, queryString, questionToWire } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import { eachRecord, type Page } from "./page.ts";
import {
  type BatchResult,
  type CreateUsageParams,
  dataOf,
  type Explanation,
  type UsageRecord,
  type Warning,
  warningsOf,
} from "./records.ts";
import type { Session } from "./session.ts";
import { fromWire } from "./wire.ts";

/** A record as it was just written, with what the caller should know about it (such as `COST_001`: no price found). */
export interface CreatedUsage extends UsageRecord {
  readonly warnings: readonly Warning[];
}

export interface BatchUsageParams {
  readonly records: readonly CreateUsageParams[];
  /** Refuse records without a price rather than record them unpriced. */
  readonly requirePrice?: boolean | undefined;
}

/** What was called: token counts and the provider's own usage object. */
export class Usage {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Records one call. Safe to retry: the id is made here where it is absent.
   * @throws ConflictError where the id is recorded with other content, ValidationError naming the fields that are wrong.
   */
  async create(params: CreateUsageParams, options?: RequestOptions): Promise<CreatedUsage> {
    const body = JSON.stringify(this.#session.recordToWire(params));
    const answer = await this.#session.transport.json({ operation: "usage.create", body, options });
    return { ...fromWire<Wire.UsageRecord>(dataOf(answer)), warnings: warningsOf(answer) };
  }

  /** Records any number of calls, 10,000 in a request; each has its own result, in order, and the good ones are recorded. */
  async batchCreate(
    batch: readonly CreateUsageParams[] | BatchUsageParams,
    options?: RequestOptions,
  ): Promise<BatchResult> {
    const { records, requirePrice } = isList(batch) ? { records: batch } : batch;
    const query = requirePrice === undefined ? undefined : queryString({ require_price: requirePrice });
    return sendBatch(
      records.map((record) => this.#session.recordToWire(record)),
      (body) => this.#session.transport.json({ operation: "usage.batchCreate", query, body, options }),
    );
  }

  list(
    params: ListParams & { readonly fields: readonly string[] },
    options?: RequestOptions,
  ): Promise<Page<Partial<UsageRecord>>>;
  list(params?: ListParams, options?: RequestOptions): Promise<Page<UsageRecord>>;
  /** One page of records. */
  async list(params: ListParams = {}, options?: RequestOptions): Promise<Page<UsageRecord>> {
    const query = queryString(questionToWire(params, this.#session.organizationId));
    const answer = await this.#session.transport.json({ operation: "usage.list", query, options });
    return pageFromWire(answer, fromWire<Wire.UsageRecord>);
  }

  /** Every matching record; pages are fetched as they are needed. */
  listPaginated(params: ListParams = {}, options?: RequestOptions): AsyncGenerator<UsageRecord, void, undefined> {
    return eachRecord((cursor) => this.list({ ...params, cursor }, options), params.cursor);
  }

  async get(id: string, options?: RequestOptions): Promise<UsageRecord> {
    const answer = await this.#session.transport.json({ operation: "usage.get", params: { id }, options });
    return fromWire<Wire.UsageRecord>(dataOf(answer));
  }

  /** The whole proof of one cost: raw usage, disjoint kinds, the price and the rule that chose it, each line and the sum. */
  async explain(id: string, options?: RequestOptions): Promise<Explanation> {
    const answer = await this.#session.transport.json({ operation: "usage.explain", params: { id }, options });
    return fromWire<Wire.Explanation>(dataOf(answer));
  }
}

/** `Array.isArray` does not narrow read-only arrays. */
export function isList<T>(value: readonly T[] | object): value is readonly T[] {
  return Array.isArray(value);
}
