import { Refusal } from "../refusal.ts";
import type { HeldBudget } from "./held-budget.ts";

export type ReservationEnd = "settled" | "released" | "expired";

/** Each of a few hundred bytes. */
const reservationsMax = 1_000_000;
/** Releases that are remembered, so that a later settlement is told of them. */
const releasedMax = 100_000;

interface Live {
  /** What is set aside, and of which budget. */
  readonly entries: readonly (readonly [HeldBudget, bigint])[];
  /** UTC milliseconds. */
  readonly expiresAtMs: number;
  /** Called once, however it ends. */
  readonly onEnd: (() => void) | undefined;
}

/** The reservations of a process that have not ended, by number. */
export class LiveReservations {
  readonly #live = new Map<number, Live>();
  readonly #released = new Set<number>();
  /** Numbers of reservations by the second in which they expire. */
  readonly #expiring = new Map<number, number[]>();
  #lastNumber = 0;

  get size(): number {
    return this.#live.size;
  }

  /** Refuses with UNAVAILABLE where there are too many. */
  requireRoom(): void {
    if (this.#live.size < reservationsMax) return;
    throw new Refusal("UNAVAILABLE", "Too many reservations are open: settle or release some of them.");
  }

  /** Gives a number to a reservation that was taken from its budgets. */
  add(reservation: Live): number {
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    this.#live.set(number, reservation);
    const second = Math.ceil(reservation.expiresAtMs / 1_000);
    const numbers = this.#expiring.get(second);
    if (numbers === undefined) this.#expiring.set(second, [number]);
    else numbers.push(number);
    return number;
  }

  /** How the reservation ended, now or before; undefined where there was none. */
  end(number: number, how: "settled" | "released", nowMs: number): ReservationEnd | undefined {
    if (number > this.#lastNumber) return undefined;
    const reservation = this.#live.get(number);
    if (reservation === undefined) return this.#released.has(number) ? "released" : "settled";
    this.#conclude(number, reservation);
    if (nowMs >= reservation.expiresAtMs) return "expired";
    if (how === "released") {
      if (this.#released.size >= releasedMax) this.#released.delete(this.#released.values().next().value as number);
      this.#released.add(number);
    }
    return how;
  }

  expire(nowMs: number): void {
    const now = Math.floor(nowMs / 1_000);
    for (const [second, numbers] of this.#expiring) {
      if (second > now) continue;
      this.#expiring.delete(second);
      for (const number of numbers) {
        this.#released.delete(number);
        const reservation = this.#live.get(number);
        if (reservation !== undefined) this.#conclude(number, reservation);
      }
    }
  }

  #conclude(number: number, { entries, expiresAtMs, onEnd }: Live): void {
    this.#live.delete(number);
    for (const [entry, quantity] of entries) entry.end(quantity, expiresAtMs);
    onEnd?.();
  }
}
