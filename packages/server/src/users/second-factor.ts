import { seal, unseal } from "../seal.ts";
import type { Secret } from "../secret.ts";
import type { Account, SecondFactorProof } from "./users.sql.ts";

const purpose = "totp secret";

/** A secret as it is stored: sealed where the installation has a secret key. */
export function keptSecret(
  secret: Uint8Array,
  secretKey: Secret | undefined,
): { readonly secret: Uint8Array; readonly isSealed: boolean } {
  if (secretKey === undefined) return { secret, isSealed: false };
  return { secret: seal(secret, { secret: secretKey.reveal(), purpose }), isSealed: true };
}

export function openedSecret(
  totp: NonNullable<Account["totp"]>,
  secretKey: Secret | undefined,
): Uint8Array | undefined {
  if (!totp.isSealed) return totp.secret;
  return secretKey && unseal(totp.secret, { secret: secretKey.reveal(), purpose });
}

/**
 * What a code proves for an account: a step of the app's clock, which may have been used before, or what a recovery code
 * would be stored as, which may be none. Undefined where it is certainly no proof, as is every code of an app once the
 * secret key was lost that its secret was sealed with; recovery codes go on working then.
 */
export async function proofOf(
  account: Account,
  code: string,
  secretKey: Secret | undefined,
  nowMs: number,
): Promise<SecondFactorProof | undefined> {
  const { hashRecoveryCode, isTotpCode, matchedStep } = await import("./one-time-codes.ts");
  const typed = code.replace(/\s/g, "");
  if (!isTotpCode(typed)) return { kind: "recovery", hash: hashRecoveryCode(typed) };
  const secret = account.totp && openedSecret(account.totp, secretKey);
  const step = secret && matchedStep(secret, typed, nowMs);
  return step === undefined ? undefined : { kind: "step", step };
}
