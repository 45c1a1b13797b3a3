import type { Store } from "../store/operation.ts";
import { commonAmong } from "./common-passwords.ts";
import { emailKey } from "./email.ts";
import { requireGoodPassword } from "./own-account.ts";
import { createPasswordHashes } from "./password-hashes.ts";
import { recoverAccount as recover } from "./password-resets.sql.ts";

/**
 * Lets in a user whom nobody else can help, such as the last administrator: with a new password, and without the second
 * factor where that is lost as well. All sessions of the user end; the audit trail tells of it. For whoever works on the
 * database itself: no server offers it. Refuses with NOT_FOUND an address of nobody, and a weak password with its problem.
 */
export async function recoverAccount(
  store: Store,
  input: { readonly email: string; readonly password: string; readonly removesSecondFactor: boolean },
): Promise<{ readonly id: string; readonly email: string; readonly hasSecondFactor: boolean }> {
  const { email, password, removesSecondFactor } = input;
  await requireGoodPassword("password", password, email, commonAmong);
  const newHash = await createPasswordHashes().hash(password);
  return store.run(recover, { emailKey: emailKey(email), newHash, removesSecondFactor });
}
