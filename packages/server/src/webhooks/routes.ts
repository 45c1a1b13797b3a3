import { randomUUID } from "node:crypto";
import type { Routes } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { Secret } from "../secret.ts";
import type { Store } from "../store/operation.ts";
import type { AddressGuard } from "./address-guard.ts";
import { type DeliveryPage, listDeliveries, replayDelivery, testWebhook } from "./deliveries.sql.ts";
import { deliveryPage } from "./delivery-page.ts";
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateWebhookSecret,
  updateWebhook,
} from "./endpoints.sql.ts";
import { renewLease } from "./leases.sql.ts";
import { keepSecret } from "./secrets.ts";
import { makeSecret, secretProblem } from "./signatures.ts";

export interface WebhookRouteDeps {
  readonly store: Store;
  readonly guard: AddressGuard;
  readonly secretKey: Secret | undefined;
  /** Called when something may be due. */
  readonly wakeSender: () => void;
}

const defaultOverlapSeconds = 86_400;
/** So often at most a lease is renewed, however often deliveries are asked for: less than half of the shortest one. */
const renewEveryMs = 10_000;
const rememberedMax = 1_000;

/** Webhook endpoints and what was sent to them. */
export function webhookRoutes({ store, guard, secretKey, wakeSender }: WebhookRouteDeps): Routes {
  const refuseField = (field: string, problem: string | undefined): void => {
    if (problem === undefined) return;
    throw new Refusal("VALIDATION_ERROR", "The webhook cannot be kept.", { fieldErrors: { [field]: problem } });
  };
  const readSecret = (given: string | undefined): string => {
    refuseField("secret", given === undefined ? undefined : secretProblem(given));
    return given ?? makeSecret();
  };

  const askedMs = new Map<string, number>();
  /** Keeps an endpoint that is there only as long as its deliveries are asked for. */
  const keepLease = async (organizationId: string, id: string): Promise<void> => {
    const key = `${organizationId} ${id}`;
    const nowMs = performance.now();
    if (nowMs - (askedMs.get(key) ?? Number.NEGATIVE_INFINITY) < renewEveryMs) return;
    if (askedMs.size >= rememberedMax) askedMs.clear();
    askedMs.set(key, nowMs);
    const { leased_until } = await store.run(getWebhook, { organizationId, id });
    if (leased_until !== null) await store.run(renewLease, { organizationId, id });
  };

  return {
    "webhooks.create": {
      body: "json",
      handle: async ({ caller: { organizationId }, body: { secret: given, ...input } }) => {
        refuseField("url", guard.urlProblem(input.url));
        const text = readSecret(given);
        const secret = keepSecret(text, secretKey);
        const id = `wh_${randomUUID().replaceAll("-", "")}`;
        const made = await store.run(createWebhook, { organizationId, id, input, secret });
        wakeSender();
        return { json: { data: { ...made, secret: text } } };
      },
    },
    "webhooks.list": {
      body: "json",
      handle: async ({ caller: { organizationId } }) => ({
        json: { data: await store.run(listWebhooks, { organizationId }) },
      }),
    },
    "webhooks.get": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id } }) => ({
        json: { data: await store.run(getWebhook, { organizationId, id }) },
      }),
    },
    "webhooks.update": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id }, body: update }) => {
        refuseField("url", update.url === undefined ? undefined : guard.urlProblem(update.url));
        const changed = await store.run(updateWebhook, { organizationId, id, update });
        wakeSender();
        return { json: { data: changed } };
      },
    },
    "webhooks.delete": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id } }) => {
        await store.run(deleteWebhook, { organizationId, id });
        return {};
      },
    },
    "webhooks.rotateSecret": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id }, body }) => {
        const text = readSecret(body.secret);
        const secret = keepSecret(text, secretKey);
        const overlapMs = (body.overlap_seconds ?? defaultOverlapSeconds) * 1_000;
        const changed = await store.run(rotateWebhookSecret, { organizationId, id, secret, overlapMs });
        return { json: { data: { ...changed, secret: text } } };
      },
    },
    "webhooks.test": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id }, body: { event } }) => {
        const delivery = await store.run(testWebhook, { organizationId, id, event });
        wakeSender();
        return { json: { data: delivery } };
      },
    },
    "webhooks.deliveries": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id }, query }) => {
        const question = { view: "webhook deliveries", organization: organizationId, webhook: id };
        const list = (page: DeliveryPage) => store.run(listDeliveries, page);
        const found = await deliveryPage({ organizationId, id }, query, question, list);
        await keepLease(organizationId, id);
        return { json: found };
      },
    },
    "webhooks.replay": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id, delivery_id: deliveryId } }) => {
        const delivery = await store.run(replayDelivery, { organizationId, id, deliveryId });
        wakeSender();
        return { json: { data: delivery } };
      },
    },
  };
}
