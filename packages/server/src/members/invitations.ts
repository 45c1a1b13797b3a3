import { hash, randomBytes, randomUUID } from "node:crypto";
import type { InvitationAcceptance } from "@llm-cost-ops/contract";
import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { Store } from "../store/operation.ts";
import { requireGoodPassword } from "../users/own-account.ts";
import type { PasswordHashes } from "../users/password-hashes.ts";
import { recordFailedSignIn } from "../users/sign-in.sql.ts";
import type { SignInAttempts } from "../users/sign-in-attempts.ts";
import { type Account, findAccountByEmail } from "../users/users.sql.ts";
import {
  type Acceptor,
  acceptInvitation,
  createInvitation,
  invitedEmail,
  listInvitations,
  revokeInvitation,
} from "./invitations.sql.ts";
import type { Invitations } from "./members.ts";

const tokenPrefix = "invitation_";

/** 256 bits of chance, so that a plain hash protects them. */
const makeToken = (): string => `${tokenPrefix}${randomBytes(32).toString("base64url")}`;
const hashToken = (token: string): string => hash("sha256", token, "hex");

const needsPassword = (text: string): Refusal =>
  new Refusal("VALIDATION_ERROR", `password ${text}.`, { fieldErrors: { password: text } });

export interface InvitationParts {
  readonly store: Store;
  readonly hashes: PasswordHashes;
  readonly attempts: SignInAttempts;
  /** Which of some passwords are among the most common ones. */
  readonly commonAmong: (words: readonly string[]) => Promise<readonly string[]>;
}

/** Invitations in a store. The token is known to whoever invites alone: of it only a hash is kept. */
export function createInvitations({ store, hashes, attempts, commonAmong }: InvitationParts): Invitations {
  /** Whoever has the token knows that the address was invited, so it may be told whether it belongs to a user. */
  const acceptorOf = async (
    email: string,
    account: Account | undefined,
    { password, name }: InvitationAcceptance,
    caller: Caller | undefined,
  ): Promise<Acceptor> => {
    if (account === undefined) {
      if (password === undefined) throw needsPassword("is needed, to sign in with from now on");
      await requireGoodPassword("password", password, email, commonAmong);
      const passwordHash = await hashes.hash(password);
      const user = { id: `usr_${randomUUID()}`, email, emailKey: email, name: name ?? null, passwordHash };
      return { newUser: user };
    }
    if (account.isDisabled) throw new Refusal("CONFLICT", "The invited user may not sign in.");
    if (caller?.principal.kind === "user" && caller.principal.id === account.id) return { userId: account.id };
    if (password === undefined) {
      throw needsPassword("or an access token is needed, for there is a user of this address");
    }
    // Whoever invites has the token, and could guess with as many as they like: guesses count as those at the door do.
    await attempts.admitAccount(email);
    const { matches } = await hashes.check(password, account.passwordHash);
    if (!matches) await store.run(recordFailedSignIn, { userId: account.id, reason: "wrong_password" });
    if (!matches) throw needsPassword("is not the one that the user of this address signs in with");
    return { userId: account.id };
  };

  return {
    async create(organizationId, { permissions, scopes, principal }, input) {
      const token = makeToken();
      const made = await store.run(createInvitation, {
        organizationId,
        by: scopes === undefined ? { permissions } : { permissions, scopes },
        createdBy: `${principal.kind}:${principal.id}`,
        id: `inv_${randomUUID()}`,
        tokenHash: hashToken(token),
        input,
      });
      return { ...made, token };
    },
    list: (organizationId) => store.run(listInvitations, { organizationId }),
    revoke: (organizationId, id) => store.run(revokeInvitation, { organizationId, id }),
    async accept(input, caller, clientAddress) {
      const tokenHash = hashToken(input.token);
      await attempts.admit(clientAddress, tokenHash);
      const email = await store.run(invitedEmail, { tokenHash });
      const account = await store.run(findAccountByEmail, { emailKey: email });
      const acceptor = await acceptorOf(email, account, input, caller);
      return store.run(acceptInvitation, { tokenHash, acceptor });
    },
  };
}
