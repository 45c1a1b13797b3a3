import { jwtVerify, SignJWT } from "jose";
import type { TokenKeys } from "./token-keys.ts";

export const accessTokenSeconds = 900;

const algorithm = "HS256";
const tokenType = "at+jwt";
const issuer = "llm-cost-ops";
const audience = "llm-cost-ops-api";
/** Servers of one installation may differ by so much. */
const clockToleranceSeconds = 5;
/** A token of ours has these and no others: nothing in a header is ever a wish of the sender. */
const headerNames = "alg,kid,typ";

/** Whose token it is. What its bearer may do is not in it: that is asked of the store. */
export interface TokenSubject {
  readonly userId: string;
  readonly sessionId: string;
  readonly organizationId: string;
}

export interface CheckedToken extends TokenSubject {
  readonly expiresAtMs: number;
}

/** Signs an access token of 15 minutes (RFC 9068, but symmetric: whoever issues the tokens is who takes them). */
export function signAccessToken(keys: TokenKeys, subject: TokenSubject, nowMs: number): Promise<string> {
  const nowSeconds = Math.floor(nowMs / 1_000);
  return new SignJWT({ sid: subject.sessionId, org: subject.organizationId })
    .setProtectedHeader({ alg: algorithm, kid: keys.keyId, typ: tokenType })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject.userId)
    .setIssuedAt(nowSeconds)
    .setNotBefore(nowSeconds)
    .setExpirationTime(nowSeconds + accessTokenSeconds)
    .sign(keys.signing);
}

/** Decoders forgive spare bits and padding; a token has one spelling. */
const isCanonical = (part: string): boolean => Buffer.from(part, "base64url").toString("base64url") === part;

/** Whose token this is; undefined where it is not one of ours, or not valid at this time. It never throws. */
export async function checkAccessToken(
  keys: TokenKeys,
  token: string,
  nowMs: number,
): Promise<CheckedToken | undefined> {
  if (!token.split(".").every(isCanonical)) return undefined;
  let verified: Awaited<ReturnType<typeof jwtVerify>>;
  try {
    verified = await jwtVerify(token, keys.signing, {
      algorithms: [algorithm],
      issuer,
      typ: tokenType,
      requiredClaims: ["sub", "sid", "org", "iat", "nbf", "exp"],
      maxTokenAge: accessTokenSeconds,
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(nowMs),
    });
  } catch {
    // Whatever is wrong with it, the answer is the same.
    return undefined;
  }
  const { payload, protectedHeader } = verified;
  if (Object.keys(protectedHeader).sort().join() !== headerNames || protectedHeader.kid !== keys.keyId)
    return undefined;
  // One audience, not a list in which ours is one of many; and no other life than ours have.
  const { aud, iat, exp } = payload;
  if (aud !== audience || iat === undefined || exp !== iat + accessTokenSeconds) return undefined;
  const { sub: userId, sid: sessionId, org: organizationId } = payload;
  if (typeof userId !== "string" || typeof sessionId !== "string" || typeof organizationId !== "string")
    return undefined;
  return { userId, sessionId, organizationId, expiresAtMs: exp * 1_000 };
}
