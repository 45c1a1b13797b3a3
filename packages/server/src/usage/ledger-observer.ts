import type { Pico } from "@llm-cost-ops/core";

/** What one model gained in one committed transaction, corrections not counted. */
export interface CommittedModel {
  readonly provider: string;
  readonly model: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  /** Priced cost by currency. */
  readonly costs: readonly { readonly currency: string; readonly amount: Pico }[];
  readonly latenciesMs: readonly number[];
}

/** One committed transaction of the ledger, summed up. */
export interface CommittedUsage {
  /** Whose usage it was, each once. */
  readonly organizations: readonly string[];
  readonly durationMs: number;
  readonly recorded: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly models: readonly CommittedModel[];
}

/** Told of each transaction after it is on disk. It must be quick and must not throw. */
export type LedgerObserver = (committed: CommittedUsage) => void;
