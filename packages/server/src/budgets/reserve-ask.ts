import type { LeasedOf } from "./budget-leases.ts";
import type { BudgetStanding } from "./held-budget.ts";

/** What a reservation takes of one budget, or of one value of it: picos of its currency, or tokens. */
export interface ReservationNeed extends LeasedOf {
  readonly quantity: bigint;
  /** What is to become of it beyond the budget: refused, or set aside nevertheless. */
  readonly beyond: "refuse" | "allow";
  /** The same where the store cannot be asked. */
  readonly whenStoreIsAway: "refuse" | "allow";
}

export interface ReserveAsk {
  readonly organizationId: string;
  readonly needs: readonly ReservationNeed[];
  readonly ttlMs: number;
  /** Called once when the reservation ends, however it does. */
  readonly onEnd?: () => void;
}

export interface BudgetTold extends BudgetStanding, LeasedOf {}

export type ReserveAnswer =
  | {
      readonly kind: "granted";
      /** Names the reservation in this process. */
      readonly number: number;
      /** UTC milliseconds. */
      readonly expiresAtMs: number;
      readonly budgets: readonly BudgetTold[];
      /** Budgets beyond which it goes. */
      readonly overLimit: readonly string[];
      /** Whether something was set aside that the store could not be asked for. */
      readonly isUnsecured: boolean;
    }
  | { readonly kind: "refused"; readonly by: BudgetTold; readonly requested: bigint }
  | { readonly kind: "away"; readonly budgetId: string };
