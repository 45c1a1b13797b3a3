import type { StoreConnection } from "../store/connection.ts";
import { insertDelivery, insertEvent } from "../webhooks/outbox.sql.ts";
import type { AlertNotice } from "./alert-notice.ts";

export interface ChannelNotification {
  readonly organizationId: string;
  readonly alert: AlertNotice;
  /** Those that do not exist any more are passed over. */
  readonly channelIds: readonly string[];
}

/**
 * Sends one step of an alert on its way to channels, in the caller's transaction: either it happened and will be delivered at
 * least once, or neither. Channels that are paused get it when they go on. The server's sender looks twice a second, or at once
 * if it is woken.
 *
 * @returns The ids of the channels that it goes to.
 */
export async function notifyChannels(
  connection: StoreConnection,
  { organizationId, alert, channelIds }: ChannelNotification,
): Promise<readonly string[]> {
  const told: string[] = [];
  for (const id of new Set(channelIds)) {
    const found = await connection.get(
      "SELECT id FROM webhooks WHERE organization_id = ? AND id = ? AND channel_kind IS NOT NULL",
      organizationId,
      id,
    );
    if (found !== undefined) told.push(id);
  }
  if (told.length === 0) return [];
  const eventId = await insertEvent(connection, { organizationId, type: `alert.${alert.phase}`, data: alert });
  for (const id of told) await insertDelivery(connection, organizationId, id, eventId, alert.dedup_key);
  return told;
}
