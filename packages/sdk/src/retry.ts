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
  /** Whether it carries an `Idempotency-Key` that the server heeds. */
  readonly keyed: boolean;
  readonly policy: RetryPolicy;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/**
 * Milliseconds to wait before the next attempt, or undefined where the failure is final. Waits are exponential with full
 * jitter, and never shorter than the server asked for. A request that is not repeatable is tried again only where the
 * server certainly did nothing; one with an idempotency key also where its answer was lost, since the server then runs it
 * no second time but repeats the first answer.
 */
export function retryDelayMs(situation: RetrySituation): number | undefined {
  const { failure, attempt, elapsedMs, repeatable, keyed, policy, random } = situation;
  if (attempt > policy.maxRetries) return undefined;
  const outcome = outcomeOf(failure);
  if (outcome === "final") return undefined;
  if (!repeatable && outcome !== "undone" && !(keyed && outcome === "lost")) return undefined;
  const ceilingMs = Math.min(policy.maxDelayMs, policy.initialDelayMs * policy.backoffFactor ** (attempt - 1));
  const askedMs = failure instanceof APIError ? (failure.retryAfter ?? 0) * 1_000 : 0;
  const delayMs = Math.max(random * ceilingMs, askedMs);
  return elapsedMs + delayMs > policy.totalMs ? undefined : delayMs;
}

/** Too early and too many: refused before anything was done. */
const refusedStatuses: ReadonlySet<number> = new Set([425, 429]);

/** From something between that got no answer of the server in time, or from a server whose storage went away meanwhile. */
const lostStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * What the failure says about the request: `undone` certainly had no effect, `lost` may have had one whose answer did not
 * arrive, `unknown` was answered by a failure that may have come after an effect, `final` is an answer.
 */
function outcomeOf(failure: CostOpsError): "undone" | "lost" | "unknown" | "final" {
  if (failure instanceof NetworkError) return failure.unsent ? "undone" : "lost";
  if (!(failure instanceof APIError)) return "final";
  const { statusCode, code, details } = failure;
  const isUnknown = details?.["outcome"] === "unknown";
  if (refusedStatuses.has(statusCode) || (statusCode === 503 && code === "UNAVAILABLE" && !isUnknown)) return "undone";
  // The first attempt, whose answer was lost, still runs; its answer is there to be repeated when it ends.
  if (code === "IDEMPOTENCY_002" && details?.["outcome"] === "in_flight") return "lost";
  if (lostStatuses.has(statusCode)) return "lost";
  if (statusCode === 408 || (statusCode >= 500 && statusCode !== 501) || code === "INVALID_RESPONSE") return "unknown";
  return "final";
}
