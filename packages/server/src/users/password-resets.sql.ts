import type { Permission } from "@llm-cost-ops/contract/permissions";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { accessChanged } from "../identity/access-revision.sql.ts";
import { isScopeWithin } from "../identity/record-scope.ts";
import { granterOf } from "../members/granters.sql.ts";
import type { Granter } from "../members/granting.ts";
import { grantsOf } from "../members/grants.sql.ts";
import { requireMember } from "../members/members.sql.ts";
import { Refusal } from "../refusal.ts";
import { endOtherSessions } from "../sessions/sessions.sql.ts";
import type { StoreConnection } from "../store/connection.ts";
import { installationChange, installationRead, installationWrite } from "../store/operation.ts";
import { emailKey } from "./email.ts";
import { type Account, homeOf, organizationsOf, readAccount, removeSecondFactor, setPassword } from "./users.sql.ts";

/** A token is good for so long. */
export const resetMs = 30 * 60_000;
/** So many of a user's mailed tokens are good at once: whoever asks again and again fills nobody's mailbox. */
const mailedMax = 3;
/** Whoever has one of these could, with a key alone, make another key or somebody who signs in. */
const making: readonly Permission[] = ["keys:write", "members:write"];

interface ResetRow {
  readonly user_id: string;
  /** Of a token that somebody else made: who, and in which organization. Null of one that went to the user's own mailbox. */
  readonly made_by: string | null;
  readonly organization_id: string | null;
  readonly expires_at: number;
}

const bytes = (hash: string): Uint8Array => Buffer.from(hash, "hex");
const unknownToken = (): Refusal =>
  new Refusal("NOT_FOUND", "There is no such token, or it was used or has ended: ask for another one.");

/** Keeps a token of which the hash alone is known here, until it ends. */
async function insertReset(
  connection: StoreConnection,
  tokenHash: string,
  { user_id, made_by, organization_id }: Omit<ResetRow, "expires_at">,
): Promise<number> {
  const nowMs = connection.now();
  await connection.run("DELETE FROM password_resets WHERE user_id = ? AND expires_at <= ?", user_id, nowMs);
  await connection.run(
    `INSERT INTO password_resets (token_hash, user_id, made_by, organization_id, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
    bytes(tokenHash),
    user_id,
    made_by,
    organization_id,
    nowMs,
    nowMs + resetMs,
  );
  return nowMs + resetMs;
}

export interface ResetToSend {
  readonly userId: string;
  readonly email: string;
  readonly expiresAtMs: number;
}

/**
 * A token for whoever reads the mail of an address; undefined where it belongs to nobody who may sign in, or has tokens
 * enough. The audit trail tells of it where there is such a user.
 */
export const offerReset = installationChange(
  "passwordResets.offer",
  async (
    connection,
    args: { readonly emailKey: string; readonly tokenHash: string },
  ): Promise<ResetToSend | undefined> => {
    const row = await connection.get<{ id: string; email: string }>(
      "SELECT id, email FROM users WHERE email_key = ? AND disabled_at IS NULL",
      args.emailKey,
    );
    if (row === undefined) return undefined;
    // What an administrator handed over does not count: a stranger who asks must not decide whether that is possible.
    const mailed = await connection.get<{ open: number }>(
      "SELECT count(*) AS open FROM password_resets WHERE user_id = ? AND made_by IS NULL AND expires_at > ?",
      row.id,
      connection.now(),
    );
    if (Number(mailed?.open ?? 0) >= mailedMax) return undefined;
    const expiresAtMs = await insertReset(connection, args.tokenHash, {
      user_id: row.id,
      made_by: null,
      organization_id: null,
    });
    await recordChange(connection, {
      organizationId: await homeOf(connection, row.id),
      action: "users.password.reset_request",
      resource: { type: "user", id: row.id },
      after: { by_mail: true },
    });
    return { userId: row.id, email: row.email, expiresAtMs };
  },
);

/** Forgets a token that reached nobody, so that it takes no place among those that did. */
export const withdrawReset = installationWrite(
  "passwordResets.withdraw",
  async (connection, { tokenHash }: { readonly tokenHash: string }): Promise<void> => {
    await connection.run("DELETE FROM password_resets WHERE token_hash = ?", bytes(tokenHash));
  },
  "the entry about the request stays, and whoever did not get the token has lost nothing",
);

/**
 * Whoever could give a member every right that this one has may let them in again; nobody else gains by it. A key lets in
 * nobody who makes keys or members: a stolen session makes a key, which would take over the very account it was stolen from.
 */
async function requireMayReset(
  connection: StoreConnection,
  organizationId: string,
  { by, madeBy }: { readonly by: Granter; readonly madeBy: string },
  { id, email }: Pick<Account, "id" | "email">,
): Promise<void> {
  // Whoever works on the database itself has everything that lies in it.
  if (madeBy.startsWith("process:")) return;
  const beyond = new Set<Permission>();
  for (const other of await organizationsOf(connection, id)) {
    if (other.id !== organizationId) await requireOwnTenant(connection, organizationId, other.id, by);
    const grants = await grantsOf(connection, other.id, { id, email: emailKey(email) });
    if (madeBy.startsWith("key:") && making.some((permission) => grants?.permissions.has(permission))) {
      throw new Refusal(
        "AUTH_002",
        `An API key makes no token for whoever has ${making.join(" or ")}: another administrator who signed in does, or a mail, or cost-ops auth recover.`,
      );
    }
    for (const permission of grants?.permissions ?? []) {
      const isWithin =
        by.permissions.has(permission) && isScopeWithin(grants?.scopes.get(permission), by.scopes?.get(permission));
      if (!isWithin) beyond.add(permission);
    }
  }
  if (beyond.size === 0) return;
  throw new Refusal("AUTH_002", `Nobody may let in whom they could not make: the user has ${[...beyond].join(", ")}.`);
}

/** A password opens every organization of its user, so those of others are not opened by one's administrators. */
async function requireOwnTenant(
  connection: StoreConnection,
  organizationId: string,
  otherId: string,
  by: Granter,
): Promise<void> {
  const other = await connection.get<{ parent_id: string | null }>(
    "SELECT parent_id FROM organizations WHERE organization_id = ?",
    otherId,
  );
  if (other?.parent_id === organizationId && by.permissions.has("organizations:write")) return;
  throw new Refusal(
    "CONFLICT",
    "The user belongs to organizations that are not yours as well: they reset the password themselves, by mail.",
  );
}

export interface ResetMade {
  readonly email: string;
  readonly expiresAtMs: number;
}

/**
 * A token for a member who is to be handed it, in the place of one that was handed over before. Refuses with NOT_FOUND who
 * is no member, with AUTH_002 who has rights that the maker has not or, where a key asks, makes keys or members, and with
 * CONFLICT who belongs to organizations of others, or is the maker.
 */
export const makeReset = installationChange(
  "passwordResets.make",
  async (
    connection,
    args: {
      readonly organizationId: string;
      readonly userId: string;
      readonly tokenHash: string;
      readonly by: Granter;
      /** `user:<id>`, `key:<id>` or `process:<id>`. */
      readonly madeBy: string;
    },
  ): Promise<ResetMade> => {
    const { organizationId, userId, tokenHash, by, madeBy } = args;
    await requireMember(connection, organizationId, userId);
    const account = await readAccount(connection, userId);
    if (account === undefined || account.isDisabled) throw new Refusal("CONFLICT", "The user may not sign in.");
    if (madeBy === `user:${userId}`) {
      // A stolen session must not be enough to take an account over.
      throw new Refusal("CONFLICT", "One's own password is changed with the present one, or reset by mail.");
    }
    await requireMayReset(connection, organizationId, { by, madeBy }, account);
    const reset = { user_id: userId, made_by: madeBy, organization_id: organizationId };
    await connection.run("DELETE FROM password_resets WHERE user_id = ? AND made_by IS NOT NULL", userId);
    const expiresAtMs = await insertReset(connection, tokenHash, reset);
    await recordChange(connection, {
      organizationId,
      action: "users.password.reset_request",
      resource: { type: "user", id: userId },
      after: { by_mail: false },
    });
    return { email: account.email, expiresAtMs };
  },
);

/** Whose token it is. What an administrator made ends with the right to make it. */
async function requireOpen(connection: StoreConnection, tokenHash: string): Promise<Account> {
  const row = await connection.get<ResetRow>(
    `SELECT user_id, made_by, organization_id, expires_at FROM password_resets
     WHERE token_hash = ? AND expires_at > ?`,
    bytes(tokenHash),
    connection.now(),
  );
  const account = row && (await readAccount(connection, row.user_id));
  if (account === undefined || account.isDisabled) throw unknownToken();
  const { made_by: madeBy, organization_id: organizationId } = row as ResetRow;
  if (madeBy === null || organizationId === null) return account;
  const by = await granterOf(connection, organizationId, madeBy);
  if (by?.permissions.has("members:write") !== true) throw unknownToken();
  await requireMember(connection, organizationId, account.id);
  await requireMayReset(connection, organizationId, { by, madeBy }, account);
  return account;
}

/** Whose password a token may change. */
export const resetEmail = installationRead(
  "passwordResets.email",
  async (connection, { tokenHash }: { readonly tokenHash: string }): Promise<string> =>
    (await requireOpen(connection, tokenHash)).email,
);

/** Uses a token up, and with it every other of its user, and ends all of the user's sessions. The second factor stays. */
export const useReset = installationChange(
  "passwordResets.use",
  async (connection, args: { readonly tokenHash: string; readonly newHash: string }): Promise<void> => {
    const account = await requireOpen(connection, args.tokenHash);
    // Of two who use it at the same moment the second finds it gone.
    const used = await connection.run("DELETE FROM password_resets WHERE token_hash = ?", bytes(args.tokenHash));
    if (used === 0) throw unknownToken();
    await setPassword(connection, account.id, args.newHash);
    await endOtherSessions(connection, account.id, null, "password_changed");
    await accessChanged(connection);
    await recordChange(connection, {
      organizationId: await homeOf(connection, account.id),
      action: "users.password.reset",
      resource: { type: "user", id: account.id },
      by: { kind: "user", id: account.id, name: account.email },
    });
  },
);

export interface Recovery {
  readonly emailKey: string;
  readonly newHash: string;
  /** Of somebody who lost the app and the recovery codes as well. */
  readonly removesSecondFactor: boolean;
}

/** A new password for a user of whatever organization, by whoever works on the database itself. */
export const recoverAccount = installationChange(
  "users.recover",
  async (
    connection,
    { emailKey: key, newHash, removesSecondFactor }: Recovery,
  ): Promise<{ readonly id: string; readonly email: string; readonly hasSecondFactor: boolean }> => {
    const found = await connection.get<{ id: string }>("SELECT id FROM users WHERE email_key = ?", key);
    const account = found && (await readAccount(connection, found.id));
    if (account === undefined) throw new Refusal("NOT_FOUND", "There is no user with this e-mail address.");
    const hadSecondFactor = account.totp?.isConfirmed === true;
    await setPassword(connection, account.id, newHash);
    if (removesSecondFactor) await removeSecondFactor(connection, account.id);
    await endOtherSessions(connection, account.id, null, "password_changed");
    await accessChanged(connection);
    const hasSecondFactor = hadSecondFactor && !removesSecondFactor;
    await recordChange(connection, {
      organizationId: await homeOf(connection, account.id),
      action: "users.recover",
      resource: { type: "user", id: account.id },
      before: { second_factor: hadSecondFactor },
      after: { second_factor: hasSecondFactor },
    });
    return { id: account.id, email: account.email, hasSecondFactor };
  },
);

export const passwordResetOperations = [
  offerReset,
  withdrawReset,
  makeReset,
  resetEmail,
  useReset,
  recoverAccount,
] as const;
