import { randomUUID } from "node:crypto";
import type { Channel, ChannelDelivery, ChannelInput, ChannelKind, ChannelUpdate } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, storeChange, storeRead } from "../store/operation.ts";
import { type DeliveryPage, deliveriesTo, requireDelivery } from "../webhooks/deliveries.sql.ts";
import { insertDelivery, insertEvent } from "../webhooks/outbox.sql.ts";
import type { KeptSecret } from "../webhooks/secrets.ts";
import type { AlertNotice } from "./alert-notice.ts";
import type { ChannelTarget } from "./channel-target.ts";

interface ChannelRow {
  readonly organization_id: string;
  readonly id: string;
  readonly channel_kind: ChannelKind;
  readonly name: string;
  readonly description: string;
  readonly target: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly paused_at: number | null;
  readonly failing_since: number | null;
}

export interface NamedChannel extends OfOrganization {
  readonly id: string;
}

const selectChannels = `SELECT organization_id, id, channel_kind, name, description, target, created_at, updated_at, paused_at,
  failing_since FROM webhooks WHERE organization_id = ? AND channel_kind IS NOT NULL`;

function toWire(row: ChannelRow): Channel {
  const { address = null, to = null, smtp = null } = JSON.parse(row.target) as ChannelTarget;
  return {
    id: row.id,
    organization_id: row.organization_id,
    name: row.name,
    kind: row.channel_kind,
    description: row.description,
    address,
    to: to === null ? null : [...to],
    smtp,
    status: row.paused_at === null ? "active" : "paused",
    failing_since: row.failing_since === null ? null : formatInstant(row.failing_since),
    created_at: formatInstant(row.created_at),
    updated_at: formatInstant(row.updated_at),
  };
}

async function findChannel(connection: StoreConnection, named: NamedChannel): Promise<ChannelRow> {
  const row = await connection.get<ChannelRow>(`${selectChannels} AND id = ?`, named.organizationId, named.id);
  if (row === undefined) throw new Refusal("NOT_FOUND", "There is no channel with this id.");
  return row;
}

async function requireChannel(connection: StoreConnection, named: NamedChannel): Promise<Channel> {
  return toWire(await findChannel(connection, named));
}

async function refuseTaken(
  connection: StoreConnection,
  { organizationId, id }: NamedChannel,
  name: string,
): Promise<void> {
  const other = await connection.get(`${selectChannels} AND name = ? AND id <> ?`, organizationId, name, id);
  if (other !== undefined) throw new Refusal("CONFLICT", "There is a channel with this name already.");
}

// Addresses of webhooks may hold a token, and the audit trail is kept for ever: it names where they go, not how they get in.
const told = ({ name, kind, description, address, to, smtp, status }: Channel) => ({
  name,
  kind,
  description,
  ...(address === null ? {} : { host: URL.canParse(address) ? new URL(address).host : address }),
  ...(kind === "email" ? { to, smtp } : {}),
  status,
});

const record = (
  connection: StoreConnection,
  action: string,
  { organization_id, id }: Channel,
  states: { readonly before?: unknown; readonly after?: unknown },
): Promise<void> =>
  recordChange(connection, {
    organizationId: organization_id,
    action: `channels.${action}`,
    resource: { type: "channel", id },
    ...states,
  });

/** What is kept of a channel's settings, with its secret as it is stored. */
export interface SealedSettings {
  readonly target: ChannelTarget;
  readonly secret: KeptSecret | undefined;
}

export const createChannel = storeChange(
  "channels.create",
  async (
    connection,
    {
      organizationId,
      id,
      input: { kind, name, description = "", paused = false },
      target,
      secret,
    }: NamedChannel & {
      readonly input: Pick<ChannelInput, "kind" | "name" | "description" | "paused">;
      readonly target: ChannelTarget;
      readonly secret: KeptSecret;
    },
  ): Promise<Channel> => {
    const count = await connection.get<{ readonly present: number }>(
      "SELECT count(*) AS present FROM webhooks WHERE organization_id = ? AND channel_kind IS NOT NULL",
      organizationId,
    );
    if (Number(count?.present ?? 0) >= limits.channels) {
      throw new Refusal("CONFLICT", `An organization has at most ${limits.channels} channels.`);
    }
    await refuseTaken(connection, { organizationId, id }, name);
    const nowMs = connection.now();
    await connection.run(
      `INSERT INTO webhooks (organization_id, id, url, description, events, channel_kind, name, target, secret, sealed_bits,
         created_at, updated_at, paused_at)
       VALUES (?, ?, '', ?, '[]', ?, ?, ?, ?, ?, ?, ?, ?)`,
      organizationId,
      id,
      description,
      kind,
      name,
      JSON.stringify(target),
      secret.bytes,
      secret.isSealed ? 1 : 0,
      nowMs,
      nowMs,
      paused ? nowMs : null,
    );
    const made = await requireChannel(connection, { organizationId, id });
    await record(connection, "create", made, { after: told(made) });
    return made;
  },
);

export const listChannels = storeRead("channels.list", async (connection, { organizationId }: OfOrganization) => {
  const rows = await connection.all<ChannelRow>(`${selectChannels} ORDER BY name`, organizationId);
  return rows.map(toWire);
});

export const getChannel = storeRead("channels.get", requireChannel);

export const updateChannel = storeChange(
  "channels.update",
  async (
    connection,
    {
      organizationId,
      id,
      update: { name, description, paused },
      target,
      secret,
    }: NamedChannel & SealedSettings & { readonly update: Pick<ChannelUpdate, "name" | "description" | "paused"> },
  ): Promise<Channel> => {
    const row = await findChannel(connection, { organizationId, id });
    const before = toWire(row);
    if (name !== undefined) await refuseTaken(connection, { organizationId, id }, name);
    const nowMs = connection.now();
    const pausedAtMs = paused === true ? (row.paused_at ?? nowMs) : paused === false ? null : row.paused_at;
    await connection.run(
      `UPDATE webhooks SET name = ?, description = ?, target = ?, paused_at = ?, updated_at = ?
       WHERE organization_id = ? AND id = ?`,
      name ?? row.name,
      description ?? row.description,
      JSON.stringify({ ...(JSON.parse(row.target) as ChannelTarget), ...target }),
      pausedAtMs,
      nowMs,
      organizationId,
      id,
    );
    if (secret !== undefined) {
      await connection.run(
        "UPDATE webhooks SET secret = ?, sealed_bits = ? WHERE organization_id = ? AND id = ?",
        secret.bytes,
        secret.isSealed ? 1 : 0,
        organizationId,
        id,
      );
    }
    // What failed did so where it went before, so what waits is tried at once, not when its pause is over. An attempt that is
    // under way may thereby be made twice.
    if (secret !== undefined || Object.keys(target).length > 0 || paused === false) {
      await connection.run(
        "UPDATE webhooks SET failing_since = NULL, failed_at = NULL WHERE organization_id = ? AND id = ?",
        organizationId,
        id,
      );
      await connection.run(
        `UPDATE webhook_deliveries SET due_at = ? WHERE organization_id = ? AND webhook_id = ? AND status = 'pending'
           AND duration_ms IS NOT NULL AND due_at > ?`,
        nowMs,
        organizationId,
        id,
        nowMs,
      );
    }
    const after = await requireChannel(connection, { organizationId, id });
    await record(connection, "update", after, { before: told(before), after: told(after) });
    return after;
  },
);

export const deleteChannel = storeChange("channels.delete", async (connection, named: NamedChannel): Promise<void> => {
  const { organizationId, id } = named;
  const before = await requireChannel(connection, named);
  await connection.run(
    "DELETE FROM webhook_deliveries WHERE organization_id = ? AND webhook_id = ?",
    organizationId,
    id,
  );
  await connection.run("DELETE FROM webhooks WHERE organization_id = ? AND id = ?", organizationId, id);
  await record(connection, "delete", before, { before: told(before) });
});

const deliveryOf = ({
  webhook_id: channelId,
  ...rest
}: Awaited<ReturnType<typeof requireDelivery>>): ChannelDelivery => ({
  channel_id: channelId,
  ...rest,
});

/** Newest first, and one more than the limit where there are more. */
export const listChannelDeliveries = storeRead("channels.deliveries", async (connection, page: DeliveryPage) => {
  await requireChannel(connection, page);
  return (await deliveriesTo(connection, page)).map(deliveryOf);
});

export const testChannel = storeChange(
  "channels.test",
  async (connection, named: NamedChannel): Promise<ChannelDelivery> => {
    const { organizationId, id } = named;
    const { name, kind, status } = await requireChannel(connection, named);
    if (status !== "active") {
      throw new Refusal(
        "CONFLICT",
        "The channel is paused: nothing is sent there until it is changed to `paused: false`.",
      );
    }
    const key = `test_${randomUUID().replaceAll("-", "")}`;
    const notice: AlertNotice = {
      alert_id: key,
      kind: "test",
      phase: "triggered",
      severity: "info",
      title: `Test of the channel ${name}`,
      text: "Alerts of LLM Cost Ops arrive here. Nothing is wrong.",
      details: [{ label: "Channel", value: name }],
      occurred_at: formatInstant(connection.now()),
      dedup_key: key,
    };
    const tell = async (data: AlertNotice): Promise<{ readonly eventId: string; readonly deliveryId: string }> => {
      const eventId = await insertEvent(connection, { organizationId, type: "channel.test", data });
      return { eventId, deliveryId: await insertDelivery(connection, organizationId, id, eventId, key) };
    };
    const { eventId, deliveryId } = await tell(notice);
    // Nobody should have to resolve an incident that a test has opened.
    if (kind === "pagerduty") await tell({ ...notice, phase: "resolved" });
    await recordChange(connection, {
      organizationId,
      action: "channels.test",
      resource: { type: "channel", id },
      after: { event_id: eventId, delivery_id: deliveryId },
    });
    return deliveryOf(await requireDelivery(connection, { organizationId, id, deliveryId }));
  },
);

/** For the registry. */
export const channelOperations = [
  createChannel,
  listChannels,
  getChannel,
  updateChannel,
  deleteChannel,
  listChannelDeliveries,
  testChannel,
] as const;
