import { APIError, type CostOpsError, NetworkError } from "./errors.ts";

export interface RetryOptions {
  /** Attempts after the first one; 3 if absent. */
  readonly maxRetries?: number | undefined;
  /** Growth of the wait from one attempt to the next; 2 if absent. */
  readonly backoffFactor?: number | undefined;
  /** Upper bound of the first wait, in milliseconds; 500 if absent. */
  readonly initialDelayMs?: number | undefined;
  /** Upper bound of any wait that the server did not ask for; 30,000 if absent. */
  readonly maxDelayMs?: number | undefined;
  /** No attempt begins later than this after the first one began; 120,000 if absent. */
  readonly totalMs?: number | undefined;
}

export type RetryPolicy = { readonly [Name in keyof RetryOptions]-?: number };

export const defaultRetryPolicy: RetryPolicy = {
  maxRetries: 3,
  backoffFactor: 2,
  initialDelayMs: 500,
  maxDelayMs: 30_000,
  totalMs: 120_000,
};

export interface RetrySituation {
  readonly failure: CostOpsError;
  /** 1 after the first attempt. */
  readonly attempt: number;
  readonly elapsedMs: number;
  readonly repeatable: boolean;
  readonly policy: RetryPolicy;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/**
 * Milliseconds to wait before the next attempt, or undefined where the failure is final. Waits are exponential with full
 * jitter, and never shorter than the server asked for. A request that is not repeatable is tried again only where the
 * server certainly did nothing.
 */
export function retryDelayMs(situation: RetrySituation): number | undefined {
  const { failure, attempt, elapsedMs, repeatable, policy, random } = situation;
  if (attempt > policy.maxRetries) return undefined;
  const outcome = outcomeOf(failure);
  if (outcome === "final" || (outcome === "unknown" && !repeatable)) return undefined;
  const ceilingMs = Math.min(policy.maxDelayMs, policy.initialDelayMs * policy.backoffFactor ** (attempt - 1));
  const askedMs = failure instanceof APIError ? (failure.retryAfter ?? 0) * 1_000 : 0;
  const delayMs = Math.max(random * ceilingMs, askedMs);
  return elapsedMs + delayMs > policy.totalMs ? undefined : delayMs;
}

/** Too early and too many: refused before anything was done. */
const refusedStatuses: ReadonlySet<number> = new Set([425, 429]);

/** What the failure says about the request: `undone` certainly had no effect, `unknown` may have had one, `final` is an answer. */
function outcomeOf(failure: CostOpsError): "undone" | "unknown" | "final" {
  if (failure instanceof NetworkError) return failure.unsent ? "undone" : "unknown";
  if (!(failure instanceof APIError)) return "final";
  const { statusCode, code } = failure;
  if (refusedStatuses.has(statusCode) || (statusCode === 503 && code === "UNAVAILABLE")) return "undone";
  if (statusCode === 408 || (statusCode >= 500 && statusCode !== 501) || code === "INVALID_RESPONSE") return "unknown";
  return "final";
}
