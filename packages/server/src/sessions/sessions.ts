import type { Grants } from "../members/grants.ts";

/** A refresh token is good for so long, unless it is used, and a session for so long however it is used. */
export const idleMsMax = 30 * 86_400_000;
export const sessionMsMax = 90 * 86_400_000;

/**
 * How long a replaced refresh token is still answered, with the same successor, while that was not used itself: an answer
 * may be lost on its way, and two commands may ask at the same moment. A thief in that time gains what the owner has, and
 * is found out when either of them uses the next one twice.
 */
export const lostAnswerMs = 30_000;

export const activeSessionsMax = 100;
export const keptMs = 30 * 86_400_000;

/** Why a session ended before its time. */
export type SessionEnd = "signed_out" | "revoked" | "password_changed" | "factor_changed" | "token_reused" | "too_many";

export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly organizationId: string;
  readonly createdAtMs: number;
  readonly refreshedAtMs: number;
  readonly expiresAtMs: number;
  readonly clientAddress: string | null;
  readonly userAgent: string | null;
}

/** Who stands behind a session at this moment, and what the store says that they may do. */
export interface SignedIn {
  readonly email: string;
  readonly name: string | null;
  readonly grants: Grants;
}

/** Where a session is begun from. */
export interface Client {
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
}
