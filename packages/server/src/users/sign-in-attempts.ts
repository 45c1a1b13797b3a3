import { hash } from "node:crypto";
import { clientNetwork } from "../limits/client-network.ts";
import type { BucketAsk, RateLimitStore } from "../limits/rate-limit-store.ts";
import { Refusal } from "../refusal.ts";

/** Ten wrong guesses happen to everybody; five a minute are nothing against twelve characters. */
const accountAllowance = { perMinute: 5, burst: 10 } as const;

/** All of these refuse with RATE_LIMITED where there were too many attempts. */
export interface SignInAttempts {
  /** From this address, or for this account. */
  admit(address: string | undefined, account: string): Promise<void>;
  /** For this account, where the address was counted already. */
  admitAccount(account: string): Promise<void>;
  /** With refresh tokens that are none, from this address. */
  admitRefresh(address: string | undefined): Promise<void>;
}

/** Everybody may try as often as they like. */
export const unlimitedAttempts: SignInAttempts = {
  admit: async () => undefined,
  admitAccount: async () => undefined,
  admitRefresh: async () => undefined,
};

/**
 * Limits attempts to prove who one is, before the proof is looked at: guesses in flight at once count as well. Those for
 * one account count together wherever they come from; which accounts there are does not matter. 0 limits no network.
 */
export function createSignInAttempts(store: RateLimitStore, networkPerMinute: number): SignInAttempts {
  const ofNetwork = (address: string | undefined): readonly BucketAsk[] => {
    const allowance = { perMinute: networkPerMinute, burst: networkPerMinute };
    return networkPerMinute === 0 ? [] : [{ limit: "sign-in-network", allowance, caller: clientNetwork(address) }];
  };

  const take = async (asks: readonly BucketAsk[]): Promise<void> => {
    const answers = await store.take(asks);
    const waitMs = Math.max(0, ...answers.map(({ admitted, retryAfterMs }) => (admitted ? 0 : retryAfterMs || 1)));
    if (waitMs === 0) return;
    const seconds = Math.ceil(waitMs / 1_000);
    throw new Refusal("RATE_LIMITED", `There were too many attempts to sign in. Try again in ${seconds} s.`, {
      details: { limit: "sign-in", retry_after_seconds: seconds },
    });
  };

  const ofAccount = (account: string): BucketAsk => ({
    limit: "sign-in-account",
    allowance: accountAllowance,
    // Hashed, since what is typed into the field of an e-mail address may as well be a password.
    caller: hash("sha256", account, "hex"),
  });

  return {
    admit: (address, account) => take([ofAccount(account), ...ofNetwork(address)]),
    admitAccount: (account) => take([ofAccount(account)]),
    admitRefresh: (address) => take(ofNetwork(address)),
  };
}
