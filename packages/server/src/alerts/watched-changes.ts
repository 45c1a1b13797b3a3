import type { StoreConnection } from "../store/connection.ts";

/** On PostgreSQL, where processes hear of changes. What is told is the organization's id. */
export const watchedChannel = "cost_ops_watched";

/**
 * To be called, in the same transaction, by every change after which something may be watched in an organization in which
 * nothing was before: rules, webhooks and budgets. Other processes look there then.
 */
export async function watchedChanged(connection: StoreConnection, organizationId: string): Promise<void> {
  // Sent when the transaction commits, to the processes that listen; on the embedded store there is no other server.
  if (connection.dialect === "postgres") {
    await connection.all("SELECT pg_notify(?, ?)", watchedChannel, organizationId);
  }
}
