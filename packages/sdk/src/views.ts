import type * as Wire from "@llm-cost-ops/contract";
import type { RequestOptions } from "./options.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, type ToWire, toWire } from "./wire.ts";

/** A way to look at a page of the dashboard, kept under a name. */
export interface View extends FromWire<Wire.View> {}
export interface CreateViewParams extends ToWire<Wire.ViewInput> {}
export interface UpdateViewParams extends ToWire<Wire.ViewUpdate> {}

/** The caller's own views, and those that others of the organization share. */
export class Views {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** @throws ConflictError where the caller has a view of this name, or as many as one may have. */
  async create(params: CreateViewParams, options?: RequestOptions): Promise<View> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "views.create", body, options });
    return fromWire<Wire.View>(dataOf(answer));
  }

  /** By name. */
  async list(options?: RequestOptions): Promise<View[]> {
    return fromWire<Wire.View[]>(dataOf(await this.#session.transport.json({ operation: "views.list", options })));
  }

  /** @throws NotFoundError also of a private view of somebody else. */
  async get(id: string, options?: RequestOptions): Promise<View> {
    const answer = await this.#session.transport.json({ operation: "views.get", params: { id }, options });
    return fromWire<Wire.View>(dataOf(answer));
  }

  /** Changes what is named. `pinned` is the caller's own choice, also of somebody else's view. */
  async update(id: string, params: UpdateViewParams, options?: RequestOptions): Promise<View> {
    const body = JSON.stringify(toWire(params));
    const request = { operation: "views.update", params: { id }, body, options } as const;
    return fromWire<Wire.View>(dataOf(await this.#session.transport.json(request)));
  }

  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#session.transport.json({ operation: "views.delete", params: { id }, options });
  }
}
