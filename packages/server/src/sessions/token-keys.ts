import { hkdfSync } from "node:crypto";

/** Keys for the tokens of one installation, all derived from one secret. */
export interface TokenKeys {
  /** Names the signing key in a token's header. It is compared and never looked up anywhere. */
  readonly keyId: string;
  readonly signing: Uint8Array;
  /** From a refresh token to the one that takes its place. */
  readonly succession: Uint8Array;
}

const derived = (secret: string, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, "llm-cost-ops", purpose, bytes));

/** A key for each purpose, of which none tells anything about another or about the secret (RFC 5869). */
export const deriveTokenKeys = (secret: string): TokenKeys => ({
  keyId: derived(secret, "access token key id", 12).toString("base64url"),
  signing: derived(secret, "access token", 32),
  succession: derived(secret, "refresh token succession", 32),
});
