import { roles } from "@llm-cost-ops/contract/permissions";
import type { StoreConnection } from "../store/connection.ts";
import { combineRoles, type Grants, isBuiltInRole, readPermissions, type ScopedRole } from "./grants.ts";

/** A user as the scope `own` knows him: his records carry one of both. */
export interface MemberName {
  readonly id: string;
  /** In lower case. */
  readonly email: string;
}

/** What a role allows in the organization; undefined where there is no such role. */
export async function roleOf(
  connection: StoreConnection,
  organizationId: string,
  role: string,
): Promise<ScopedRole["allows"] | undefined> {
  if (isBuiltInRole(role)) return roles[role];
  const row = await connection.get<{ permissions: string }>(
    "SELECT permissions FROM custom_roles WHERE organization_id = ? AND role = ?",
    organizationId,
    role,
  );
  return row && readPermissions(row.permissions);
}

/** How far a scope as it is stored reaches. A team reaches the projects that it has at present. */
export async function reachOf(
  connection: StoreConnection,
  organizationId: string,
  scope: string,
): Promise<ScopedRole["reach"]> {
  if (scope === "organization" || scope === "own") return scope;
  const at = scope.indexOf(":");
  const id = scope.slice(at + 1);
  if (scope.slice(0, at) === "project") return { projects: [id] };
  const rows = await connection.all<{ project_id: string }>(
    "SELECT project_id FROM team_projects WHERE organization_id = ? AND team_id = ? ORDER BY project_id",
    organizationId,
    id,
  );
  return { projects: rows.map(({ project_id }) => project_id) };
}

/** What a user may do in the organization at this moment; undefined where he is no member of it. */
export async function grantsOf(
  connection: StoreConnection,
  organizationId: string,
  user: MemberName,
): Promise<Grants | undefined> {
  const member = await connection.get(
    "SELECT user_id FROM memberships WHERE organization_id = ? AND user_id = ?",
    organizationId,
    user.id,
  );
  if (member === undefined) return undefined;
  const rows = await connection.all<{ scope: string; role: string }>(
    "SELECT scope, role FROM role_grants WHERE organization_id = ? AND user_id = ? ORDER BY scope",
    organizationId,
    user.id,
  );
  const scoped: ScopedRole[] = [];
  for (const { scope, role } of rows) {
    const allows = await roleOf(connection, organizationId, role);
    if (allows !== undefined) scoped.push({ allows, reach: await reachOf(connection, organizationId, scope) });
  }
  return combineRoles(scoped, [user.id, user.email]);
}
