import type { StoreConnection } from "../store/connection.ts";

/** The name is that of the first thing that was revoked by it. */
const setting = "api_key_revision";
/** On PostgreSQL, where processes hear of changes. */
export const accessChannel = "cost_ops_access";

/** How long a process trusts what it remembers of credentials before it looks whether others changed it, told of it or not. */
export const accessTrustMs = 100;

/**
 * To be called, in the same transaction, by every change after which a credential may do less, or something else, than
 * before: keys, sessions, users, memberships and roles. Every process forgets the callers that it remembers, and the
 * change is not answered before they have.
 */
export async function accessChanged(connection: StoreConnection): Promise<void> {
  await accessGranted(connection);
  connection.takesAccess?.();
}

/** The same for a credential that is new: nobody waits for those who may have taken it for unknown a moment ago. */
export async function accessGranted(connection: StoreConnection): Promise<void> {
  await connection.run(
    "INSERT INTO settings (key, value) VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET value = settings.value + 1",
    setting,
  );
  // Sent when the transaction commits, to the processes that listen; on the embedded store there is no other server.
  if (connection.dialect === "postgres") await connection.all("SELECT pg_notify(?, '')", accessChannel);
}

/** A number that grows with every such change, in any process. */
export async function readAccessRevision(connection: StoreConnection): Promise<number> {
  const row = await connection.get<{ value: number }>("SELECT value FROM settings WHERE key = ?", setting);
  return Number(row?.value ?? 0);
}
