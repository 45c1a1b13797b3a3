import type * as Wire from "@llm-cost-ops/contract";
import { type PageParams, pageFromWire, queryString } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import type { Page } from "./page.ts";
import { dataOf, type Provider } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, toWire } from "./wire.ts";

/** A recalculation of a period and its difference by model and day, as decimal strings. */
export interface Repricing extends FromWire<Wire.Repricing> {}

export interface CreateRepricingParams {
  readonly startDate?: string | Date | undefined;
  readonly endDate?: string | Date | undefined;
  readonly provider?: Provider | undefined;
  readonly model?: string | undefined;
  readonly reason?: string | undefined;
}

/** Recalculation of a period: preview it, apply it as correction records, undo it. */
export class Repricings {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Computes what today's prices would make of a period; changes no cost. */
  async create(params: CreateRepricingParams = {}, options?: RequestOptions): Promise<Repricing> {
    const body = JSON.stringify(toWire(params));
    return fromWire<Wire.Repricing>(
      dataOf(await this.#session.transport.json({ operation: "repricings.create", body, options })),
    );
  }

  async list(params: PageParams = {}, options?: RequestOptions): Promise<Page<Repricing>> {
    const query = queryString(toWire(params) as Record<string, unknown>);
    const answer = await this.#session.transport.json({ operation: "repricings.list", query, options });
    return pageFromWire(answer, fromWire<Wire.Repricing>);
  }

  get(id: string, options?: RequestOptions): Promise<Repricing> {
    return this.#step("repricings.get", id, options);
  }

  apply(id: string, options?: RequestOptions): Promise<Repricing> {
    return this.#step("repricings.apply", id, options);
  }

  undo(id: string, options?: RequestOptions): Promise<Repricing> {
    return this.#step("repricings.undo", id, options);
  }

  async #step(
    operation: "repricings.get" | "repricings.apply" | "repricings.undo",
    id: string,
    options: RequestOptions | undefined,
  ): Promise<Repricing> {
    return fromWire<Wire.Repricing>(dataOf(await this.#session.transport.json({ operation, params: { id }, options })));
  }
}
