import type { BrowserSession, SessionTokens as SessionTokensOnWire, UserSession } from "@llm-cost-ops/contract";
import { permissions } from "@llm-cost-ops/contract/permissions";
import type { Caller, Principal, Routes } from "../http/route.ts";
import { readTimeZone } from "../organizations/organizations.sql.ts";
import { Refusal } from "../refusal.ts";
import type { Store } from "../store/operation.ts";
import type { SignIn, SignInResult } from "../users/sign-in.ts";
import type { SignInAttempts } from "../users/sign-in-attempts.ts";
import { findAccount, listOrganizationsOf } from "../users/users.sql.ts";
import {
  endedCookies,
  firstCookies,
  refreshCookie,
  refreshTokenOf,
  requireOwnPage,
  withEndedCookie,
} from "./browser-session.ts";
import type { SessionTokens } from "./session-tokens.ts";
import { listSessions, revokeSession } from "./sessions.sql.ts";
import type { Session } from "./sessions.ts";

export type UserPrincipal = Extract<Principal, { readonly kind: "user" }>;

/** The user who asks. Refuses with CONFLICT a key, which has no session, no password and no second factor. */
export function requireUser({ principal }: Caller): UserPrincipal {
  if (principal.kind !== "user") {
    throw new Refusal("CONFLICT", "This is about users who have signed in, and the credential is no user's.");
  }
  return principal;
}

const instant = (ms: number): string => new Date(ms).toISOString();

const toWire = (session: Session, currentId: string | undefined): UserSession => ({
  id: session.id,
  user_id: session.userId,
  organization_id: session.organizationId,
  created_at: instant(session.createdAtMs),
  refreshed_at: instant(session.refreshedAtMs),
  expires_at: instant(session.expiresAtMs),
  client_address: session.clientAddress,
  user_agent: session.userAgent,
  current: session.id === currentId,
});

const tokensToWire = ({ tokens, session, user }: SignInResult): SessionTokensOnWire => ({
  token_type: "Bearer",
  access_token: tokens.accessToken,
  expires_in: tokens.expiresInSeconds,
  refresh_token: tokens.refreshToken,
  session: toWire(session, session.id),
  user: { id: session.userId, email: user.email, name: user.name },
});

const browserSessionToWire = (result: SignInResult): BrowserSession => {
  const { refresh_token: _kept, ...rest } = tokensToWire(result);
  return rest;
};

const limitsOf = ({ scopes }: Caller): Record<string, { projects?: string[]; user_ids?: string[] }> =>
  Object.fromEntries(
    [...(scopes ?? [])].map(([permission, { projects, userIds }]) => [
      permission,
      {
        ...(projects === undefined ? {} : { projects: [...projects] }),
        ...(userIds === undefined ? {} : { user_ids: [...userIds] }),
      },
    ]),
  );

export function sessionRoutes(parts: {
  readonly store: Store;
  readonly signIn: SignIn;
  readonly attempts: SignInAttempts;
  readonly tokens: SessionTokens;
  /** Called when a session was ended, before that is answered. */
  readonly onEnded: () => void;
}): Routes {
  const { store, signIn, attempts, tokens, onEnded } = parts;

  const end = async (
    userId: string,
    organizationId: string | null,
    sessionId: string,
    reason: "signed_out" | "revoked",
  ): Promise<boolean> => {
    const ended = await store.run(revokeSession, { userId, organizationId, sessionId, reason });
    onEnded();
    return ended;
  };
  const unknownSession = (): Refusal => new Refusal("NOT_FOUND", "There is no active session with this id.");

  const refresh = async (token: string, clientAddress: string | undefined): Promise<SignInResult> => {
    try {
      return await tokens.refresh(token);
    } catch (error) {
      // Only tokens that are none are counted: a command that refreshes often is no guesser.
      if (error instanceof Refusal && error.code === "AUTH_001") await attempts.admitRefresh(clientAddress);
      throw error;
    }
  };

  return {
    "auth.login": {
      body: "json",
      handle: async ({ body, clientAddress }) => ({
        json: { data: tokensToWire(await signIn(body, clientAddress)) },
      }),
    },
    "auth.refresh": {
      body: "json",
      handle: async ({ body, clientAddress }) => ({
        json: { data: tokensToWire(await refresh(body.refresh_token, clientAddress)) },
      }),
    },
    "auth.browserLogin": {
      body: "json",
      handle: async ({ body, clientAddress, headers }) => {
        const page = requireOwnPage(headers);
        const result = await signIn(body, clientAddress);
        return {
          json: { data: browserSessionToWire(result) },
          headers: { "set-cookie": firstCookies(page, result.tokens.refreshToken) },
        };
      },
    },
    "auth.browserRefresh": {
      body: "json",
      handle: async ({ clientAddress, headers }) => {
        const page = requireOwnPage(headers);
        const token = refreshTokenOf(page, headers);
        // Whoever opens the page for the first time has done nothing wrong, and browsers log every refusal.
        if (token === undefined) return { json: { data: null } };
        const result = await refresh(token, clientAddress).catch((error: unknown) => {
          throw error instanceof Refusal && error.code === "AUTH_001" ? withEndedCookie(page, error) : error;
        });
        return {
          json: { data: browserSessionToWire(result) },
          headers: { "set-cookie": refreshCookie(page, result.tokens.refreshToken) },
        };
      },
    },
    "auth.logout": {
      body: "json",
      handle: async ({ caller, headers }) => {
        const { id, sessionId } = requireUser(caller);
        await end(id, null, sessionId, "signed_out");
        const cookies = endedCookies(headers);
        return cookies === undefined ? {} : { headers: { "set-cookie": cookies } };
      },
    },
    "auth.whoami": {
      body: "json",
      handle: async ({ caller }) => {
        const { principal } = caller;
        const isUser = principal.kind === "user";
        const { organizationId } = caller;
        const [timezone, account, organizations] = await Promise.all([
          store.run(readTimeZone, { organizationId }),
          isUser ? store.run(findAccount, { userId: principal.id }) : undefined,
          isUser ? store.run(listOrganizationsOf, { userId: principal.id }) : [],
        ]);
        return {
          json: {
            data: {
              kind: principal.kind,
              id: principal.id,
              name: principal.name,
              organization_id: organizationId,
              timezone,
              permissions: permissions.filter((permission) => caller.permissions.has(permission)),
              limited_to: limitsOf(caller),
              session_id: isUser ? principal.sessionId : null,
              second_factor: isUser ? account?.totp?.isConfirmed === true : null,
              organizations,
            },
          },
        };
      },
    },
    "auth.sessions": {
      body: "json",
      handle: async ({ caller }) => {
        const { id, sessionId } = requireUser(caller);
        const sessions = await store.run(listSessions, { userId: id, organizationId: null });
        return { json: { data: sessions.map((session) => toWire(session, sessionId)) } };
      },
    },
    "auth.revokeSession": {
      body: "json",
      handle: async ({ caller, params }) => {
        if (!(await end(requireUser(caller).id, null, params.id, "revoked"))) throw unknownSession();
        return {};
      },
    },
    "users.sessions": {
      body: "json",
      handle: async ({ caller, params }) => {
        const { organizationId } = caller;
        const sessions = await store.run(listSessions, { userId: params.id, organizationId });
        const own = caller.principal.kind === "user" ? caller.principal.sessionId : undefined;
        return { json: { data: sessions.map((session) => toWire(session, own)) } };
      },
    },
    "users.revokeSession": {
      body: "json",
      handle: async ({ caller, params }) => {
        if (!(await end(params.id, caller.organizationId, params.session_id, "revoked"))) throw unknownSession();
        return {};
      },
    },
  };
}
