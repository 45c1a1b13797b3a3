import { randomUUID } from "node:crypto";
import type { Routes } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { Secret } from "../secret.ts";
import type { Store } from "../store/operation.ts";
import type { AddressGuard } from "../webhooks/address-guard.ts";
import { deliveryPage } from "../webhooks/delivery-page.ts";
import { keepSecret } from "../webhooks/secrets.ts";
import { makeSecret } from "../webhooks/signatures.ts";
import { changedSettings, noMailServer, settingsOf, settingsProblems } from "./channel-target.ts";
import {
  createChannel,
  deleteChannel,
  getChannel,
  listChannelDeliveries,
  listChannels,
  testChannel,
  updateChannel,
} from "./channels.sql.ts";

export interface ChannelRouteDeps {
  readonly store: Store;
  readonly guard: AddressGuard;
  readonly secretKey: Secret | undefined;
  /** Whether e-mail can go without a mail server of the channel's own. */
  readonly hasMailServer: boolean;
  /** Called when something may be due. */
  readonly wakeSender: () => void;
}

/** Channels, and what was sent to them. */
export function channelRoutes({ store, guard, secretKey, hasMailServer, wakeSender }: ChannelRouteDeps): Routes {
  const refuse = (problems: Readonly<Record<string, string>>): void => {
    if (Object.keys(problems).length === 0) return;
    throw new Refusal("VALIDATION_ERROR", "The channel cannot be kept.", { fieldErrors: problems });
  };
  const seal = (text: string) => keepSecret(text, secretKey);

  return {
    "channels.create": {
      body: "json",
      handle: async ({ caller: { organizationId }, body }) => {
        refuse(settingsProblems(body.kind, body, { guard, hasMailServer }));
        if (body.kind === "email" && body.smtp === undefined && !hasMailServer) refuse({ smtp: noMailServer });
        const { target, secret } = settingsOf(body, makeSecret);
        const { kind, name, description, paused } = body;
        const id = `ch_${randomUUID().replaceAll("-", "")}`;
        const input = { kind, name, description, paused };
        const made = await store.run(createChannel, { organizationId, id, input, target, secret: seal(secret) });
        return { json: { data: kind === "webhook" ? { ...made, secret } : made } };
      },
    },
    "channels.list": {
      body: "json",
      handle: async ({ caller: { organizationId } }) => ({
        json: { data: await store.run(listChannels, { organizationId }) },
      }),
    },
    "channels.get": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id } }) => ({
        json: { data: await store.run(getChannel, { organizationId, id }) },
      }),
    },
    "channels.update": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id }, body }) => {
        const { kind } = await store.run(getChannel, { organizationId, id });
        refuse(settingsProblems(kind, body, { guard, hasMailServer }));
        const { target, secret: text } = changedSettings(kind, body);
        const { name, description, paused } = body;
        const secret = text === undefined ? undefined : seal(text);
        const update = { name, description, paused };
        const changed = await store.run(updateChannel, { organizationId, id, update, target, secret });
        wakeSender();
        return { json: { data: changed } };
      },
    },
    "channels.delete": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id } }) => {
        await store.run(deleteChannel, { organizationId, id });
        return {};
      },
    },
    "channels.test": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id } }) => {
        const delivery = await store.run(testChannel, { organizationId, id });
        wakeSender();
        return { json: { data: delivery } };
      },
    },
    "channels.deliveries": {
      body: "json",
      handle: async ({ caller: { organizationId }, params: { id }, query }) => {
        const question = { view: "channel deliveries", organization: organizationId, channel: id };
        return {
          json: await deliveryPage({ organizationId, id }, query, question, (page) =>
            store.run(listChannelDeliveries, page),
          ),
        };
      },
    },
  };
}
