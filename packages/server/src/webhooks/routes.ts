import { randomUUID } from "node:crypto";
import type { Routes } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { Secret } from "../secret.ts";
import type { Store } from "../store/operation.ts";
import type { AddressGuard } from "./address-guard.ts";
import { listDeliveries, replayDelivery, testWebhook } from "./deliveries.sql.ts";
import { deliveryPage } from "./delivery-page.ts";
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateWebhookSecret,
  updateWebhook,
} from "./endpoints.sql.ts";
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
        return {
          json: await deliveryPage({ organizationId, id }, query, question, (page) => store.run(listDeliveries, page)),
        };
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
