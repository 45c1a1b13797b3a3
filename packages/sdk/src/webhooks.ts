import type * as Wire from "@llm-cost-ops/contract";
import { pageFromWire, queryString } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import type { Page } from "./page.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, type ToWire, toWire } from "./wire.ts";

/** An address that events are sent to. */
export interface Webhook extends FromWire<Wire.Webhook> {}
/** The same with the secret that its messages are signed with, which is shown once. */
export interface WebhookWithSecret extends FromWire<Wire.WebhookWithSecret> {}
/** The way of one event to one endpoint. */
export interface WebhookDelivery extends FromWire<Wire.WebhookDelivery> {}
export interface CreateWebhookParams extends ToWire<Wire.WebhookInput> {}
export interface UpdateWebhookParams extends ToWire<Wire.WebhookUpdate> {}
export interface TestWebhookParams extends ToWire<Wire.WebhookTestInput> {}
export interface RotateWebhookSecretParams extends ToWire<Wire.WebhookSecretInput> {}
export interface ListDeliveriesParams {
  readonly status?: WebhookDelivery["status"] | undefined;
  /** Deliveries of a page, at most 1,000. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Webhook endpoints of the caller's organization, and what was sent to them. */
export class Webhooks {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async create(params: CreateWebhookParams, options?: RequestOptions): Promise<WebhookWithSecret> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "webhooks.create", body, options });
    return fromWire<Wire.WebhookWithSecret>(dataOf(answer));
  }

  async list(options?: RequestOptions): Promise<Webhook[]> {
    return fromWire<Wire.Webhook[]>(
      dataOf(await this.#session.transport.json({ operation: "webhooks.list", options })),
    );
  }

  async get(id: string, options?: RequestOptions): Promise<Webhook> {
    const answer = await this.#session.transport.json({ operation: "webhooks.get", params: { id }, options });
    return fromWire<Wire.Webhook>(dataOf(answer));
  }

  async update(id: string, params: UpdateWebhookParams, options?: RequestOptions): Promise<Webhook> {
    const body = JSON.stringify(toWire(params));
    const request = { operation: "webhooks.update", params: { id }, body, options } as const;
    return fromWire<Wire.Webhook>(dataOf(await this.#session.transport.json(request)));
  }

  /** What is pending is not sent. */
  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#session.transport.json({ operation: "webhooks.delete", params: { id }, options });
  }

  /** The old secret goes on signing beside the new one for a day, or for `overlapSeconds`. */
  async rotateSecret(
    id: string,
    params: RotateWebhookSecretParams = {},
    options?: RequestOptions,
  ): Promise<WebhookWithSecret> {
    const body = JSON.stringify(toWire(params));
    const request = { operation: "webhooks.rotateSecret", params: { id }, body, options } as const;
    return fromWire<Wire.WebhookWithSecret>(dataOf(await this.#session.transport.json(request)));
  }

  /**
   * Sends a test message, or a made-up event of a type that is marked as such.
   * @throws ConflictError where the endpoint is disabled; where it is paused a test message is refused, and an event waits.
   */
  async test(id: string, params: TestWebhookParams = {}, options?: RequestOptions): Promise<WebhookDelivery> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "webhooks.test", params: { id }, body, options });
    return fromWire<Wire.WebhookDelivery>(dataOf(answer));
  }

  /** One page of deliveries, newest first. */
  async deliveries(
    id: string,
    params: ListDeliveriesParams = {},
    options?: RequestOptions,
  ): Promise<Page<WebhookDelivery>> {
    const query = queryString(toWire(params) as Record<string, unknown>);
    const request = { operation: "webhooks.deliveries", params: { id }, query, options } as const;
    return pageFromWire(await this.#session.transport.json(request), fromWire<Wire.WebhookDelivery>);
  }

  /** Sends the event of a delivery once more. @throws ConflictError where the endpoint is paused or disabled. */
  async replay(id: string, deliveryId: string, options?: RequestOptions): Promise<WebhookDelivery> {
    const params = { id, delivery_id: deliveryId };
    const answer = await this.#session.transport.json({ operation: "webhooks.replay", params, options });
    return fromWire<Wire.WebhookDelivery>(dataOf(answer));
  }
}
