import { hash, randomBytes } from "node:crypto";
import { Secret, TOTP } from "otpauth";

/** What authenticator apps take for granted where nothing else is said (RFC 6238). */
const settings = { algorithm: "SHA1", digits: 6, period: 30 } as const;
/** A step before and one after: clocks differ, and a code takes its time to be typed. */
const window = 1;
const secretBytes = 20;
const recoveryCodesCount = 10;
const issuer = "LLM Cost Ops";

const totp = (secret: Uint8Array, label: string): TOTP =>
  new TOTP({ ...settings, issuer, label, secret: new Secret({ buffer: Uint8Array.from(secret).buffer }) });

export const makeTotpSecret = (): Uint8Array => randomBytes(secretBytes);

/** What an authenticator app is told, as a text to type and as the address in a QR code. */
export const provisioning = (secret: Uint8Array, email: string): { readonly secret: string; readonly uri: string } => {
  const made = totp(secret, email);
  return { secret: made.secret.base32, uri: made.toString() };
};

/** The number of the 30 seconds that a code is of, near an instant; undefined where it is of none. */
export function matchedStep(secret: Uint8Array, code: string, nowMs: number): number | undefined {
  const delta = totp(secret, "").validate({ token: code, timestamp: nowMs, window });
  return delta === null ? undefined : Math.floor(nowMs / (settings.period * 1_000)) + delta;
}

/** A code of an app has digits alone; a recovery code is longer. */
export const isTotpCode = (code: string): boolean => /^\d{6}$/.test(code);

/** Crockford's letters and digits: none looks like another. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** Ten codes of 80 bits of chance, each good once in place of an app's code. */
export const makeRecoveryCodes = (): readonly string[] =>
  Array.from({ length: recoveryCodesCount }, () => {
    const letters = [...randomBytes(16)].map((byte) => alphabet[byte % 32]).join("");
    return letters.replace(/(.{4})(?=.)/g, "$1-");
  });

/** The SHA-256 of a recovery code, however it was typed. With 80 bits of chance a slow hash would protect nothing more. */
export const hashRecoveryCode = (code: string): string =>
  hash(
    "sha256",
    code
      .toLowerCase()
      .replace(/[^0-9a-z]/g, "")
      .replace(/o/g, "0")
      .replace(/[il]/g, "1"),
    "hex",
  );
