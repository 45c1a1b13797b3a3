import { randomUUID } from "node:crypto";
import type { WebhookEvent, WebhookEventType } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import type { StoreConnection } from "../store/connection.ts";
import { formatUuid, uuidV7Maker } from "../usage/record-id.ts";

/** Something that happened, for those who want to be told. */
export interface NewEvent<Type extends string = WebhookEventType> {
  readonly organizationId: string;
  readonly type: Type;
  /** What receivers read: the thing as the interface shows it. */
  readonly data: unknown;
  /** It is made up, and says so. */
  readonly isTest?: boolean;
}

interface Subscription {
  readonly id: string;
  readonly events: string;
}

/**
 * Tells of something to every endpoint that wants to know, in the caller's transaction: either it happened and will be
 * delivered at least once, or neither. Endpoints that are paused get it later; to those that are disabled it is lost.
 */
export async function emitEvent(connection: StoreConnection, event: NewEvent): Promise<void> {
  const endpoints = await connection.all<Subscription>(
    "SELECT id, events FROM webhooks WHERE organization_id = ? AND disabled_at IS NULL ORDER BY id",
    event.organizationId,
  );
  const wanting = endpoints.filter(({ events }) => (JSON.parse(events) as readonly string[]).includes(event.type));
  if (wanting.length === 0) return;
  const eventId = await insertEvent(connection, event);
  for (const { id } of wanting) await insertDelivery(connection, event.organizationId, id, eventId);
}

/** Writes an event as it will be sent, each time with the same bytes. */
export async function insertEvent(
  connection: StoreConnection,
  { organizationId, type, data, isTest = false }: NewEvent<string>,
): Promise<string> {
  const nowMs = connection.now();
  const event: Omit<WebhookEvent, "type"> & { readonly type: string } = {
    id: `evt_${randomUUID().replaceAll("-", "")}`,
    type,
    timestamp: formatInstant(nowMs),
    organization_id: organizationId,
    ...(isTest && { test: true }),
    data,
  };
  await connection.run(
    "INSERT INTO webhook_events (organization_id, id, type, body, created_at) VALUES (?, ?, ?, ?, ?)",
    organizationId,
    event.id,
    type,
    JSON.stringify(event),
    nowMs,
  );
  return event.id;
}

/**
 * Sends an event on its way to one endpoint. Ids of deliveries are in the order of time.
 *
 * @param subject What it is about: deliveries about the same are sent one after the other, in the order of their making.
 */
export async function insertDelivery(
  connection: StoreConnection,
  organizationId: string,
  webhookId: string,
  eventId: string,
  subject: string | null = null,
): Promise<string> {
  const nowMs = connection.now();
  const createdMs = subject === null ? nowMs : await nextOfSubject(connection, organizationId, webhookId, subject);
  const id = formatUuid(uuidV7Maker()(nowMs));
  await connection.run(
    `INSERT INTO webhook_deliveries (organization_id, webhook_id, id, event_id, subject, status, attempts, due_at, created_at)
     VALUES (?, ?, ?, ?, ?, 'pending', 0, ?, ?)`,
    organizationId,
    webhookId,
    id,
    eventId,
    subject,
    nowMs,
    createdMs,
  );
  return id;
}

/** The instant of a delivery is its place among those about the same, so it is never that of the one before. */
async function nextOfSubject(
  connection: StoreConnection,
  organizationId: string,
  webhookId: string,
  subject: string,
): Promise<number> {
  const row = await connection.get<{ readonly last: number | null }>(
    `SELECT max(created_at) AS last FROM webhook_deliveries
     WHERE organization_id = ? AND webhook_id = ? AND subject = ? AND status = 'pending'`,
    organizationId,
    webhookId,
    subject,
  );
  return Math.max(connection.now(), (row?.last ?? -1) + 1);
}
