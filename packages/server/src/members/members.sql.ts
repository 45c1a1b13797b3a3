import type { Member, RoleAssignment } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { accessChanged } from "../identity/access-revision.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, type Store, storeChange, storeRead } from "../store/operation.ts";
import { emailKey } from "../users/email.ts";
import { forgetPrivateViews } from "../views/view-owners.sql.ts";
import { type Granter, requireGrantable, requireRevocable } from "./granting.ts";
import { reachOf, roleOf } from "./grants.sql.ts";
import type { ScopedRole } from "./grants.ts";
import type { Members } from "./members.ts";
import { readRoleScope, scopeWriter } from "./role-scope.sql.ts";

interface MemberRow {
  readonly user_id: string;
  readonly email: string;
  readonly name: string | null;
  readonly disabled_at: number | null;
  readonly created_at: number;
}

interface GrantRow {
  readonly user_id: string;
  readonly scope: string;
  readonly role: string;
}

interface NamedMember extends OfOrganization {
  readonly userId: string;
}

interface ByGranter {
  readonly by: Granter;
}

const noMember = (): Refusal => new Refusal("NOT_FOUND", "There is no member with this id.");

/** Members in the order of their e-mail addresses, or the one of `userId`. */
async function selectMembers(
  connection: StoreConnection,
  organizationId: string,
  userId: string | null,
): Promise<readonly Member[]> {
  const rows = await connection.all<MemberRow>(
    `SELECT m.user_id, u.email, u.name, u.disabled_at, m.created_at FROM memberships m JOIN users u ON u.id = m.user_id
     WHERE m.organization_id = ? AND (CAST(? AS TEXT) IS NULL OR m.user_id = ?) ORDER BY u.email_key`,
    organizationId,
    userId,
    userId,
  );
  const grants = await connection.all<GrantRow>(
    `SELECT user_id, scope, role FROM role_grants
     WHERE organization_id = ? AND (CAST(? AS TEXT) IS NULL OR user_id = ?) ORDER BY user_id, scope`,
    organizationId,
    userId,
    userId,
  );
  const write = await scopeWriter(connection, organizationId);
  const roles = Map.groupBy(grants, (grant) => grant.user_id);
  return rows.map((row) => ({
    user_id: row.user_id,
    email: row.email,
    name: row.name,
    organization_id: organizationId,
    roles: (roles.get(row.user_id) ?? []).map(({ role, scope }) => ({ role, scope: write(scope) })),
    disabled: row.disabled_at !== null,
    joined_at: formatInstant(row.created_at),
  }));
}

export async function requireMember(
  connection: StoreConnection,
  organizationId: string,
  userId: string,
): Promise<Member> {
  const [member] = await selectMembers(connection, organizationId, userId);
  if (member === undefined) throw noMember();
  return member;
}

const listMembers = storeRead("members.list", (connection, { organizationId }: OfOrganization) =>
  selectMembers(connection, organizationId, null),
);

const getMember = storeRead("members.get", (connection, { organizationId, userId }: NamedMember) =>
  requireMember(connection, organizationId, userId),
);

const grantsAt = (connection: StoreConnection, organizationId: string, userId: string) =>
  connection.all<GrantRow>(
    "SELECT user_id, scope, role FROM role_grants WHERE organization_id = ? AND user_id = ? ORDER BY scope",
    organizationId,
    userId,
  );

/** A role at a stored scope; undefined where the role is gone. */
async function scopedRole(
  connection: StoreConnection,
  organizationId: string,
  { role, scope }: Pick<GrantRow, "role" | "scope">,
): Promise<ScopedRole | undefined> {
  const allows = await roleOf(connection, organizationId, role);
  return allows && { allows, reach: await reachOf(connection, organizationId, scope) };
}

/** A role to be given at a stored scope. Refuses one that is unknown or goes beyond the granter. */
export async function requireRole(
  connection: StoreConnection,
  organizationId: string,
  by: Granter,
  grant: Pick<GrantRow, "role" | "scope">,
): Promise<void> {
  const scoped = await scopedRole(connection, organizationId, grant);
  if (scoped === undefined) {
    throw new Refusal("VALIDATION_ERROR", "There is no role of this name.", {
      fieldErrors: { role: "must be a role of the organization" },
    });
  }
  requireGrantable(by, scoped);
}

const isAdmin = ({ role, scope }: Pick<GrantRow, "role" | "scope">): boolean =>
  role === "admin" && scope === "organization";

/** Refuses to lose a grant that the granter could not give, or that makes the last administrator. */
async function requireDispensable(connection: StoreConnection, organizationId: string, by: Granter, grant: GrantRow) {
  const scoped = await scopedRole(connection, organizationId, grant);
  if (scoped !== undefined) requireRevocable(by, scoped);
  if (!isAdmin(grant)) return;
  const another = await connection.get(
    `SELECT g.user_id FROM role_grants g JOIN users u ON u.id = g.user_id
     WHERE g.organization_id = ? AND g.scope = 'organization' AND g.role = 'admin' AND g.user_id <> ?
       AND u.disabled_at IS NULL LIMIT 1`,
    organizationId,
    grant.user_id,
  );
  if (another === undefined) {
    throw new Refusal("CONFLICT", "This is the last administrator of the organization: make another one first.");
  }
}

const removeMember = storeChange(
  "members.remove",
  async (connection, { organizationId, userId, by }: NamedMember & ByGranter): Promise<Member> => {
    const member = await requireMember(connection, organizationId, userId);
    for (const grant of await grantsAt(connection, organizationId, userId)) {
      await requireDispensable(connection, organizationId, by, grant);
    }
    for (const table of ["role_grants", "team_members", "memberships"]) {
      await connection.run(`DELETE FROM ${table} WHERE organization_id = ? AND user_id = ?`, organizationId, userId);
    }
    await forgetPrivateViews(connection, { organizationId, userId });
    // Or else whoever is removed could come back by an invitation kept aside.
    await connection.run(
      `UPDATE invitations SET revoked_at = ? WHERE organization_id = ? AND accepted_at IS NULL AND revoked_at IS NULL
         AND (email = ? OR created_by = ?)`,
      connection.now(),
      organizationId,
      emailKey(member.email),
      `user:${userId}`,
    );
    await accessChanged(connection);
    await recordChange(connection, {
      organizationId,
      action: "members.remove",
      resource: { type: "member", id: userId },
      before: { email: member.email, roles: member.roles },
    });
    return member;
  },
);

/** A member may be limited to projects or to what is their own: both at once would be neither. */
async function requireOneKindOfLimit(connection: StoreConnection, organizationId: string, userId: string) {
  const scopes = (await grantsAt(connection, organizationId, userId)).map(({ scope }) => scope);
  if (scopes.includes("own") && scopes.some((scope) => scope.includes(":"))) {
    throw new Refusal(
      "CONFLICT",
      "A member's roles are limited either to projects and teams or to `own`, since records would have to be both: remove the other roles first.",
      { fieldErrors: { scope: "cannot stand beside the member's other scopes" } },
    );
  }
}

/** Gives a member a role at a stored scope, in place of the one that is there. */
export async function putGrant(
  connection: StoreConnection,
  { organization_id: organizationId, user_id: userId, scope, role }: GrantRow & { readonly organization_id: string },
): Promise<void> {
  await connection.run(
    `INSERT INTO role_grants (organization_id, user_id, scope, role, created_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (organization_id, user_id, scope) DO UPDATE SET role = excluded.role, created_at = excluded.created_at`,
    organizationId,
    userId,
    scope,
    role,
    connection.now(),
  );
  await requireOneKindOfLimit(connection, organizationId, userId);
}

const assignRole = storeChange(
  "members.assignRole",
  async (
    connection,
    { organizationId, by, assignment }: OfOrganization & ByGranter & { readonly assignment: RoleAssignment },
  ): Promise<Member> => {
    const found = await connection.get<{ user_id: string }>(
      `SELECT m.user_id FROM memberships m JOIN users u ON u.id = m.user_id
       WHERE m.organization_id = ? AND (m.user_id = ? OR u.email_key = ?)`,
      organizationId,
      assignment.user_id ?? "",
      assignment.user_email === undefined ? "" : emailKey(assignment.user_email),
    );
    if (found === undefined) {
      if (assignment.user_email === undefined) throw noMember();
      throw new Refusal("NOT_FOUND", "There is no member with this e-mail address.");
    }
    const { user_id: userId } = found;
    const before = await requireMember(connection, organizationId, userId);
    const scope = await readRoleScope(connection, organizationId, assignment.scope);
    const { role } = assignment;
    await requireRole(connection, organizationId, by, { role, scope });
    const replaced = (await grantsAt(connection, organizationId, userId)).find((grant) => grant.scope === scope);
    if (replaced !== undefined && replaced.role !== role) {
      await requireDispensable(connection, organizationId, by, replaced);
    }
    await putGrant(connection, { organization_id: organizationId, user_id: userId, scope, role });
    return changed(connection, organizationId, "members.assignRole", before);
  },
);

const removeRole = storeChange(
  "members.removeRole",
  async (
    connection,
    { organizationId, userId, by, scope: text }: NamedMember & ByGranter & { readonly scope: string },
  ): Promise<Member> => {
    const before = await requireMember(connection, organizationId, userId);
    const scope = await readRoleScope(connection, organizationId, text);
    const grant = (await grantsAt(connection, organizationId, userId)).find((one) => one.scope === scope);
    if (grant === undefined) throw new Refusal("NOT_FOUND", "The member has no role at this scope.");
    await requireDispensable(connection, organizationId, by, grant);
    await connection.run(
      "DELETE FROM role_grants WHERE organization_id = ? AND user_id = ? AND scope = ?",
      organizationId,
      userId,
      scope,
    );
    return changed(connection, organizationId, "members.removeRole", before);
  },
);

async function changed(
  connection: StoreConnection,
  organizationId: string,
  action: string,
  before: Member,
): Promise<Member> {
  const after = await requireMember(connection, organizationId, before.user_id);
  await accessChanged(connection);
  await recordChange(connection, {
    organizationId,
    action,
    resource: { type: "member", id: before.user_id },
    before: { email: before.email, roles: before.roles },
    after: { email: after.email, roles: after.roles },
  });
  return after;
}

/** Members in a store. `onChanged` is called before a change is answered, after which somebody may do less than before. */
export function createMembers(store: Store, onChanged: () => void): Members {
  const told = async <T>(change: Promise<T>): Promise<T> => {
    const result = await change;
    onChanged();
    return result;
  };
  return {
    list: (organizationId) => store.run(listMembers, { organizationId }),
    get: (organizationId, userId) => store.run(getMember, { organizationId, userId }),
    remove: (organizationId, by, userId) => told(store.run(removeMember, { organizationId, by, userId })),
    assignRole: (organizationId, by, assignment) => told(store.run(assignRole, { organizationId, by, assignment })),
    removeRole: (organizationId, by, userId, scope) =>
      told(store.run(removeRole, { organizationId, by, userId, scope })),
  };
}

export const memberOperations = [listMembers, getMember, removeMember, assignRole, removeRole] as const;
