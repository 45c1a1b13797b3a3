import { randomBytes } from "node:crypto";
import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { Secret } from "../secret.ts";
import type { Store } from "../store/operation.ts";
import { hashRefreshToken, successorOf } from "./refresh-token.ts";
import { findSession, keepSigningSecret, refreshSession, revokeSession } from "./sessions.sql.ts";
import type { Session, SignedIn } from "./sessions.ts";
import { deriveTokenKeys, type TokenKeys } from "./token-keys.ts";

/** What a session's owner is given. Neither token is kept here. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresInSeconds: number;
}

/** Who an access token stands for, and until when. */
export interface TokenCaller {
  readonly caller: Caller;
  readonly expiresAtMs: number;
}

export interface SessionTokens {
  issue(session: Session, refreshToken: string): Promise<Tokens>;
  /** Replaces a refresh token. Refuses with AUTH_001; one that was replaced before ends its session. */
  refresh(token: string): Promise<{ readonly tokens: Tokens; readonly session: Session; readonly user: SignedIn }>;
  /** Undefined where the token is not ours, has expired, or its session is over. */
  callerOf(accessToken: string): Promise<TokenCaller | undefined>;
}

export function createSessionTokens(parts: {
  readonly store: Store;
  readonly secretKey: Secret | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told when a refresh token that was replaced came back, which ended the session. */
  readonly onReuse?: (session: Session) => void;
  /** Called when a session ended, before that is answered. */
  readonly onEnded: () => void;
}): SessionTokens {
  const { store, clock } = parts;
  let known: Promise<TokenKeys> | undefined;

  const makeKeys = async (): Promise<TokenKeys> => {
    if (parts.secretKey !== undefined) return deriveTokenKeys(parts.secretKey.reveal());
    const secret = await store.run(keepSigningSecret, { offered: randomBytes(32) });
    return deriveTokenKeys(Buffer.from(secret).toString("base64url"));
  };

  const keys = (): Promise<TokenKeys> => {
    known ??= makeKeys().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };

  const issue = async (session: Session, refreshToken: string): Promise<Tokens> => {
    const { accessTokenSeconds, signAccessToken } = await import("./access-token.ts");
    const { userId, organizationId, id: sessionId } = session;
    const accessToken = await signAccessToken(await keys(), { userId, organizationId, sessionId }, clock());
    return { accessToken, refreshToken, expiresInSeconds: accessTokenSeconds };
  };

  return {
    issue,
    async refresh(token) {
      const successor = successorOf(token, (await keys()).succession);
      const refreshed = await store.run(refreshSession, {
        tokenHash: hashRefreshToken(token),
        successorHash: hashRefreshToken(successor),
      });
      switch (refreshed.kind) {
        case "refreshed": {
          const { session, user } = refreshed;
          return { tokens: await issue(session, successor), session, user };
        }
        case "reused": {
          const { userId, id: sessionId } = refreshed.session;
          await store.run(revokeSession, { userId, organizationId: null, sessionId, reason: "token_reused" });
          parts.onEnded();
          parts.onReuse?.(refreshed.session);
          throw notValid();
        }
        case "unknown":
          throw notValid();
        default:
          throw refreshed satisfies never;
      }
    },
    async callerOf(accessToken) {
      const { checkAccessToken } = await import("./access-token.ts");
      const checked = await checkAccessToken(await keys(), accessToken, clock());
      if (checked === undefined) return undefined;
      const { sessionId, userId, organizationId } = checked;
      const found = await store.run(findSession, { sessionId });
      if (found?.userId !== userId || found.organizationId !== organizationId) return undefined;
      return {
        caller: {
          organizationId,
          principal: { kind: "user", id: userId, name: found.email, sessionId },
          permissions: found.grants.permissions,
          ...(found.grants.scopes.size === 0 ? {} : { scopes: found.grants.scopes }),
        },
        expiresAtMs: Math.min(checked.expiresAtMs, found.expiresAtMs),
      };
    },
  };
}

const notValid = (): Refusal =>
  new Refusal("AUTH_001", "The refresh token is unknown, expired or was used before: sign in again.");
