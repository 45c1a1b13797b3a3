import type * as Wire from "@llm-cost-ops/contract";
import { pageFromWire, queryString } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import type { Page } from "./page.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, type ToWire, toWire } from "./wire.ts";

/** A place that alerts go to, without what lets one in. */
export interface Channel extends FromWire<Wire.Channel> {}
/** The same, with the secret that signs a webhook's messages, which is shown once. */
export interface CreatedChannel extends FromWire<Wire.ChannelCreated> {}
/** The way of one message to one channel. */
export interface ChannelDelivery extends FromWire<Wire.ChannelDelivery> {}
/** What each `kind` needs. */
export type CreateChannelParams = ToWire<Wire.ChannelInput>;
export interface UpdateChannelParams extends ToWire<Wire.ChannelUpdate> {}
export interface ListChannelDeliveriesParams {
  readonly status?: ChannelDelivery["status"] | undefined;
  /** Deliveries of a page, at most 1,000. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Channels of the caller's organization, and what was sent to them. */
export class Channels {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** @throws ConflictError where there is a channel of this name. */
  async create(params: CreateChannelParams, options?: RequestOptions): Promise<CreatedChannel> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "channels.create", body, options });
    return fromWire<Wire.ChannelCreated>(dataOf(answer));
  }

  /** By name. */
  async list(options?: RequestOptions): Promise<Channel[]> {
    return fromWire<Wire.Channel[]>(
      dataOf(await this.#session.transport.json({ operation: "channels.list", options })),
    );
  }

  async get(id: string, options?: RequestOptions): Promise<Channel> {
    const answer = await this.#session.transport.json({ operation: "channels.get", params: { id }, options });
    return fromWire<Wire.Channel>(dataOf(answer));
  }

  /** Changes what is named; `smtp` is replaced whole. @throws ConflictError where there is a channel of this name. */
  async update(id: string, params: UpdateChannelParams, options?: RequestOptions): Promise<Channel> {
    const body = JSON.stringify(toWire(params));
    const request = { operation: "channels.update", params: { id }, body, options } as const;
    return fromWire<Wire.Channel>(dataOf(await this.#session.transport.json(request)));
  }

  /** What is pending is not sent. */
  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#session.transport.json({ operation: "channels.delete", params: { id }, options });
  }

  /** Sends a test, whose delivery tells later what came of it. @throws ConflictError where the channel is paused. */
  async test(id: string, options?: RequestOptions): Promise<ChannelDelivery> {
    const answer = await this.#session.transport.json({ operation: "channels.test", params: { id }, options });
    return fromWire<Wire.ChannelDelivery>(dataOf(answer));
  }

  /** One page of deliveries, newest first. */
  async deliveries(
    id: string,
    params: ListChannelDeliveriesParams = {},
    options?: RequestOptions,
  ): Promise<Page<ChannelDelivery>> {
    const query = queryString(toWire(params) as Record<string, unknown>);
    const request = { operation: "channels.deliveries", params: { id }, query, options } as const;
    return pageFromWire(await this.#session.transport.json(request), fromWire<Wire.ChannelDelivery>);
  }
}
