import { randomUUID } from "node:crypto";
import { Refusal } from "../refusal.ts";
import type { Secret } from "../secret.ts";
import { hashRefreshToken, makeRefreshToken } from "../sessions/refresh-token.ts";
import type { SessionTokens, Tokens } from "../sessions/session-tokens.ts";
import type { Session, SignedIn } from "../sessions/sessions.ts";
import type { Store } from "../store/operation.ts";
import { emailKey } from "./email.ts";
import type { PasswordHashes } from "./password-hashes.ts";
import { proofOf } from "./second-factor.ts";
import { beginSession, recordFailedSignIn } from "./sign-in.sql.ts";
import type { SignInAttempts } from "./sign-in-attempts.ts";
import { type Account, findAccountByEmail, rehashPassword } from "./users.sql.ts";

/** How an attempt to sign in ended, for the log. */
export interface SignInAttempt {
  readonly outcome:
    | "signed_in"
    | "code_needed"
    | "wrong_password"
    | "wrong_code"
    | "disabled"
    | "no_organization"
    | "no_account";
  /** Absent where there is no such account: what was typed is not written down, for it may be a password. */
  readonly userId?: string;
  readonly clientAddress: string | undefined;
}

export interface SignInInput {
  readonly email: string;
  readonly password: string;
  readonly code?: string | undefined;
  readonly organization_id?: string | undefined;
}

export interface SignInResult {
  readonly tokens: Tokens;
  readonly session: Session;
  readonly user: SignedIn;
}

export type SignIn = (input: SignInInput, clientAddress: string | undefined) => Promise<SignInResult>;

const wrong = (): Refusal => new Refusal("AUTH_001", "The e-mail address, the password or the code is not right.");

/**
 * Signs a user in with a password and, where there is a second factor, a code. Refuses with AUTH_001 whatever is wrong,
 * after the same work, so that nobody learns which accounts there are; with AUTH_003 where the password is right and a
 * code is missing; with RATE_LIMITED where there were too many attempts.
 */
export function createSignIn(parts: {
  readonly store: Store;
  readonly hashes: PasswordHashes;
  readonly attempts: SignInAttempts;
  readonly tokens: SessionTokens;
  readonly secretKey: Secret | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly onAttempt: (attempt: SignInAttempt) => void;
}): SignIn {
  const { store, hashes, attempts, tokens, secretKey, clock, onAttempt } = parts;

  return async (input, clientAddress) => {
    const key = emailKey(input.email);
    await attempts.admit(clientAddress, key);
    const account = await store.run(findAccountByEmail, { emailKey: key });
    const password = await hashes.check(input.password, account?.passwordHash);

    const fail = async (outcome: SignInAttempt["outcome"]): Promise<Refusal> => {
      onAttempt({ outcome, clientAddress, ...(account === undefined ? {} : { userId: account.id }) });
      if (account !== undefined) await store.run(recordFailedSignIn, { userId: account.id, reason: outcome });
      return wrong();
    };
    if (account === undefined) throw await fail("no_account");
    if (!password.matches) throw await fail("wrong_password");
    if (account.isDisabled) throw await fail("disabled");
    const needsCode = account.totp?.isConfirmed === true;
    if (needsCode && input.code === undefined) {
      onAttempt({ outcome: "code_needed", userId: account.id, clientAddress });
      throw new Refusal("AUTH_003", "A code of the second factor is needed: send it as code.");
    }
    const proof = needsCode ? await proofOf(account, input.code ?? "", secretKey, clock()) : null;
    if (proof === undefined) throw await fail("wrong_code");

    const refreshToken = makeRefreshToken();
    const begun = await store.run(beginSession, {
      userId: account.id,
      passwordHash: account.passwordHash,
      proof,
      organizationId: input.organization_id ?? null,
      sessionId: `ses_${randomUUID()}`,
      tokenHash: hashRefreshToken(refreshToken),
    });
    const tell = (outcome: SignInAttempt["outcome"]): void => onAttempt({ outcome, userId: account.id, clientAddress });
    switch (begun.kind) {
      case "refused":
        tell(begun.reason === "code_used" ? "wrong_code" : "wrong_password");
        throw wrong();
      case "no_organization":
        tell("no_organization");
        throw new Refusal(
          "AUTH_002",
          input.organization_id === undefined
            ? "The user belongs to no organization."
            : "The user does not belong to this organization.",
        );
      case "begun": {
        tell("signed_in");
        if (password.isOutdated) await strengthen(account, input.password);
        const { session, grants } = begun;
        const { email, name } = account;
        return { tokens: await tokens.issue(session, refreshToken), session, user: { email, name, grants } };
      }
      default:
        throw begun satisfies never;
    }
  };

  async function strengthen(account: Account, password: string): Promise<void> {
    const after = await hashes.hash(password);
    await store.run(rehashPassword, { userId: account.id, before: account.passwordHash, after });
  }
}
