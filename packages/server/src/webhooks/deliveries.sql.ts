import type { WebhookDelivery, WebhookEventType } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { storeChange, storeRead } from "../store/operation.ts";
import { type NamedWebhook, requireWebhook } from "./endpoints.sql.ts";
import { insertDelivery, insertEvent } from "./outbox.sql.ts";
import { sampleData } from "./sample-events.ts";

interface DeliveryRow {
  readonly id: string;
  readonly webhook_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly status: WebhookDelivery["status"];
  readonly attempts: number;
  readonly due_at: number;
  readonly created_at: number;
  readonly finished_at: number | null;
  readonly request_body: string;
  readonly response_status: number | null;
  readonly response_body: string | null;
  readonly error: string | null;
  readonly duration_ms: number | null;
}

const selectDeliveries = `SELECT d.id, d.webhook_id, d.event_id, e.type, d.status, d.attempts, d.due_at, d.created_at,
    d.finished_at, e.body AS request_body, d.response_status, d.response_body, d.error, d.duration_ms
  FROM webhook_deliveries d
  JOIN webhook_events e ON e.organization_id = d.organization_id AND e.id = d.event_id
  WHERE d.organization_id = ? AND d.webhook_id = ?`;

const toWire = (row: DeliveryRow): WebhookDelivery => ({
  id: row.id,
  webhook_id: row.webhook_id,
  event_id: row.event_id,
  event_type: row.type,
  status: row.status,
  attempts: row.attempts,
  next_attempt_at: row.status === "pending" ? formatInstant(row.due_at) : null,
  request_body: row.request_body,
  response_status: row.response_status,
  response_body: row.response_body,
  error: row.error,
  duration_ms: row.duration_ms,
  created_at: formatInstant(row.created_at),
  finished_at: row.finished_at === null ? null : formatInstant(row.finished_at),
});

interface NamedDelivery extends NamedWebhook {
  readonly deliveryId: string;
}

export async function requireDelivery(
  connection: StoreConnection,
  { organizationId, id, deliveryId }: NamedDelivery,
): Promise<WebhookDelivery> {
  const row = await connection.get<DeliveryRow>(`${selectDeliveries} AND d.id = ?`, organizationId, id, deliveryId);
  if (row === undefined) throw new Refusal("NOT_FOUND", "There is no delivery with this id.");
  return toWire(row);
}

/** What the page after some delivery is asked by. */
export interface DeliveryPage extends NamedWebhook {
  readonly status: WebhookDelivery["status"] | null;
  readonly beforeId: string | null;
  readonly limit: number;
}

/** Newest first, and one more than the limit where there are more. */
export const listDeliveries = storeRead("webhooks.deliveries", async (connection, page: DeliveryPage) => {
  await requireWebhook(connection, page);
  return deliveriesTo(connection, page);
});

export async function deliveriesTo(
  connection: StoreConnection,
  { organizationId, id, status, beforeId, limit }: DeliveryPage,
): Promise<readonly WebhookDelivery[]> {
  const rows = await connection.all<DeliveryRow>(
    `${selectDeliveries} AND (CAST(? AS TEXT) IS NULL OR d.status = ?) AND (CAST(? AS TEXT) IS NULL OR d.id < ?)
     ORDER BY d.id DESC LIMIT ?`,
    organizationId,
    id,
    status,
    status,
    beforeId,
    beforeId,
    limit + 1,
  );
  return rows.map(toWire);
}

/** What is sent to an endpoint by hand would lie there unsent while it is paused or disabled, to somebody's surprise. */
async function requireActive(connection: StoreConnection, named: NamedWebhook, isAlso?: "paused"): Promise<void> {
  const { status } = await requireWebhook(connection, named);
  if (status !== "active" && status !== isAlso) {
    throw new Refusal(
      "CONFLICT",
      `The webhook is ${status}: nothing is sent there until it is changed to \`paused: false\`.`,
    );
  }
}

async function send(
  connection: StoreConnection,
  action: string,
  { organizationId, id }: NamedWebhook,
  eventId: string,
): Promise<WebhookDelivery> {
  const deliveryId = await insertDelivery(connection, organizationId, id, eventId);
  await recordChange(connection, {
    organizationId,
    action,
    resource: { type: "webhook", id },
    after: { event_id: eventId, delivery_id: deliveryId },
  });
  return requireDelivery(connection, { organizationId, id, deliveryId });
}

/** A test message, or a sample of an event, which waits at a paused endpoint as the event itself would. */
export const testWebhook = storeChange(
  "webhooks.test",
  async (connection, { event, ...named }: NamedWebhook & { readonly event?: WebhookEventType | undefined }) => {
    await requireActive(connection, named, event === undefined ? undefined : "paused");
    const { organizationId, id } = named;
    const type = event ?? "webhook.test";
    const data = sampleData(type, { organizationId, webhookId: id, nowMs: connection.now() });
    const eventId = await insertEvent(connection, { organizationId, type, data, isTest: event !== undefined });
    return send(connection, "webhooks.test", named, eventId);
  },
);

export const replayDelivery = storeChange("webhooks.replay", async (connection, named: NamedDelivery) => {
  await requireWebhook(connection, named);
  const { event_id } = await requireDelivery(connection, named);
  await requireActive(connection, named);
  return send(connection, "webhooks.replay", named, event_id);
});

/** For the registry. */
export const webhookDeliveryOperations = [listDeliveries, testWebhook, replayDelivery] as const;
