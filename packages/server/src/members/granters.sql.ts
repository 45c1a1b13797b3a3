import { everyPermission, toCaller } from "../identity/key-scope.ts";
import type { StoreConnection } from "../store/connection.ts";
import type { Granter } from "./granting.ts";
import { grantsOf } from "./grants.sql.ts";
import { readPermissions } from "./grants.ts";

/**
 * What whoever is written down as `user:<id>`, `key:<id>` or `process:<id>` may do in an organization at this moment;
 * undefined where they are no part of it any more.
 */
export async function granterOf(
  connection: StoreConnection,
  organizationId: string,
  name: string,
): Promise<Granter | undefined> {
  const at = name.indexOf(":");
  const [kind, id] = [name.slice(0, at), name.slice(at + 1)];
  if (kind === "process") return { permissions: everyPermission };
  if (kind === "key") return keyAsGranter(connection, organizationId, id);
  const user = await connection.get<{ email_key: string }>(
    "SELECT email_key FROM users WHERE id = ? AND disabled_at IS NULL",
    id,
  );
  return user && grantsOf(connection, organizationId, { id, email: user.email_key });
}

async function keyAsGranter(
  connection: StoreConnection,
  organizationId: string,
  keyId: string,
): Promise<Granter | undefined> {
  const row = await connection.get<{ name: string; scopes: string | null; project_id: string | null }>(
    `SELECT name, scopes, project_id FROM api_keys
     WHERE organization_id = ? AND id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)`,
    organizationId,
    keyId,
    connection.now(),
  );
  if (row === undefined) return undefined;
  const { name, project_id: projectId } = row;
  const scopes = row.scopes === null ? null : [...readPermissions(row.scopes)];
  return toCaller({ organizationId, keyId, name, scopes, projectId, expiresAtMs: null });
}
