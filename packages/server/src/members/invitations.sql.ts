import type { Invitation, InvitationInput, Member } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { accessChanged } from "../identity/access-revision.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import {
  installationChange,
  installationRead,
  type OfOrganization,
  storeChange,
  storeRead,
} from "../store/operation.ts";
import { emailKey } from "../users/email.ts";
import { insertUser, type NewUser } from "../users/users.sql.ts";
import { granterOf } from "./granters.sql.ts";
import { beyondGranter, type Granter } from "./granting.ts";
import { reachOf, roleOf } from "./grants.sql.ts";
import type { ScopedRole } from "./grants.ts";
import { putGrant, requireMember, requireRole } from "./members.sql.ts";
import { readRoleScope, scopeWriter } from "./role-scope.sql.ts";

interface InvitationRow {
  readonly organization_id: string;
  readonly id: string;
  readonly email: string;
  readonly role: string;
  readonly scope: string;
  readonly created_by: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly accepted_at: number | null;
  readonly revoked_at: number | null;
}

const columns = "organization_id, id, email, role, scope, created_by, created_at, expires_at, accepted_at, revoked_at";
const dayMs = 86_400_000;

const statusOf = (row: InvitationRow, nowMs: number): Invitation["status"] => {
  if (row.accepted_at !== null) return "accepted";
  if (row.revoked_at !== null) return "revoked";
  return row.expires_at <= nowMs ? "expired" : "pending";
};

async function toWire(connection: StoreConnection, rows: readonly InvitationRow[]): Promise<readonly Invitation[]> {
  const [first] = rows;
  if (first === undefined) return [];
  const write = await scopeWriter(connection, first.organization_id);
  return rows.map((row) => ({
    id: row.id,
    organization_id: row.organization_id,
    user_email: row.email,
    role: row.role,
    scope: write(row.scope),
    status: statusOf(row, connection.now()),
    created_at: formatInstant(row.created_at),
    expires_at: formatInstant(row.expires_at),
  }));
}

const oneToWire = async (connection: StoreConnection, row: InvitationRow): Promise<Invitation> =>
  (await toWire(connection, [row]))[0] as Invitation;

const told = ({ user_email, role, scope, expires_at }: Invitation) => ({ user_email, role, scope, expires_at });

interface NewInvitation extends OfOrganization {
  readonly by: Granter;
  /** `user:<id>` or `key:<id>`. */
  readonly createdBy: string;
  readonly id: string;
  /** SHA-256 in hexadecimal. */
  readonly tokenHash: string;
  readonly input: InvitationInput;
}

export const createInvitation = storeChange(
  "invitations.create",
  async (connection, { organizationId, by, createdBy, id, tokenHash, input }: NewInvitation): Promise<Invitation> => {
    const email = emailKey(input.user_email);
    const scope = await readRoleScope(connection, organizationId, input.scope);
    await requireRole(connection, organizationId, by, { role: input.role, scope });
    const nowMs = connection.now();
    const member = await connection.get(
      `SELECT m.user_id FROM memberships m JOIN users u ON u.id = m.user_id
       WHERE m.organization_id = ? AND u.email_key = ?`,
      organizationId,
      email,
    );
    if (member !== undefined) {
      throw new Refusal("CONFLICT", "This is a member already: assign the role instead.", {
        fieldErrors: { user_email: "belongs to a member" },
      });
    }
    const open = await connection.get<{ pending: number }>(
      `SELECT count(*) AS pending FROM invitations
       WHERE organization_id = ? AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?`,
      organizationId,
      nowMs,
    );
    if (Number(open?.pending ?? 0) >= limits.openInvitations) {
      throw new Refusal("CONFLICT", `At most ${limits.openInvitations} invitations may be open: revoke some first.`);
    }
    const row: InvitationRow = {
      organization_id: organizationId,
      id,
      email,
      role: input.role,
      scope,
      created_by: createdBy,
      created_at: nowMs,
      expires_at: nowMs + input.expires_in_days * dayMs,
      accepted_at: null,
      revoked_at: null,
    };
    await connection.run(
      `INSERT INTO invitations (organization_id, id, email, role, scope, token_hash, created_by, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      organizationId,
      id,
      email,
      row.role,
      scope,
      Buffer.from(tokenHash, "hex"),
      createdBy,
      row.created_at,
      row.expires_at,
    );
    const made = await oneToWire(connection, row);
    const resource = { type: "invitation", id };
    await recordChange(connection, { organizationId, action: "invitations.create", resource, after: told(made) });
    return made;
  },
);

export const listInvitations = storeRead("invitations.list", async (connection, { organizationId }: OfOrganization) => {
  const rows = await connection.all<InvitationRow>(
    `SELECT ${columns} FROM invitations WHERE organization_id = ? ORDER BY created_at DESC, id LIMIT ?`,
    organizationId,
    limits.openInvitations,
  );
  return toWire(connection, rows);
});

export const revokeInvitation = storeChange(
  "invitations.revoke",
  async (connection, { organizationId, id }: OfOrganization & { readonly id: string }): Promise<Invitation> => {
    const row = await connection.get<InvitationRow>(
      `SELECT ${columns} FROM invitations WHERE organization_id = ? AND id = ?`,
      organizationId,
      id,
    );
    if (row === undefined) throw new Refusal("NOT_FOUND", "There is no invitation with this id.");
    if (row.accepted_at !== null)
      throw new Refusal("CONFLICT", "The invitation was accepted: remove the member instead.");
    if (row.revoked_at !== null) return oneToWire(connection, row);
    const nowMs = connection.now();
    await connection.run(
      "UPDATE invitations SET revoked_at = ? WHERE organization_id = ? AND id = ?",
      nowMs,
      organizationId,
      id,
    );
    const revoked = await oneToWire(connection, { ...row, revoked_at: nowMs });
    const resource = { type: "invitation", id };
    await recordChange(connection, { organizationId, action: "invitations.revoke", resource, before: told(revoked) });
    return revoked;
  },
);

/** An invitation that may still be accepted: one that may not is like one that never was. */
async function requireOpen(connection: StoreConnection, tokenHash: string): Promise<InvitationRow> {
  const row = await connection.get<InvitationRow>(
    `SELECT ${columns} FROM invitations WHERE token_hash = ?`,
    Buffer.from(tokenHash, "hex"),
  );
  if (row === undefined || statusOf(row, connection.now()) !== "pending") {
    throw new Refusal("NOT_FOUND", "There is no open invitation with this token.");
  }
  return row;
}

/**
 * Refuses an invitation whose role its maker may not give any more: whoever loses a role, or a key, could come back by an
 * invitation kept aside. A tenant's may be made by its parent, for whom the rule of the routes holds.
 */
async function requireStillGrantable(
  connection: StoreConnection,
  { organization_id: organizationId, created_by: maker, scope }: InvitationRow,
  allows: ScopedRole["allows"],
): Promise<void> {
  const scoped: ScopedRole = { allows, reach: await reachOf(connection, organizationId, scope) };
  const organization = await connection.get<{ parent_id: string | null }>(
    "SELECT parent_id FROM organizations WHERE organization_id = ?",
    organizationId,
  );
  for (const from of [organizationId, organization?.parent_id]) {
    const granter = from ? await granterOf(connection, from, maker) : undefined;
    const mayInvite =
      granter?.permissions.has("members:write") &&
      (from === organizationId || granter.permissions.has("organizations:write"));
    if (granter !== undefined && mayInvite && beyondGranter(granter, scoped).length === 0) return;
  }
  throw new Refusal(
    "CONFLICT",
    "Whoever made the invitation may not give its role any more: ask for another invitation.",
  );
}

/** Whom an open invitation is for, in lower case. */
export const invitedEmail = installationRead(
  "invitations.email",
  async (connection, { tokenHash }: { readonly tokenHash: string }): Promise<string> =>
    (await requireOpen(connection, tokenHash)).email,
);

/** Who accepts: a new user, or one that is there and has proved to be the invited one. */
export type Acceptor = { readonly newUser: NewUser } | { readonly userId: string };

export const acceptInvitation = installationChange(
  "invitations.accept",
  async (
    connection,
    { tokenHash, acceptor }: { readonly tokenHash: string; readonly acceptor: Acceptor },
  ): Promise<Member> => {
    const invitation = await requireOpen(connection, tokenHash);
    const { organization_id: organizationId, id, email, role, scope } = invitation;
    const allows = await roleOf(connection, organizationId, role);
    if (allows === undefined) {
      throw new Refusal("CONFLICT", "The role of the invitation is gone: ask for another invitation.");
    }
    await requireStillGrantable(connection, invitation, allows);
    const userId = "newUser" in acceptor ? acceptor.newUser.id : acceptor.userId;
    if ("newUser" in acceptor) await insertUser(connection, acceptor.newUser);
    const known = await connection.get(
      "SELECT user_id FROM memberships WHERE organization_id = ? AND user_id = ?",
      organizationId,
      userId,
    );
    if (known !== undefined) throw new Refusal("CONFLICT", "The invited user is a member already.");
    const members = await connection.get<{ present: number }>(
      "SELECT count(*) AS present FROM memberships WHERE organization_id = ?",
      organizationId,
    );
    if (Number(members?.present ?? 0) >= limits.members) {
      throw new Refusal("CONFLICT", `An organization has at most ${limits.members} members.`);
    }
    const nowMs = connection.now();
    await connection.run(
      "INSERT INTO memberships (organization_id, user_id, created_at) VALUES (?, ?, ?)",
      organizationId,
      userId,
      nowMs,
    );
    await putGrant(connection, { organization_id: organizationId, user_id: userId, scope, role });
    await connection.run(
      "UPDATE invitations SET accepted_at = ? WHERE organization_id = ? AND id = ?",
      nowMs,
      organizationId,
      id,
    );
    await accessChanged(connection);
    const member = await requireMember(connection, organizationId, userId);
    await recordChange(connection, {
      organizationId,
      action: "invitations.accept",
      resource: { type: "invitation", id },
      by: { kind: "user", id: userId, name: email },
      after: { user_id: userId, email, roles: member.roles },
    });
    return member;
  },
);

export const invitationOperations = [
  createInvitation,
  listInvitations,
  revokeInvitation,
  invitedEmail,
  acceptInvitation,
] as const;
