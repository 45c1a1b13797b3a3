import { recordChange } from "../audit/audit-entries.sql.ts";
import { grantsOf } from "../members/grants.sql.ts";
import type { Grants } from "../members/grants.ts";
import { insertSession } from "../sessions/sessions.sql.ts";
import type { Session } from "../sessions/sessions.ts";
import type { StoreConnection } from "../store/connection.ts";
import { installationChange } from "../store/operation.ts";
import { emailKey } from "./email.ts";
import { homeOf, organizationsOf, readAccount, type SecondFactorProof, spendProof } from "./users.sql.ts";

export interface Beginning {
  readonly userId: string;
  /** The hash that the password was checked against. */
  readonly passwordHash: string;
  readonly proof: SecondFactorProof | null;
  /** Null: the organization that the user has belonged to longest. */
  readonly organizationId: string | null;
  readonly sessionId: string;
  readonly tokenHash: string;
}

export type Begun =
  | { readonly kind: "begun"; readonly session: Session; readonly grants: Grants }
  /** The password was changed or the user disabled since it was checked, or the code was used before. */
  | { readonly kind: "refused"; readonly reason: "changed" | "code_used" }
  | { readonly kind: "no_organization" };

/** Begins a session for a user whose password was checked a moment ago. */
export const beginSession = installationChange("signIn.begin", async (connection, args: Beginning): Promise<Begun> => {
  const account = await readAccount(connection, args.userId);
  const isSame = account !== undefined && !account.isDisabled && account.passwordHash === args.passwordHash;
  if (!isSame || (account.totp?.isConfirmed === true && args.proof === null)) {
    return { kind: "refused", reason: "changed" };
  }
  const by = { kind: "user", id: account.id, name: account.email } as const;
  const resource = { type: "user", id: account.id } as const;
  if (args.proof !== null && !(await spendProof(connection, account.id, args.proof))) {
    const organizationId = await homeOf(connection, account.id);
    await recordChange(connection, { organizationId, action: "auth.login", resource, by, outcome: "refused" });
    return { kind: "refused", reason: "code_used" };
  }
  const entered = await enter(connection, account.id, account.email, args.organizationId);
  if (entered === undefined) {
    const organizationId = await homeOf(connection, account.id);
    await recordChange(connection, { organizationId, action: "auth.login", resource, by, outcome: "refused" });
    return { kind: "no_organization" };
  }
  const session = await insertSession(connection, {
    id: args.sessionId,
    userId: account.id,
    organizationId: entered.organizationId,
    tokenHash: args.tokenHash,
    clientAddress: connection.actor?.clientAddress ?? null,
    userAgent: connection.actor?.userAgent ?? null,
  });
  await recordChange(connection, {
    organizationId: entered.organizationId,
    action: "auth.login",
    resource: { type: "session", id: session.id },
    by,
    after: { second_factor: args.proof?.kind ?? null },
  });
  return { kind: "begun", session, grants: entered.grants };
});

/** The organization that a user enters, and what they may do there. */
async function enter(
  connection: StoreConnection,
  userId: string,
  email: string,
  named: string | null,
): Promise<{ readonly organizationId: string; readonly grants: Grants } | undefined> {
  const candidates = named === null ? (await organizationsOf(connection, userId)).map(({ id }) => id) : [named];
  for (const organizationId of candidates) {
    const grants = await grantsOf(connection, organizationId, { id: userId, email: emailKey(email) });
    if (grants !== undefined) return { organizationId, grants };
  }
  return undefined;
}

/** Tells the audit trail of somebody who knew an e-mail address, but not what belongs to it. */
export const recordFailedSignIn = installationChange(
  "signIn.fail",
  async (connection, { userId, reason }: { readonly userId: string; readonly reason: string }): Promise<void> => {
    await recordChange(connection, {
      organizationId: await homeOf(connection, userId),
      action: "auth.login",
      resource: { type: "user", id: userId },
      after: { reason },
      outcome: "refused",
    });
  },
);

export const signInOperations = [beginSession, recordFailedSignIn] as const;
