import { Refusal } from "../refusal.ts";

/** A store that does not answer for so long is away for those who cannot wait longer. */
export const patienceMs = 5_000;

/**
 * What is awaited or, where that takes longer than `patienceMs`, what is given or thrown in its place. The work itself goes
 * on; how it ends then is nobody's.
 */
export function inTime<T>(work: Promise<T>, instead: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      try {
        resolve(instead());
      } catch (error) {
        reject(error);
      }
    }, patienceMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** For those who were told nothing in time. */
export function refuseSilent(): never {
  throw new Refusal("UNAVAILABLE", "nothing was written: the database does not answer", {
    details: { retry_after_seconds: patienceMs / 1_000 },
  });
}
