import { recordChange } from "../audit/audit-entries.sql.ts";
import { accessChanged } from "../identity/access-revision.sql.ts";
import { grantsOf } from "../members/grants.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { installationChange, installationRead, installationWrite, promptRead } from "../store/operation.ts";
import {
  activeSessionsMax,
  idleMsMax,
  keptMs,
  lostAnswerMs,
  type Session,
  type SessionEnd,
  type SignedIn,
  sessionMsMax,
} from "./sessions.ts";

interface SessionRow {
  readonly id: string;
  readonly user_id: string;
  readonly organization_id: string;
  readonly created_at: number;
  readonly refreshed_at: number;
  readonly expires_at: number;
  readonly client_address: string | null;
  readonly user_agent: string | null;
}

const columns = "id, user_id, organization_id, created_at, refreshed_at, expires_at, client_address, user_agent";

const fromRow = (row: SessionRow): Session => ({
  id: row.id,
  userId: row.user_id,
  organizationId: row.organization_id,
  createdAtMs: row.created_at,
  refreshedAtMs: row.refreshed_at,
  expiresAtMs: row.expires_at,
  clientAddress: row.client_address,
  userAgent: row.user_agent,
});

const bytes = (hex: string): Uint8Array => Buffer.from(hex, "hex");

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly organizationId: string;
  readonly tokenHash: string;
  readonly clientAddress: string | null;
  readonly userAgent: string | null;
}

/** Begins a session, in the transaction of its caller, who has made sure of the user. */
export async function insertSession(connection: StoreConnection, session: NewSession): Promise<Session> {
  const nowMs = connection.now();
  await forgetOldSessions(connection, session.userId, nowMs);
  const row = await connection.get<SessionRow>(
    `INSERT INTO sessions (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING ${columns}`,
    session.id,
    session.userId,
    session.organizationId,
    nowMs,
    nowMs,
    nowMs + idleMsMax,
    session.clientAddress,
    session.userAgent,
  );
  await insertToken(connection, session.tokenHash, session.id);
  return fromRow(row as SessionRow);
}

const insertToken = (connection: StoreConnection, tokenHash: string, sessionId: string) =>
  connection.run(
    "INSERT INTO refresh_tokens (token_hash, session_id, created_at) VALUES (?, ?, ?)",
    bytes(tokenHash),
    sessionId,
    connection.now(),
  );

/** Nothing may grow for ever: what is long over goes, and of too many sessions the oldest ends. */
async function forgetOldSessions(connection: StoreConnection, userId: string, nowMs: number): Promise<void> {
  const over = await connection.all<{ id: string }>(
    "SELECT id FROM sessions WHERE user_id = ?1 AND (ended_at < ?2 OR expires_at < ?2)",
    userId,
    nowMs - keptMs,
  );
  for (const { id } of over) {
    await connection.run("DELETE FROM refresh_tokens WHERE session_id = ?", id);
    await connection.run("DELETE FROM sessions WHERE id = ?", id);
  }
  const active = await selectActive(connection, userId, nowMs);
  const surplus = active.slice(activeSessionsMax - 1);
  for (const { id } of surplus) await endSession(connection, id, "too_many");
}

const selectActive = (connection: StoreConnection, userId: string, nowMs: number) =>
  connection.all<SessionRow>(
    `SELECT ${columns} FROM sessions WHERE user_id = ? AND ended_at IS NULL AND expires_at > ?
     ORDER BY refreshed_at DESC, id`,
    userId,
    nowMs,
  );

/** Ends a session in every process. Whether it had not ended before. */
export async function endSession(connection: StoreConnection, id: string, reason: SessionEnd): Promise<boolean> {
  const changed = await connection.run(
    "UPDATE sessions SET ended_at = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL",
    connection.now(),
    reason,
    id,
  );
  if (changed > 0) await accessChanged(connection);
  return changed > 0;
}

/** Ends all sessions of a user but the one that is kept. */
export async function endOtherSessions(
  connection: StoreConnection,
  userId: string,
  keptId: string | null,
  reason: SessionEnd,
): Promise<void> {
  for (const { id } of await selectActive(connection, userId, connection.now())) {
    if (id !== keptId) await endSession(connection, id, reason);
  }
}

/** Who stands behind a session; undefined where it is over, or its user may not be where it leads. */
async function signedIn(connection: StoreConnection, sessionId: string): Promise<(SignedIn & Session) | undefined> {
  const row = await connection.get<SessionRow & { email: string; email_key: string; name: string | null }>(
    `SELECT s.id, s.user_id, s.organization_id, s.created_at, s.refreshed_at, s.expires_at, s.client_address,
       s.user_agent, u.email, u.email_key, u.name
     FROM sessions s JOIN users u ON u.id = s.user_id
     WHERE s.id = ? AND s.ended_at IS NULL AND s.expires_at > ? AND u.disabled_at IS NULL`,
    sessionId,
    connection.now(),
  );
  if (row === undefined) return undefined;
  const grants = await grantsOf(connection, row.organization_id, { id: row.user_id, email: row.email_key });
  return grants && { ...fromRow(row), email: row.email, name: row.name, grants };
}

export const findSession = promptRead("sessions.find", (connection, { sessionId }: { readonly sessionId: string }) =>
  signedIn(connection, sessionId),
);

export type Refreshed =
  | { readonly kind: "refreshed"; readonly session: Session; readonly user: SignedIn }
  | { readonly kind: "unknown" }
  /** An old token came back: somebody else may have it, so the session is to end. */
  | { readonly kind: "reused"; readonly session: Session; readonly user: SignedIn };

interface TokenRow {
  readonly session_id: string;
  readonly replaced_at: number | null;
}

const findToken = (connection: StoreConnection, tokenHash: string) =>
  connection.get<TokenRow>("SELECT session_id, replaced_at FROM refresh_tokens WHERE token_hash = ?", bytes(tokenHash));

/** Replaces a refresh token. One that was replaced before is given the same successor where an answer may be lost. */
export const refreshSession = installationWrite(
  "sessions.refresh",
  async (connection, args: { readonly tokenHash: string; readonly successorHash: string }): Promise<Refreshed> => {
    const token = await findToken(connection, args.tokenHash);
    if (token === undefined) return { kind: "unknown" };
    const found = await signedIn(connection, token.session_id);
    if (found === undefined) return { kind: "unknown" };
    const { email, name, grants, ...session } = found;
    const user = { email, name, grants };
    const nowMs = connection.now();
    if (token.replaced_at !== null) {
      const successor = await findToken(connection, args.successorHash);
      const mayBeLost = nowMs - token.replaced_at <= lostAnswerMs;
      if (mayBeLost && successor !== undefined && successor.replaced_at === null) {
        return { kind: "refreshed", session, user };
      }
      return { kind: "reused", session, user };
    }
    await connection.run(
      "UPDATE refresh_tokens SET replaced_at = ? WHERE token_hash = ?",
      nowMs,
      bytes(args.tokenHash),
    );
    await insertToken(connection, args.successorHash, session.id);
    const expiresAtMs = Math.min(nowMs + idleMsMax, session.createdAtMs + sessionMsMax);
    await connection.run(
      "UPDATE sessions SET refreshed_at = ?, expires_at = ? WHERE id = ?",
      nowMs,
      expiresAtMs,
      session.id,
    );
    return { kind: "refreshed", session: { ...session, refreshedAtMs: nowMs, expiresAtMs }, user };
  },
  "the session goes on as it was begun",
);

/**
 * The active sessions of a user, the one used last first. Where an organization is named those in it alone; refuses with
 * NOT_FOUND where the user is no member of it.
 */
export const listSessions = installationRead(
  "sessions.list",
  async (
    connection,
    { userId, organizationId }: { readonly userId: string; readonly organizationId: string | null },
  ) => {
    const active = await selectActive(connection, userId, connection.now());
    if (organizationId === null) return active.map(fromRow);
    const member = await connection.get(
      "SELECT user_id FROM memberships WHERE organization_id = ? AND user_id = ?",
      organizationId,
      userId,
    );
    if (member === undefined) throw new Refusal("NOT_FOUND", "There is no member with this id.");
    return active.filter((row) => row.organization_id === organizationId).map(fromRow);
  },
);

/** Ends a session of a user, of one organization alone where it is named. Whether there was one. */
export const revokeSession = installationChange(
  "sessions.revoke",
  async (
    connection,
    args: {
      readonly userId: string;
      readonly organizationId: string | null;
      readonly sessionId: string;
      readonly reason: SessionEnd;
    },
  ): Promise<boolean> => {
    const active = await selectActive(connection, args.userId, connection.now());
    const named = active.find(
      ({ id, organization_id }) =>
        id === args.sessionId && (args.organizationId === null || organization_id === args.organizationId),
    );
    if (named === undefined) return false;
    await endSession(connection, named.id, args.reason);
    await recordChange(connection, {
      organizationId: named.organization_id,
      action: args.reason === "signed_out" ? "auth.logout" : "sessions.revoke",
      resource: { type: "session", id: named.id },
      after: { user_id: args.userId, reason: args.reason },
    });
    return true;
  },
);

/** The secret that tokens are signed with where none is configured: the first one that any process offers. */
export const keepSigningSecret = installationWrite(
  "sessions.signingSecret",
  async (connection, { offered }: { readonly offered: Uint8Array }): Promise<Uint8Array> => {
    const kept = await connection.get<{ secret: Uint8Array }>("SELECT secret FROM signing_secrets WHERE id = 'tokens'");
    if (kept !== undefined) return kept.secret;
    await connection.run(
      "INSERT INTO signing_secrets (id, secret, created_at) VALUES ('tokens', ?, ?)",
      offered,
      connection.now(),
    );
    return offered;
  },
  "the installation's own secret, made once",
);

export const sessionOperations = [findSession, refreshSession, listSessions, revokeSession, keepSigningSecret] as const;
