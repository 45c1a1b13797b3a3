import type { LeaseAnswer, LeaseAsk, LeasedOf } from "./budget-leases.ts";
import { type ValueKey, wholeBudget } from "./budget-value.ts";

/** Servers' clocks may differ by so much; and what is taken in advance may be used for so long without a renewal. */
export const leaseMarginMs = 5_000;
/** A process holds as much in advance as it lately used in this time. */
const aheadMs = 1_000n;
/** Unused money is given back after so long without a reservation. */
const idleMs = 1_000;
/** Use is measured over at least this, so that one burst does not pass for a speed. */
const measuredMs = 100;
/** For so long nothing is taken in advance of a budget of which others wanted something back. */
const contendedMs = 1_000;
const expiryStepMs = 1_000;

/** How a budget stands, as the store last told: quantities are picos of its currency, or tokens. */
export interface BudgetStanding {
  readonly limit: bigint;
  readonly spent: bigint;
  /** Set aside by all processes, also what they hold in advance. */
  readonly reserved: bigint;
}

/**
 * What this process holds of one budget: `allocated` for reservations that live, and `slack` for those to come. What a
 * reservation leaves when it ends is not slack: it returns to the budget with the next renewal, which reads what is spent.
 */
export class HeldBudget {
  readonly budgetId: string;
  readonly value: ValueKey;
  slack = 0n;
  allocated = 0n;
  /** While a renewal is under way nothing is taken from the slack, for its answer may be that there is none any more. */
  isFrozen = false;
  isRecalled = false;
  /** How many reservations wait for this budget. */
  waiting = 0;
  /** Others that live hold more than they need, and were asked for it: each as of its last renewal. */
  recalling: readonly string[] = [];
  isGone = false;
  usedAtMs: number;
  #told = { held: 0n, allocated: 0n };
  #standing = { limit: 0n, spent: 0n, heldByOthers: 0n };
  /** Taken while a renewal was under way, which does not know of it. */
  #takenMeanwhile = 0n;
  /** Until then what was held at the last renewal stays set aside. */
  #coveredUntilMs = 0;
  #contendedUntilMs = 0;
  /** How many reservations live until about an instant. */
  readonly #expiries = new Map<number, number>();
  #ttlMs = 0;
  #used = 0n;
  #usedSinceMs: number;
  #perSecond = 0n;

  constructor({ budgetId, value = wholeBudget }: LeasedOf, nowMs: number) {
    this.budgetId = budgetId;
    this.value = value;
    this.usedAtMs = nowMs;
    this.#usedSinceMs = nowMs;
  }

  get standing(): BudgetStanding {
    const { limit, spent, heldByOthers } = this.#standing;
    return { limit, spent, reserved: heldByOthers + this.allocated };
  }

  /** Whether a reservation can be had at once. */
  hasRoom(quantity: bigint, expiresAtMs: number): boolean {
    return !this.isFrozen && this.slack >= quantity && expiresAtMs <= this.#coveredUntilMs;
  }

  /** Takes a reservation from the slack and, where that is not enough, from nowhere. */
  take(quantity: bigint, expiresAtMs: number, nowMs: number): void {
    this.slack -= quantity < this.slack ? quantity : this.slack;
    this.allocated += quantity;
    if (this.isFrozen) this.#takenMeanwhile += quantity;
    const step = stepOf(expiresAtMs);
    this.#expiries.set(step, (this.#expiries.get(step) ?? 0) + 1);
    this.#used += quantity;
    this.#ttlMs = expiresAtMs - nowMs;
    this.usedAtMs = nowMs;
  }

  /** Ends a reservation that was taken. */
  end(quantity: bigint, expiresAtMs: number): void {
    this.allocated -= quantity;
    const step = stepOf(expiresAtMs);
    const others = (this.#expiries.get(step) ?? 1) - 1;
    if (others === 0) this.#expiries.delete(step);
    else this.#expiries.set(step, others);
  }

  /** Lets go of what is not allocated: to be told to the store. */
  drop(): void {
    this.slack = 0n;
  }

  /** Whether the store ought to hear of it: something ended or began, or lies idle. */
  isChanged(nowMs: number): boolean {
    if (this.#told.allocated !== this.allocated || this.#told.held !== this.allocated + this.slack) return true;
    return this.slack > 0n && (this.isRecalled || this.isContended(nowMs) || nowMs - this.usedAtMs >= idleMs);
  }

  isContended(nowMs: number): boolean {
    return nowMs < this.#contendedUntilMs;
  }

  /** Nothing is held, and nobody asked lately. */
  isForgettable(nowMs: number): boolean {
    return (
      this.allocated === 0n &&
      this.slack === 0n &&
      this.waiting === 0 &&
      !this.isFrozen &&
      nowMs - this.usedAtMs > 60_000
    );
  }

  noteRecalled(nowMs: number): void {
    this.isRecalled = true;
    this.#contendedUntilMs = nowMs + contendedMs;
  }

  /** Asks for what waits, and for as much as was lately used in a second where nobody else wants it. */
  ask(needs: readonly bigint[], needUntilMs: number, nowMs: number): LeaseAsk {
    const need = needs.reduce((sum, each) => sum + each, 0n);
    this.isFrozen = true;
    this.#takenMeanwhile = 0n;
    this.#measure(nowMs);
    const isIdle = nowMs - this.usedAtMs >= idleMs && need === 0n;
    const ahead = isIdle || this.isContended(nowMs) ? 0n : (this.#perSecond * aheadMs) / 1_000n;
    const aheadUntilMs = ahead === 0n ? 0 : nowMs + this.#ttlMs;
    let untilMs = Math.max(needUntilMs, aheadUntilMs, nowMs);
    for (const step of this.#expiries.keys()) untilMs = Math.max(untilMs, step);
    const { budgetId, value, allocated } = this;
    return { budgetId, value, allocated, needs, want: need + ahead, expiresAtMs: untilMs + leaseMarginMs };
  }

  /**
   * Takes in the answer to what was asked. What ended meanwhile is counted in neither: the next renewal tells of it. What was
   * taken meanwhile, because the answer was not waited for, is taken from it first.
   */
  takeIn(sent: LeaseAsk, answer: LeaseAnswer, nowMs: number): void {
    this.isFrozen = false;
    const unused = answer.held - sent.allocated - this.#takenMeanwhile;
    this.slack = unused > 0n ? unused : 0n;
    this.#told = { held: answer.held, allocated: sent.allocated };
    this.#coveredUntilMs = sent.expiresAtMs;
    this.#standing = answer;
    this.recalling = answer.recalled;
    this.isRecalled = answer.isRecalled;
    if (answer.isRecalled || answer.recalled.length > 0) this.#contendedUntilMs = nowMs + contendedMs;
  }

  /** The renewal failed. What it may have given up is not used any more. */
  fail(isOutcomeKnown: boolean): void {
    this.isFrozen = false;
    this.recalling = [];
    if (isOutcomeKnown) return;
    this.slack = 0n;
    // Nothing equals it, so that the store is told again.
    this.#told = { held: -1n, allocated: -1n };
  }

  #measure(nowMs: number): void {
    const passedMs = nowMs - this.#usedSinceMs;
    if (passedMs < measuredMs) return;
    this.#perSecond = (this.#perSecond + (this.#used * 1_000n) / BigInt(Math.ceil(passedMs))) / 2n;
    this.#used = 0n;
    this.#usedSinceMs = nowMs;
  }
}

const stepOf = (expiresAtMs: number): number => Math.ceil(expiresAtMs / expiryStepMs) * expiryStepMs;
