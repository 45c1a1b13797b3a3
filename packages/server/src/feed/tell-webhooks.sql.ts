import { randomUUID } from "node:crypto";
import type { Alert, LiveEventType, WebhookEvent, WebhookEventType } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import type { StoreConnection } from "../store/connection.ts";
import { insertRows } from "../store/insert-rows.ts";
import { type OfOrganization, storeWrite } from "../store/operation.ts";
import { formatUuid, uuidV7Maker } from "../usage/record-id.ts";
import { type FeedAlert, type FeedRecord, feedFrom, feedWebhooks } from "./feed.sql.ts";
import type { FeedPosition } from "./feed-position.ts";

/** The events that are told from the feed of the ledger. */
export const ledgerEvents = ["usage.created", "cost.created", "cost.updated"] as const satisfies WebhookEventType[];

/** One thing that is told: the record or the alert as the interface shows it. */
export interface LiveNews {
  readonly type: LiveEventType;
  readonly slot: number;
  readonly data: NonNullable<FeedRecord["usage"]> | FeedRecord["cost"] | Alert;
}

/** What is told of a record or an alert, in order. */
export function newsOf(item: FeedRecord | FeedAlert): readonly LiveNews[] {
  if ("alert" in item) return [{ type: item.kind, slot: item.slot, data: item.alert }];
  const { kind, slot, usage, cost } = item;
  if (kind === "updated") return [{ type: "cost.updated", slot: slot + 1, data: cost }];
  const created: LiveNews = { type: "cost.created", slot: slot + 1, data: cost };
  return usage === null ? [created] : [{ type: "usage.created", slot, data: usage }, created];
}

interface Subscription {
  readonly id: string;
  readonly events: readonly string[];
}

async function subscriptions(connection: StoreConnection, organizationId: string): Promise<readonly Subscription[]> {
  const rows = await connection.all<{ readonly id: string; readonly events: string }>(
    "SELECT id, events FROM webhooks WHERE organization_id = ? AND disabled_at IS NULL ORDER BY id",
    organizationId,
  );
  return rows
    .map(({ id, events }) => ({ id, events: JSON.parse(events) as readonly string[] }))
    .filter(({ events }) => ledgerEvents.some((type) => events.includes(type)));
}

/** Has the feed written for webhooks where one wants it. In the transaction that changed what endpoints want. */
export async function followSubscriptions(connection: StoreConnection, organizationId: string): Promise<void> {
  await feedWebhooks(connection, organizationId, (await subscriptions(connection, organizationId)).length > 0);
}

/** Bounds one transaction, so that records can be taken in between. */
const recordsAtOnce = 100;

/**
 * Puts the next records of the feed into the outbox and moves the cursor behind them, in one transaction: whoever is killed
 * in it did nothing, and of several processes each finds what the others left. False where nothing was left.
 */
export const tellWebhooks = storeWrite(
  "feed.tellWebhooks",
  async (connection, { organizationId }: OfOrganization): Promise<boolean> => {
    const cursor = await connection.get<FeedPosition>(
      "SELECT seq, slot FROM ledger_feed_cursors WHERE organization_id = ?",
      organizationId,
    );
    if (cursor === undefined) return false;
    const wanting = await subscriptions(connection, organizationId);
    if (wanting.length === 0) {
      await feedWebhooks(connection, organizationId, false);
      return false;
    }
    const page = await feedFrom(connection, organizationId, cursor, recordsAtOnce);
    if (page.kind === "not kept") {
      // What webhooks were not told of is never forgotten, but somebody may have taken it out of the database.
      await connection.run(
        `UPDATE ledger_feed_cursors SET seq = (SELECT f.first_seq FROM ledger_feeds f WHERE f.organization_id = ?1), slot = 0
         WHERE organization_id = ?1`,
        organizationId,
      );
      return true;
    }
    const { next, items } = page;
    if (next.seq === cursor.seq && next.slot === cursor.slot) return false;
    await tell(connection, organizationId, wanting, items.flatMap(newsOf));
    await connection.run(
      "UPDATE ledger_feed_cursors SET seq = ?, slot = ? WHERE organization_id = ?",
      next.seq,
      next.slot,
      organizationId,
    );
    return true;
  },
  "it passes on what the ledger tells of",
);

async function tell(
  connection: StoreConnection,
  organizationId: string,
  wanting: readonly Subscription[],
  news: readonly LiveNews[],
): Promise<void> {
  const nowMs = connection.now();
  const makeId = uuidV7Maker();
  // Alerts are in the outbox since the transaction that they come from.
  const ofLedger = news.filter(({ type }) => (ledgerEvents as readonly string[]).includes(type));
  const wanted = ofLedger.filter(({ type }) => wanting.some(({ events }) => events.includes(type)));
  const events = wanted.map(
    ({ type, data }): WebhookEvent => ({
      id: `evt_${randomUUID().replaceAll("-", "")}`,
      type,
      timestamp: formatInstant(nowMs),
      organization_id: organizationId,
      data,
    }),
  );
  await insertRows(
    connection,
    "INSERT INTO webhook_events (organization_id, id, type, body, created_at)",
    events.map((event) => [organizationId, event.id, event.type, JSON.stringify(event), nowMs]),
  );
  const deliveries = events.flatMap(({ id: eventId, type }) =>
    wanting
      .filter((endpoint) => endpoint.events.includes(type))
      .map(({ id }) => [organizationId, id, formatUuid(makeId(nowMs)), eventId, "pending", 0, nowMs, nowMs]),
  );
  await insertRows(
    connection,
    `INSERT INTO webhook_deliveries (organization_id, webhook_id, id, event_id, status, attempts, due_at, created_at)`,
    deliveries,
  );
}

/** For the registry. */
export const feedWebhookOperations = [tellWebhooks] as const;
