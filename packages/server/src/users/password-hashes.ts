import type { Options } from "@node-rs/argon2";
import { Refusal } from "../refusal.ts";

/**
 * Argon2id with 46 MiB and two passes: twice the work of the least that OWASP asks for (46 MiB, one pass;
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html), about 30 ms of one core.
 */
const cost = { memoryCost: 47_104, timeCost: 2, parallelism: 1 } as const satisfies Options;

/** Takes the same work to check as any other, and is the hash of no password that anybody knows. */
const nobodysHash = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${"A".repeat(22)}$${"A".repeat(43)}`;

/** So much memory is taken at once at most: two times 46 MiB. */
const atOnceMax = 2;
const waitingMax = 64;

/** Whether a password is the one of a hash. */
export interface PasswordCheck {
  readonly matches: boolean;
  /** Hashed with less work than today: it should be hashed again while the password is at hand. */
  readonly isOutdated: boolean;
}

export interface PasswordHashes {
  hash(password: string): Promise<string>;
  /** The same work is done where there is no hash, so that time does not tell whether there is an account. */
  check(password: string, hash: string | undefined): Promise<PasswordCheck>;
}

/** People type the same letters in different ways; what they mean is what is hashed (NIST SP 800-63B, 3.1.1.2). */
const normalized = (password: string): string => password.normalize("NFKC");

/** Hashes and checks passwords, two at a time. Refuses with UNAVAILABLE where too many wait. */
export function createPasswordHashes(): PasswordHashes {
  const waiting: (() => void)[] = [];
  let running = 0;

  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atOnceMax) {
      if (waiting.length >= waitingMax) {
        throw new Refusal("UNAVAILABLE", "Too many people are signing in at once: try again in a moment.");
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The turn is handed on, so that nobody who comes later gets ahead.
      if (next === undefined) running -= 1;
      else next();
    }
  };

  const hash = async (password: string): Promise<string> => {
    const argon2 = await import("@node-rs/argon2");
    return inTurn(() => argon2.hash(normalized(password), cost));
  };

  return {
    hash,
    async check(password, stored) {
      const against = stored ?? nobodysHash;
      const { parseOptions, verify } = await import("@node-rs/argon2");
      const isRight = await inTurn(() => verify(against, normalized(password)));
      const { memoryCost, timeCost } = parseOptions(against);
      return {
        matches: isRight && stored !== undefined,
        isOutdated: memoryCost < cost.memoryCost || timeCost < cost.timeCost,
      };
    },
  };
}
