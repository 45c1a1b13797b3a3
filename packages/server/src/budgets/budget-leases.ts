import type { ValueKey } from "./budget-value.ts";

/** What is leased: a budget, or one value of a budget that has an amount for each. */
export interface LeasedOf {
  readonly budgetId: string;
  /** `wholeBudget` if absent. */
  readonly value?: ValueKey;
}

/**
 * What a process asks of one budget. Quantities are picos of the budget's currency, or tokens. All three are what the
 * process is to hold, so that an answer that was lost can be asked for again.
 */
export interface LeaseAsk extends LeasedOf {
  /** Set aside already for reservations that live; never taken away from the process, whatever became of the budget. */
  readonly allocated: bigint;
  /** More for reservations that wait, the first one first: each is granted whole or not at all. */
  readonly needs: readonly bigint[];
  /** More in all, at least the sum of `needs`: what goes beyond it is granted only where plenty is left for other processes. */
  readonly want: bigint;
  /** Until when what the process holds stays set aside if it is never heard of again, in UTC milliseconds. */
  readonly expiresAtMs: number;
}

export interface LeaseAnswer extends LeasedOf {
  /** What the process holds from now on: from `allocated` to `allocated + want`. */
  readonly held: bigint;
  /** The budget's amount; what the ledger has spent of it in the period that runs; what other processes hold. */
  readonly limit: bigint;
  readonly spent: bigint;
  readonly heldByOthers: bigint;
  /**
   * Others that are alive, hold more than they have allocated and were asked to give it back: worth another try. Each is
   * named with its last renewal, so that one that has renewed since is another.
   */
  readonly recalled: readonly string[];
  /** Whether another process waits for what this one holds unused. */
  readonly isRecalled: boolean;
  /** When the period that runs ends, in UTC milliseconds; undefined where it does not. */
  readonly periodEndsAtMs: number | undefined;
}

/**
 * What processes hold of hard budgets. The sum of all that is held and of what is spent never exceeds a budget's amount by
 * anything that was granted here: each renewal is one transaction, one after the other in an organization, that reads
 * what is held before it reads what is spent. A process that settles a reservation has the usage committed to the ledger
 * before it asks with less allocated, so that money is counted twice for a moment but never not at all.
 */
export interface BudgetLeases {
  /**
   * Sets what a process holds of some budgets of one organization, all in one transaction. Budgets that are gone are
   * missing in the answer. Rejects with UNAVAILABLE where the store is away.
   */
  renew(organizationId: string, processId: string, asks: readonly LeaseAsk[]): Promise<readonly LeaseAnswer[]>;
  /** Budgets of which others want back what the process holds unused, over all organizations. A read, never a wait. */
  recalls(processId: string): Promise<readonly (LeasedOf & { readonly organizationId: string })[]>;
}
