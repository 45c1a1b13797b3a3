import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** What something is sealed with. Each purpose has a key of its own, so what was sealed for one opens for no other. */
export interface SealingKey {
  readonly secret: string;
  /** A label, such as `audit signing key`; at most 1,024 bytes. */
  readonly purpose: string;
}

const derived = ({ secret, purpose }: SealingKey): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, "llm-cost-ops", purpose, keyBytes));

/** Encrypts bytes so that they can be read, and changed unnoticed, only with the key (AES-256-GCM, a nonce of chance). */
export function seal(bytes: Uint8Array, key: SealingKey): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", derived(key), nonce, { authTagLength: tagBytes });
  const text = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** What was sealed; undefined where another key sealed it, or it is not whole any more. */
export function unseal(sealed: Uint8Array, key: SealingKey): Uint8Array | undefined {
  if (sealed.byteLength < nonceBytes + tagBytes) return undefined;
  const nonce = sealed.subarray(0, nonceBytes);
  const decipher = createDecipheriv("aes-256-gcm", derived(key), nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
  const text = decipher.update(sealed.subarray(nonceBytes + tagBytes));
  try {
    return Buffer.concat([text, decipher.final()]);
  } catch {
    // The tag does not fit: that is the answer.
    return undefined;
  }
}
