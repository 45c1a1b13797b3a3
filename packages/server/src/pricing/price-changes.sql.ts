import { enqueueJob } from "../jobs/job-queue.sql.ts";
import type { StoreConnection } from "../store/connection.ts";

/** The kind of the job that prices what waited for a price. Its payload is empty: all of an organization's. */
export const priceWaitingKind = "price-waiting";

/** To be called in the transaction that changes the price book, so that every cached look-up anywhere drops. */
export async function advancePriceBook(connection: StoreConnection): Promise<void> {
  await connection.run("UPDATE settings SET value = value + 1 WHERE key = 'price_book_revision'");
}

const enqueue = (connection: StoreConnection, organizationId: string): Promise<void> =>
  enqueueJob(connection, { organizationId, kind: priceWaitingKind, payload: {} });

/** Ordered as the index of waiting records is, so that an organization's whole ledger is not looked through for none. */
const oneWaiting = (organization: string): string =>
  `SELECT records.series_id FROM records WHERE records.organization_id = ${organization} AND (records.state & 4) <> 0
   ORDER BY records.series_id, records.id LIMIT 1`;

/** Queues the pricing of an organization's waiting records, in the transaction that changes prices. */
export async function enqueueWaiting(connection: StoreConnection, organizationId: string): Promise<void> {
  const waiting = await connection.get(oneWaiting("?"), organizationId);
  if (waiting !== undefined) await enqueue(connection, organizationId);
}

/** The same for every organization that has waiting records. */
export async function enqueueWaitingEverywhere(connection: StoreConnection): Promise<void> {
  const rows = await connection.all<{ readonly organization_id: string }>(
    `SELECT organization_id FROM organizations WHERE (${oneWaiting("organizations.organization_id")}) IS NOT NULL`,
  );
  for (const { organization_id } of rows) await enqueue(connection, organization_id);
}
