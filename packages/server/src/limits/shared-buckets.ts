import type { Allowance } from "./token-bucket.ts";

/** What a process asks of a bucket that it shares with others: tokens, each of which admits one request. */
export interface LeaseAsk {
  /** The bucket's name, the same in every process. */
  readonly bucket: string;
  readonly allowance: Allowance;
  /** Unused tokens of the lease before, which the process goes on using. */
  readonly keep: number;
  /** Unused tokens of the lease before, which it will not use any more. */
  readonly giveBack: number;
  /** For how long it has used none; the others of its tokens are known to have been used before that. */
  readonly idleMs: number;
  /** More tokens for requests that wait: granted as far as there are any. */
  readonly need: number;
  /** More tokens in all, at least `need`: beyond it half of what there is at most, so that others get some too. */
  readonly want: number;
}

export interface LeaseAnswer {
  /** At most `keep`; less where the lease had ended. */
  readonly kept: number;
  readonly granted: number;
  /** What is spent of the bucket after it, in 60,000ths of a request, with all that anybody has on lease. */
  readonly spent: number;
}

/**
 * Buckets that several processes share, in a store that has its own clock. A leased token counts as spent from the
 * moment of the lease, and a bucket never fills beyond its burst with what is on lease: so whatever a process does with
 * its tokens before the lease ends, and at whatever moment, all processes together admit what one bucket would.
 *
 * Every method settles within `answerTimeoutMs`, and rejects where the store cannot be reached. Asks of one process
 * take effect in the order in which they were sent.
 */
export interface SharedBuckets {
  /** A lease lasts `leaseMs` by the store's clock. Answers in the order of the asks, which name each bucket once. */
  lease(processId: string, asks: readonly LeaseAsk[]): Promise<readonly LeaseAnswer[]>;
  /** Notes that this process lives, forgets what is of no use any more, and says how many processes live. */
  countProcesses(processId: string): Promise<number>;
  close(): Promise<void>;
}

export const leaseMs = 3_000;
/** How long a store may take to answer, unless it is opened with another patience. */
export const answerTimeoutMs = 1_000;
/** A process that was not heard of for so long is not counted. */
export const processLifeMs = 15_000;

/** The answer, or after so long a rejection with the reason why there is none. */
export async function inTime<Answer>(answer: Promise<Answer>, timeoutMs: number, reason: () => Error): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    // A process that was busy for so long itself reads what has come meanwhile before it despairs.
    timer = setTimeout(() => setImmediate(() => reject(reason())), timeoutMs);
  });
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
