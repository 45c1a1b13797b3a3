/** How long an attempt is believed to run after it last said so. A crashed one says nothing more. */
export const leaseMs = 60_000;
/** How long a key is kept, from its first request. */
export const keptMs = 24 * 3_600_000;

/** One run of a request under a key; `attemptId` tells it from a later run that took its place. */
export interface Attempt {
  readonly organizationId: string;
  readonly keyHash: Uint8Array;
  readonly attemptId: Uint8Array;
}

export interface Claim extends Attempt {
  readonly operation: string;
  /** Absent while the body is still arriving. */
  readonly bodyHash: Uint8Array | null;
  /** Whether it may run again where an attempt ended without a word: its work is the same the second time. */
  readonly runsAgain: boolean;
  /** UTC milliseconds. */
  readonly nowMs: number;
}

/** An answer as it is kept. */
export interface KeptAnswer {
  readonly status: number;
  readonly contentType: string | null;
  /** Null where it was too long to keep. */
  readonly body: Uint8Array | null;
  readonly isGzipped: boolean;
  /** Encrypted with the credential of the request, since it may hold a secret that is shown once. */
  readonly isSealed: boolean;
}

/** What an organization's key stands for at this moment. */
export type ClaimAnswer =
  | { readonly kind: "run" }
  | { readonly kind: "answered"; readonly bodyHash: Uint8Array; readonly answer: KeptAnswer }
  | { readonly kind: "other_request" }
  | { readonly kind: "in_flight"; readonly leasedUntilMs: number }
  | { readonly kind: "unknown_outcome"; readonly startedAtMs: number; readonly expiresAtMs: number };

/** Where keys, the attempts under them and their answers are kept. */
export interface Attempts {
  /** Takes the key for this attempt, or says what it is taken by. Of any number at once, one runs. */
  claim(claim: Claim): Promise<ClaimAnswer>;
  /** Keeps the answer, unless another attempt has taken the key since. */
  finish(attempt: Attempt, bodyHash: Uint8Array, answer: KeptAnswer): Promise<void>;
  /** Gives the key back, as if it had never been used. */
  release(attempt: Attempt): Promise<void>;
  /** Says that the attempt still runs. */
  renew(attempt: Attempt, nowMs: number): Promise<void>;
}
