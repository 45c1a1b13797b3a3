import { Refusal } from "../refusal.ts";
import type { Secret } from "../secret.ts";
import type { Store } from "../store/operation.ts";
import { emailKey } from "./email.ts";
import type { PasswordHashes } from "./password-hashes.ts";
import { passwordProblem } from "./password-rules.ts";
import { keptSecret, openedSecret, proofOf } from "./second-factor.ts";
import type { SignInAttempts } from "./sign-in-attempts.ts";
import {
  type Account,
  changePassword,
  confirmTotp,
  findAccount,
  offerTotp,
  removeTotp,
  renewRecoveryCodes,
  type SecondFactorProof,
} from "./users.sql.ts";

/** Who changes what they sign in with: a user in a session. */
export interface Owner {
  readonly userId: string;
  readonly sessionId: string;
  readonly organizationId: string;
  readonly clientAddress: string | undefined;
}

export interface OwnAccount {
  /** Ends every other session of the user. */
  changePassword(
    owner: Owner,
    input: { readonly current_password: string; readonly new_password: string },
  ): Promise<void>;
  /** A secret for the user's app, which is asked for nowhere until it is confirmed. */
  offerTotp(owner: Owner, password: string): Promise<{ readonly secret: string; readonly uri: string }>;
  /** Turns the second factor on and gives the recovery codes, this once. */
  confirmTotp(owner: Owner, code: string): Promise<readonly string[]>;
  removeTotp(owner: Owner, proof: Proof): Promise<void>;
  /** Recovery codes in place of all older ones, shown this once. */
  renewRecoveryCodes(owner: Owner, proof: Proof): Promise<readonly string[]>;
}

export interface Proof {
  readonly password: string;
  readonly code: string;
}

const wrongField = (field: string, text: string): Refusal =>
  new Refusal("VALIDATION_ERROR", "The request has fields that are not allowed as they are.", {
    fieldErrors: { [field]: text },
  });
const wrongCode = (): Refusal => wrongField("code", "is not right, or was used before");

/**
 * Refuses a password that is too easily guessed, with what is wrong about it under the name of its field.
 */
export async function requireGoodPassword(
  field: string,
  password: string,
  email: string,
  commonAmong: (words: readonly string[]) => Promise<readonly string[]>,
): Promise<void> {
  const problem = await passwordProblem(password, email, commonAmong);
  if (problem !== undefined) throw wrongField(field, problem);
}

/** What users change about their own signing in. A stolen session is not enough: the password is asked for again. */
export function createOwnAccount(parts: {
  readonly store: Store;
  readonly hashes: PasswordHashes;
  readonly attempts: SignInAttempts;
  readonly commonAmong: (words: readonly string[]) => Promise<readonly string[]>;
  readonly secretKey: Secret | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Called when sessions ended, before that is answered. */
  readonly onEnded: () => void;
}): OwnAccount {
  const { store, hashes, attempts, secretKey, clock } = parts;

  const accountOf = async ({ userId }: Owner): Promise<Account> => {
    const account = await store.run(findAccount, { userId });
    if (account === undefined) throw new Refusal("NOT_FOUND", "The user is gone.");
    return account;
  };

  /** Guessing here is limited together with guessing at the door. */
  const proved = async (owner: Owner, password: string, field: string): Promise<Account> => {
    const account = await accountOf(owner);
    await attempts.admit(owner.clientAddress, emailKey(account.email));
    const { matches } = await hashes.check(password, account.passwordHash);
    if (!matches) throw wrongField(field, "is not the present password");
    return account;
  };

  const provedTwice = async (
    owner: Owner,
    { password, code }: Proof,
  ): Promise<{ readonly account: Account; readonly proof: SecondFactorProof }> => {
    const account = await proved(owner, password, "password");
    if (!account.totp?.isConfirmed) throw new Refusal("CONFLICT", "There is no second factor.");
    const proof = await proofOf(account, code, secretKey, clock());
    if (proof === undefined) throw wrongCode();
    return { account, proof };
  };

  const change = ({ userId, organizationId }: Owner, { passwordHash }: Account) => ({
    userId,
    organizationId,
    passwordHash,
  });

  return {
    async changePassword(owner, input) {
      const account = await proved(owner, input.current_password, "current_password");
      if (input.new_password === input.current_password) throw wrongField("new_password", "must be another one");
      await requireGoodPassword("new_password", input.new_password, account.email, parts.commonAmong);
      const newHash = await hashes.hash(input.new_password);
      await store.run(changePassword, { ...change(owner, account), newHash, sessionId: owner.sessionId });
      parts.onEnded();
    },
    async offerTotp(owner, password) {
      const account = await proved(owner, password, "password");
      const { makeTotpSecret, provisioning } = await import("./one-time-codes.ts");
      const secret = makeTotpSecret();
      await store.run(offerTotp, { ...change(owner, account), ...keptSecret(secret, secretKey) });
      return provisioning(secret, account.email);
    },
    async confirmTotp(owner, code) {
      const account = await accountOf(owner);
      await attempts.admit(owner.clientAddress, emailKey(account.email));
      const { totp } = account;
      if (totp === undefined || totp.isConfirmed) {
        throw new Refusal("CONFLICT", "There is no second factor that waits to be confirmed.");
      }
      const { hashRecoveryCode, isTotpCode, makeRecoveryCodes, matchedStep } = await import("./one-time-codes.ts");
      const opened = openedSecret(totp, secretKey);
      const typed = code.replace(/\s/g, "");
      const step = opened && isTotpCode(typed) ? matchedStep(opened, typed, clock()) : undefined;
      if (step === undefined) throw wrongField("code", "is not what the app shows now");
      const codes = makeRecoveryCodes();
      const confirmed = await store.run(confirmTotp, {
        ...change(owner, account),
        secret: totp.secret,
        step,
        recoveryHashes: codes.map(hashRecoveryCode),
      });
      if (!confirmed) throw new Refusal("CONFLICT", "The second factor was changed in the meantime: begin again.");
      return codes;
    },
    async removeTotp(owner, input) {
      const { account, proof } = await provedTwice(owner, input);
      if (!(await store.run(removeTotp, { ...change(owner, account), proof }))) throw wrongCode();
    },
    async renewRecoveryCodes(owner, input) {
      const { account, proof } = await provedTwice(owner, input);
      const { hashRecoveryCode, makeRecoveryCodes } = await import("./one-time-codes.ts");
      const codes = makeRecoveryCodes();
      const recoveryHashes = codes.map(hashRecoveryCode);
      if (!(await store.run(renewRecoveryCodes, { ...change(owner, account), proof, recoveryHashes }))) {
        throw wrongCode();
      }
      return codes;
    },
  };
}
