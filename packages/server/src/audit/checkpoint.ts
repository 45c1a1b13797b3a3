import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { hex } from "./entry.ts";

/** What an organization's trail was at one moment: whoever keeps it elsewhere can tell later whether it was rewritten. */
export interface Checkpoint {
  readonly organizationId: string;
  /** 0 where there was no entry yet. */
  readonly seq: number;
  readonly hash: Uint8Array;
  /** UTC milliseconds. */
  readonly atMs: number;
  /** Ed25519, as SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

const signedText = ({ organizationId, seq, hash, atMs }: Omit<Checkpoint, "publicKey" | "signature">): Buffer =>
  Buffer.from(
    JSON.stringify(["llm-cost-ops audit checkpoint 1", organizationId, seq, hex(hash), new Date(atMs).toISOString()]),
  );

/** Signs with an Ed25519 private key. */
export function signCheckpoint(checkpoint: Omit<Checkpoint, "signature">, privateKey: KeyObject): Checkpoint {
  return { ...checkpoint, signature: sign(null, signedText(checkpoint), privateKey) };
}

/** Whether the key that a checkpoint names has signed all of it. */
export function isSigned(checkpoint: Checkpoint): boolean {
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey({ key: Buffer.from(checkpoint.publicKey), format: "der", type: "spki" });
  } catch {
    // Bytes that are no key signed nothing.
    return false;
  }
  if (publicKey.asymmetricKeyType !== "ed25519") return false;
  return verify(null, signedText(checkpoint), publicKey, Buffer.from(checkpoint.signature));
}
