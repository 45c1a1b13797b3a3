import { recordChange } from "../audit/audit-entries.sql.ts";
import { accessChanged } from "../identity/access-revision.sql.ts";
import { defaultOrganization } from "../identity/api-keys.ts";
import { roleOf } from "../members/grants.sql.ts";
import { Refusal } from "../refusal.ts";
import { endOtherSessions } from "../sessions/sessions.sql.ts";
import type { StoreConnection } from "../store/connection.ts";
import { installationChange, installationRead, installationWrite } from "../store/operation.ts";

interface AccountRow {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly created_at: number;
  readonly disabled_at: number | null;
  readonly password_hash: string;
  readonly totp_secret: Uint8Array | null;
  readonly totp_sealed: number;
  readonly totp_confirmed_at: number | null;
}

/** A user with what they sign in with. It never leaves the server. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly createdAtMs: number;
  readonly isDisabled: boolean;
  readonly passwordHash: string;
  /** The second factor; unconfirmed, it is asked for nowhere. */
  readonly totp: { readonly secret: Uint8Array; readonly isSealed: boolean; readonly isConfirmed: boolean } | undefined;
}

const accountColumns = `u.id, u.email, u.name, u.created_at, u.disabled_at, c.password_hash, c.totp_secret, c.totp_sealed,
  c.totp_confirmed_at`;
const accounts = "users u JOIN user_credentials c ON c.user_id = u.id";

const fromRow = (row: AccountRow): Account => ({
  id: row.id,
  email: row.email,
  name: row.name,
  createdAtMs: row.created_at,
  isDisabled: row.disabled_at !== null,
  passwordHash: row.password_hash,
  totp:
    row.totp_secret === null
      ? undefined
      : { secret: row.totp_secret, isSealed: row.totp_sealed === 1, isConfirmed: row.totp_confirmed_at !== null },
});

export async function readAccount(connection: StoreConnection, userId: string): Promise<Account | undefined> {
  const row = await connection.get<AccountRow>(`SELECT ${accountColumns} FROM ${accounts} WHERE u.id = ?`, userId);
  return row && fromRow(row);
}

export const findAccount = installationRead("users.account", (connection, { userId }: { readonly userId: string }) =>
  readAccount(connection, userId),
);

export const findAccountByEmail = installationRead(
  "users.accountByEmail",
  async (connection, { emailKey }: { readonly emailKey: string }): Promise<Account | undefined> => {
    const row = await connection.get<AccountRow>(
      `SELECT ${accountColumns} FROM ${accounts} WHERE u.email_key = ?`,
      emailKey,
    );
    return row && fromRow(row);
  },
);

/** Where a user may sign in to, the oldest membership first. */
export async function organizationsOf(
  connection: StoreConnection,
  userId: string,
): Promise<readonly { readonly id: string; readonly name: string }[]> {
  return connection.all<{ id: string; name: string }>(
    `SELECT o.organization_id AS id, o.name FROM memberships m
     JOIN organizations o ON o.organization_id = m.organization_id
     WHERE m.user_id = ? ORDER BY m.created_at, o.organization_id`,
    userId,
  );
}

export const listOrganizationsOf = installationRead(
  "users.organizations",
  (connection, { userId }: { readonly userId: string }) => organizationsOf(connection, userId),
);

/** In whose trail stands what a user does outside of a session. */
export const homeOf = async (connection: StoreConnection, userId: string): Promise<string> =>
  (await organizationsOf(connection, userId))[0]?.id ?? defaultOrganization;

export interface NewUser {
  readonly id: string;
  readonly email: string;
  readonly emailKey: string;
  readonly name: string | null;
  readonly passwordHash: string;
}

/**
 * Keeps a new user, in the transaction of its caller, who writes the audit entry and the membership. Refuses with
 * CONFLICT where there is one of this e-mail already.
 */
export async function insertUser(connection: StoreConnection, user: NewUser): Promise<void> {
  const taken = await connection.get("SELECT id FROM users WHERE email_key = ?", user.emailKey);
  if (taken !== undefined) {
    throw new Refusal("CONFLICT", "There is a user with this e-mail address already.", {
      fieldErrors: { email: "belongs to a user already; invite them instead" },
    });
  }
  await connection.run(
    "INSERT INTO users (id, email, email_key, name, created_at) VALUES (?, ?, ?, ?, ?)",
    user.id,
    user.email,
    user.emailKey,
    user.name,
    connection.now(),
  );
  await connection.run(
    "INSERT INTO user_credentials (user_id, password_hash, password_changed_at, totp_sealed) VALUES (?, ?, ?, 0)",
    user.id,
    user.passwordHash,
    connection.now(),
  );
}

export interface UserMade {
  readonly id: string;
  readonly createdAtMs: number;
}

/** A new user who is a member of the organization with a role that reaches all of it. */
export const createUser = installationChange(
  "users.create",
  async (
    connection,
    args: {
      readonly organizationId: string;
      readonly user: NewUser;
      readonly role: string;
      readonly may: readonly string[];
    },
  ): Promise<UserMade> => {
    const { organizationId, user, role } = args;
    const allows = await roleOf(connection, organizationId, role);
    if (allows === undefined) {
      throw new Refusal("VALIDATION_ERROR", "There is no role of this name.", {
        fieldErrors: { role: "must be a role of the organization" },
      });
    }
    const beyond = [...allows].filter((permission) => !args.may.includes(permission));
    if (beyond.length > 0) {
      throw new Refusal("AUTH_002", `Nobody may give more than they have, which is without: ${beyond.join(", ")}.`, {
        fieldErrors: { role: `goes beyond the credential: ${beyond.join(", ")}` },
      });
    }
    await insertUser(connection, user);
    const createdAtMs = connection.now();
    await connection.run(
      "INSERT INTO memberships (organization_id, user_id, created_at) VALUES (?, ?, ?)",
      organizationId,
      user.id,
      createdAtMs,
    );
    await connection.run(
      "INSERT INTO role_grants (organization_id, user_id, scope, role, created_at) VALUES (?, ?, 'organization', ?, ?)",
      organizationId,
      user.id,
      role,
      createdAtMs,
    );
    await recordChange(connection, {
      organizationId,
      action: "users.create",
      resource: { type: "user", id: user.id },
      after: { email: user.email, name: user.name, role },
    });
    return { id: user.id, createdAtMs };
  },
);

/** What a second factor was proved with: a step of the app's clock, or the hash of a recovery code. */
export type SecondFactorProof =
  | { readonly kind: "step"; readonly step: number }
  | { readonly kind: "recovery"; readonly hash: string };

/** Uses up a proof, which is good once. Whether it was. */
export async function spendProof(
  connection: StoreConnection,
  userId: string,
  proof: SecondFactorProof,
): Promise<boolean> {
  if (proof.kind === "step") {
    const spent = await connection.run(
      "UPDATE user_credentials SET totp_step = ?1 WHERE user_id = ?2 AND (totp_step IS NULL OR totp_step < ?1)",
      proof.step,
      userId,
    );
    return spent === 1;
  }
  const spent = await connection.run(
    "UPDATE recovery_codes SET used_at = ? WHERE user_id = ? AND code_hash = ? AND used_at IS NULL",
    connection.now(),
    userId,
    Buffer.from(proof.hash, "hex"),
  );
  return spent === 1;
}

/** A change that a user makes to what they sign in with, after they proved again who they are. */
interface OwnChange {
  readonly userId: string;
  readonly organizationId: string;
  /** The hash that the password was checked against: who changed it in the meantime wins. */
  readonly passwordHash: string;
}

async function requireSamePassword(connection: StoreConnection, { userId, passwordHash }: OwnChange): Promise<Account> {
  const account = await readAccount(connection, userId);
  if (account?.passwordHash !== passwordHash) {
    throw new Refusal("CONFLICT", "The password was changed in the meantime: try again.");
  }
  return account;
}

const record = (
  connection: StoreConnection,
  { userId, organizationId }: OwnChange,
  action: string,
  after?: Readonly<Record<string, unknown>>,
) => recordChange(connection, { organizationId, action, resource: { type: "user", id: userId }, after });

/** Keeps the hash of another password, after which no token is good any more that was made to reset the one before. */
export async function setPassword(connection: StoreConnection, userId: string, newHash: string): Promise<void> {
  await connection.run(
    "UPDATE user_credentials SET password_hash = ?, password_changed_at = ? WHERE user_id = ?",
    newHash,
    connection.now(),
    userId,
  );
  await connection.run("DELETE FROM password_resets WHERE user_id = ?", userId);
}

export const changePassword = installationChange(
  "users.changePassword",
  async (connection, args: OwnChange & { readonly newHash: string; readonly sessionId: string }): Promise<void> => {
    await requireSamePassword(connection, args);
    await setPassword(connection, args.userId, args.newHash);
    await endOtherSessions(connection, args.userId, args.sessionId, "password_changed");
    await accessChanged(connection);
    await record(connection, args, "users.password.change");
  },
);

/** The same password, hashed with more work. Whoever changed it in the meantime wins. */
export const rehashPassword = installationWrite(
  "users.rehashPassword",
  async (connection, args: { readonly userId: string; readonly before: string; readonly after: string }) => {
    await connection.run(
      "UPDATE user_credentials SET password_hash = ? WHERE user_id = ? AND password_hash = ?",
      args.after,
      args.userId,
      args.before,
    );
  },
  "the password stays what it is",
);

/** Keeps a secret that the user's app is still to prove it has; one that waits already gives way. */
export const offerTotp = installationChange(
  "users.totp.offer",
  async (connection, args: OwnChange & { readonly secret: Uint8Array; readonly isSealed: boolean }): Promise<void> => {
    const account = await requireSamePassword(connection, args);
    if (account.totp?.isConfirmed) {
      throw new Refusal("CONFLICT", "There is a second factor already: remove it first.");
    }
    await connection.run(
      "UPDATE user_credentials SET totp_secret = ?, totp_sealed = ?, totp_step = NULL WHERE user_id = ?",
      args.secret,
      args.isSealed ? 1 : 0,
      args.userId,
    );
    await record(connection, args, "users.totp.offer");
  },
);

async function replaceRecoveryCodes(
  connection: StoreConnection,
  userId: string,
  hashes: readonly string[],
): Promise<void> {
  await connection.run("DELETE FROM recovery_codes WHERE user_id = ?", userId);
  for (const hash of hashes) {
    await connection.run(
      "INSERT INTO recovery_codes (user_id, code_hash) VALUES (?, ?)",
      userId,
      Buffer.from(hash, "hex"),
    );
  }
}

/** From now on the second factor is asked for. False where the secret is not the one that the code was checked with. */
export const confirmTotp = installationChange(
  "users.totp.confirm",
  async (
    connection,
    args: OwnChange & {
      readonly secret: Uint8Array;
      readonly step: number;
      readonly recoveryHashes: readonly string[];
    },
  ): Promise<boolean> => {
    const changed = await connection.run(
      `UPDATE user_credentials SET totp_confirmed_at = ?, totp_step = ?
       WHERE user_id = ? AND totp_secret = ? AND totp_confirmed_at IS NULL`,
      connection.now(),
      args.step,
      args.userId,
      args.secret,
    );
    if (changed === 0) return false;
    await replaceRecoveryCodes(connection, args.userId, args.recoveryHashes);
    await record(connection, args, "users.totp.confirm", { second_factor: true });
    return true;
  },
);

/** With its recovery codes, in the transaction of its caller, who tells the audit trail. */
export async function removeSecondFactor(connection: StoreConnection, userId: string): Promise<void> {
  await connection.run(
    `UPDATE user_credentials SET totp_secret = NULL, totp_sealed = 0, totp_confirmed_at = NULL, totp_step = NULL
     WHERE user_id = ?`,
    userId,
  );
  await replaceRecoveryCodes(connection, userId, []);
}

/** Whether the proof was good. */
export const removeTotp = installationChange(
  "users.totp.remove",
  async (connection, args: OwnChange & { readonly proof: SecondFactorProof }): Promise<boolean> => {
    await requireSamePassword(connection, args);
    if (!(await spendProof(connection, args.userId, args.proof))) return false;
    await removeSecondFactor(connection, args.userId);
    await record(connection, args, "users.totp.remove", { second_factor: false });
    return true;
  },
);

/** Whether the proof was good. Older codes are good for nothing any more. */
export const renewRecoveryCodes = installationChange(
  "users.recoveryCodes.renew",
  async (
    connection,
    args: OwnChange & { readonly proof: SecondFactorProof; readonly recoveryHashes: readonly string[] },
  ): Promise<boolean> => {
    await requireSamePassword(connection, args);
    if (!(await spendProof(connection, args.userId, args.proof))) return false;
    await replaceRecoveryCodes(connection, args.userId, args.recoveryHashes);
    await record(connection, args, "users.recoveryCodes.renew");
    return true;
  },
);

export const countRecoveryCodes = installationRead(
  "users.recoveryCodes.count",
  async (connection, { userId }: { readonly userId: string }): Promise<number> => {
    const row = await connection.get<{ left_over: number }>(
      "SELECT count(*) AS left_over FROM recovery_codes WHERE user_id = ? AND used_at IS NULL",
      userId,
    );
    return Number(row?.left_over ?? 0);
  },
);

export const userOperations = [
  findAccount,
  findAccountByEmail,
  listOrganizationsOf,
  createUser,
  changePassword,
  rehashPassword,
  offerTotp,
  confirmTotp,
  removeTotp,
  renewRecoveryCodes,
  countRecoveryCodes,
] as const;
