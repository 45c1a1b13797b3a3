import { createHmac, randomBytes } from "node:crypto";

const prefix = "whsec_";
const madeSecretBytes = 32;

/** A new secret as Standard Webhooks writes one: `whsec_` and 32 bytes of chance in base64. */
export const makeSecret = (): string => `${prefix}${randomBytes(madeSecretBytes).toString("base64")}`;

/**
 * What is wrong with a secret that somebody brings, as the end of a sentence; undefined where nothing is. Base64 that is not
 * written as it would be written again is refused: decoders differ in what they make of it.
 */
export function secretProblem(secret: string): string | undefined {
  if (!secret.startsWith(prefix)) return undefined;
  const text = secret.slice(prefix.length);
  const key = Buffer.from(text, "base64");
  if (key.toString("base64") !== text) return "must have canonical base64 after whsec_";
  return key.byteLength < 24 || key.byteLength > 64 ? "must have 24 to 64 bytes after whsec_" : undefined;
}

/** What `webhook-signature` is keyed with: the bytes behind `whsec_`, or of another text its UTF-8. */
const keyOf = (secret: string): Uint8Array =>
  secret.startsWith(prefix) ? Buffer.from(secret.slice(prefix.length), "base64") : Buffer.from(secret, "utf8");

/** One message as it goes to a receiver. */
export interface SignedMessage {
  /** The same in every attempt, so that a receiver knows a repetition. */
  readonly id: string;
  /** The instant of the attempt, UTC milliseconds; receivers refuse old ones. */
  readonly atMs: number;
  /** Exactly the text that is sent. */
  readonly body: string;
}

/**
 * The headers by which a receiver tells who sent a message.
 *
 * `webhook-id`, `webhook-timestamp` and `webhook-signature` are those of Standard Webhooks 1.0.0: `v1,` and the base64 of
 * HMAC-SHA256 over `id.timestamp.body`, one for each secret, between spaces. `X-Webhook-Signature` is the hexadecimal
 * HMAC-SHA256 of the body alone, keyed with the text of the secret; its receivers compare the whole header, so it has room for
 * one: while a secret is being replaced, the old one, by which they check until they are told the new one.
 *
 * @param secrets The present one, then those that go on signing beside it.
 */
export function signatureHeaders(
  { id, atMs, body }: SignedMessage,
  secrets: readonly [string, ...string[]],
): Readonly<Record<string, string>> {
  const timestamp = Math.floor(atMs / 1_000);
  const signed = `${id}.${timestamp}.${body}`;
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": secrets
      .map((secret) => `v1,${createHmac("sha256", keyOf(secret)).update(signed).digest("base64")}`)
      .join(" "),
    "X-Webhook-Signature": createHmac("sha256", secrets.at(-1) ?? secrets[0])
      .update(body)
      .digest("hex"),
  };
}
