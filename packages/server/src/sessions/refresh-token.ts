import { createHmac, hash, randomBytes } from "node:crypto";

const prefix = "rt_";

/** The first refresh token of a session: 256 bits of chance. */
export const makeRefreshToken = (): string => prefix + randomBytes(32).toString("base64url");

/**
 * The token that takes a token's place. It follows from the one before, so that whoever did not hear the answer can be
 * given the same one again, though only hashes are stored; without the key nobody can work it out.
 */
export const successorOf = (token: string, key: Uint8Array): string =>
  prefix + createHmac("sha256", key).update(token).digest("base64url");

/** The SHA-256 of a refresh token, in hexadecimal: all that is stored of it. */
export const hashRefreshToken = (token: string): string => hash("sha256", token, "hex");
