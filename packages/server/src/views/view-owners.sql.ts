import type { StoreConnection } from "../store/connection.ts";
import type { OfOrganization } from "../store/operation.ts";

/** Keys that are good now, and all those whose places they took by rotation. */
const livingLines = `WITH RECURSIVE living (id, rotated_from) AS (
    SELECT id, rotated_from FROM api_keys
    WHERE organization_id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)
    UNION SELECT k.id, k.rotated_from FROM api_keys k JOIN living l ON k.id = l.rotated_from
    WHERE k.organization_id = ?1)
  SELECT 'key:' || id AS owner FROM living`;

/**
 * Whose views somebody has, by kind and id: of keys the first of which this one came by rotation, so that whoever changes a
 * secret keeps what was kept under the old one, and has it with both while both are good.
 */
export async function ownerOf(connection: StoreConnection, organizationId: string, who: string): Promise<string> {
  if (!who.startsWith("key:")) return who;
  const first = await connection.get<{ readonly id: string }>(
    `WITH RECURSIVE line (id, rotated_from) AS (
       SELECT id, rotated_from FROM api_keys WHERE organization_id = ?1 AND id = ?2
       UNION SELECT k.id, k.rotated_from FROM api_keys k JOIN line l ON k.id = l.rotated_from
       WHERE k.organization_id = ?1)
     SELECT id FROM line WHERE rotated_from IS NULL`,
    organizationId,
    who.slice("key:".length),
  );
  return first === undefined ? who : `key:${first.id}`;
}

/** Whether an owner of views can look at them no more: no member, or no key of a line that is good still. */
export async function isGone(connection: StoreConnection, organizationId: string, owner: string): Promise<boolean> {
  if (owner.startsWith("user:")) {
    const member = await connection.get(
      "SELECT user_id FROM memberships WHERE organization_id = ? AND user_id = ?",
      organizationId,
      owner.slice("user:".length),
    );
    return member === undefined;
  }
  if (!owner.startsWith("key:")) return false;
  const living = await connection.get(
    `SELECT owner FROM (${livingLines}) AS owners WHERE owner = ?3`,
    organizationId,
    connection.now(),
    owner,
  );
  return living === undefined;
}

/**
 * Forgets what a person has for themselves, in the transaction that removes them from the organization. What they share stays:
 * others look at it, and who manages views may change it.
 */
export async function forgetPrivateViews(
  connection: StoreConnection,
  { organizationId, userId }: OfOrganization & { readonly userId: string },
): Promise<void> {
  const owner = `user:${userId}`;
  await connection.run("DELETE FROM view_pins WHERE organization_id = ? AND owner = ?", organizationId, owner);
  await connection.run(
    "DELETE FROM views WHERE organization_id = ? AND owner = ? AND shared = 0",
    organizationId,
    owner,
  );
}

/** The same for keys that were revoked or have expired, and that no other key took the place of. */
export async function forgetViewsOfEndedKeys(connection: StoreConnection, organizationId: string): Promise<void> {
  for (const which of ["view_pins WHERE", "views WHERE shared = 0 AND"]) {
    await connection.run(
      `DELETE FROM ${which} organization_id = ?1 AND owner LIKE 'key:%' AND owner NOT IN (${livingLines})`,
      organizationId,
      connection.now(),
    );
  }
}
