import { CostOpsClient, type CostOpsRequest, type Middleware } from "@llm-cost-ops/sdk";
import type { StoredSession, StoredSessions } from "./stored-sessions.ts";

/** A token that ends so soon is replaced before it is sent. */
const earlyMs = 60_000;

export interface SessionTokensGiven {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

/** Tokens with the instant of their end by this machine's clock, which need not agree with the server's. */
export const timed = ({ accessToken, refreshToken, expiresIn }: SessionTokensGiven) => ({
  accessToken,
  refreshToken,
  expiresAtMs: Date.now() + expiresIn * 1_000,
});

/**
 * Sends the session's access token with every request, and replaces it in time: one command at a time, so that no refresh
 * token is used twice. A session that has ended is forgotten; the server's refusal says the rest.
 */
export function withSession(stored: StoredSessions, address: string, signal: AbortSignal): Middleware {
  const refresh = async (session: StoredSession): Promise<StoredSession | undefined> => {
    try {
      const client = new CostOpsClient({ baseURL: address, signal });
      return { ...session, ...timed(await client.auth.refresh(session.refreshToken)) };
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 401) return undefined;
      throw error;
    }
  };

  /** The present token; another one than `refused` where that is given. */
  const tokenOf = async (refused?: string): Promise<string | undefined> => {
    const isGood = (session: StoredSession | undefined): boolean =>
      session === undefined || (session.accessToken !== refused && session.expiresAtMs - Date.now() > earlyMs);
    const present = stored.get(address);
    if (present === undefined || isGood(present)) return present?.accessToken;
    const changed = await stored.change(address, async (session) =>
      // Another command may have refreshed it while this one waited for the lock.
      session === undefined || isGood(session) ? session : refresh(session),
    );
    return changed?.accessToken;
  };

  const authorized = (request: CostOpsRequest, token: string | undefined): CostOpsRequest =>
    token === undefined ? request : { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } };

  return async (request, next) => {
    const token = await tokenOf();
    const response = await next(authorized(request, token));
    // What was streamed cannot be sent again; it is refused before anything of it is read.
    if (response.status !== 401 || token === undefined || request.body instanceof ReadableStream) return response;
    const another = await tokenOf(token);
    if (another === undefined || another === token) return response;
    return next(authorized(request, another));
  };
}
