import { randomUUID } from "node:crypto";
import type { Caller, Routes } from "../http/route.ts";
import { requireUser } from "../sessions/routes.ts";
import type { Store } from "../store/operation.ts";
import { emailKey } from "./email.ts";
import { type OwnAccount, type Owner, requireGoodPassword } from "./own-account.ts";
import type { PasswordHashes } from "./password-hashes.ts";
import type { PasswordResets } from "./password-resets.ts";
import { createUser } from "./users.sql.ts";

const ownerOf = (caller: Caller, clientAddress: string | undefined): Owner => {
  const { id: userId, sessionId } = requireUser(caller);
  return { userId, sessionId, organizationId: caller.organizationId, clientAddress };
};

/** What a caller may do in the whole organization, and so may give to others. */
const unlimited = ({ permissions, scopes }: Caller): readonly string[] =>
  [...permissions].filter((permission) => !scopes?.has(permission));

export function userRoutes(parts: {
  readonly store: Store;
  readonly account: OwnAccount;
  readonly resets: PasswordResets;
  readonly hashes: PasswordHashes;
  readonly commonAmong: (words: readonly string[]) => Promise<readonly string[]>;
}): Routes {
  const { store, account, resets, hashes, commonAmong } = parts;
  return {
    "users.create": {
      body: "json",
      handle: async ({ caller, body }) => {
        const { email, role, password, name = null } = body;
        const { organizationId } = caller;
        await requireGoodPassword("password", password, email, commonAmong);
        const passwordHash = await hashes.hash(password);
        const user = { id: `usr_${randomUUID()}`, email, emailKey: emailKey(email), name, passwordHash };
        const made = await store.run(createUser, { organizationId, user, role, may: unlimited(caller) });
        const created_at = new Date(made.createdAtMs).toISOString();
        return { json: { data: { id: made.id, email, name, organization_id: organizationId, role, created_at } } };
      },
    },
    "users.resetPassword": {
      body: "json",
      handle: async ({ caller, params }) => {
        const { token, email, expiresAtMs } = await resets.make(caller, params.id);
        const expires_at = new Date(expiresAtMs).toISOString();
        return { json: { data: { user_id: params.id, email, token, expires_at } } };
      },
    },
    "auth.requestPasswordReset": {
      body: "json",
      handle: async ({ body, clientAddress }) => ({
        json: { data: { sends_mail: await resets.request(body.email, clientAddress) } },
      }),
    },
    "auth.confirmPasswordReset": {
      body: "json",
      handle: async ({ body, clientAddress }) => {
        await resets.confirm(body, clientAddress);
        return {};
      },
    },
    "auth.changePassword": {
      body: "json",
      handle: async ({ caller, body, clientAddress }) => {
        await account.changePassword(ownerOf(caller, clientAddress), body);
        return {};
      },
    },
    "auth.startTotp": {
      body: "json",
      handle: async ({ caller, body, clientAddress }) => ({
        json: { data: await account.offerTotp(ownerOf(caller, clientAddress), body.password) },
      }),
    },
    "auth.confirmTotp": {
      body: "json",
      handle: async ({ caller, body, clientAddress }) => ({
        json: { data: { recovery_codes: await account.confirmTotp(ownerOf(caller, clientAddress), body.code) } },
      }),
    },
    "auth.removeTotp": {
      body: "json",
      handle: async ({ caller, body, clientAddress }) => {
        await account.removeTotp(ownerOf(caller, clientAddress), body);
        return {};
      },
    },
    "auth.renewRecoveryCodes": {
      body: "json",
      handle: async ({ caller, body, clientAddress }) => ({
        json: { data: { recovery_codes: await account.renewRecoveryCodes(ownerOf(caller, clientAddress), body) } },
      }),
    },
  };
}
