import { seal, unseal } from "../seal.ts";
import type { Secret } from "../secret.ts";

const purpose = "webhook secret";

/** A secret as it is stored: sealed where the installation has a secret key. */
export interface KeptSecret {
  readonly bytes: Uint8Array;
  readonly isSealed: boolean;
}

export function keepSecret(text: string, secretKey: Secret | undefined): KeptSecret {
  const bytes = new TextEncoder().encode(text);
  if (secretKey === undefined) return { bytes, isSealed: false };
  return { bytes: seal(bytes, { secret: secretKey.reveal(), purpose }), isSealed: true };
}

/** Undefined where it was sealed with another secret key. */
export function openSecret({ bytes, isSealed }: KeptSecret, secretKey: Secret | undefined): string | undefined {
  const open = isSealed ? secretKey && unseal(bytes, { secret: secretKey.reveal(), purpose }) : bytes;
  return open && new TextDecoder().decode(open);
}
