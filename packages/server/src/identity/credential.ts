import { hash, randomBytes } from "node:crypto";

/** How keys begin: letters, digits and underscores, with an underscore last. */
export const keyPrefixPattern = /^[A-Za-z][A-Za-z0-9_]{0,22}_$/;

/** How test keys begin. A key tells by itself what it is for, to people and to scanners for leaked keys. */
export const testKeyPrefix = "sk_test_";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const secretLength = 43;
/** How much of a key is kept to recognise it by, beyond its prefix. */
const shownLength = 4;

/** A fresh key: the prefix and 43 letters and digits, which a double click selects whole (256 bits of chance). */
export function makeKey(prefix: string): string {
  let secret = "";
  while (secret.length < secretLength) {
    for (const byte of randomBytes(64)) {
      // 248 is the largest multiple of 62 below 256: taking the rest away keeps every character equally likely.
      if (byte < 248 && secret.length < secretLength) secret += alphabet[byte % 62];
    }
  }
  return prefix + secret;
}

/** The SHA-256 of a key, in hexadecimal. Keys carry 256 random bits, so a slow hash would protect nothing more. */
export const hashKey = (key: string): string => hash("sha256", key, "hex");

/** The part of a key that may be shown: its prefix and four characters, or eight of a key with another prefix. */
export function shownPart(key: string, prefix: string): string {
  return key.slice(0, key.startsWith(prefix) ? prefix.length + shownLength : 2 * shownLength);
}

/** A whole key: a prefix, and at least 43 base64url characters after it, which carry 256 bits. */
export const keyPattern = /^[A-Za-z][A-Za-z0-9_]{0,22}_[A-Za-z0-9_-]{43,128}$/;

/** The three parts of a signed token: header, claims and a signature of 256 bits. */
export const tokenPattern = /^[A-Za-z0-9_-]{1,512}\.[A-Za-z0-9_-]{1,2048}\.[A-Za-z0-9_-]{43}$/;

const bearer = /^Bearer +([A-Za-z0-9_.-]{1,2700})$/i;
const keyLengthMax = 160;

/** What a client shows to be let in. */
export interface Credential {
  readonly kind: "key" | "token";
  readonly text: string;
}

/** The key or the token of an `Authorization` header, or undefined where it holds no well-formed one. */
export function bearerCredential(header: string | undefined): Credential | undefined {
  if (header === undefined || header.length > 2_800) return undefined;
  const text = bearer.exec(header)?.[1];
  if (text === undefined) return undefined;
  if (text.includes(".")) return tokenPattern.test(text) ? { kind: "token", text } : undefined;
  return text.length > keyLengthMax ? undefined : { kind: "key", text };
}
