import { Refusal } from "../refusal.ts";
import type { HeldBudget } from "./held-budget.ts";

export type ReservationEnd = "settled" | "released" | "expired";

/** Of all organizations, each of a few hundred bytes. */
const reservationsMax = 1_000_000;
/** How many organizations can fill that together: one alone must not keep the others from reserving. */
const sharesOfRoom = 10;
/** Releases that are remembered, so that a later settlement is told of them. */
const releasedMax = 100_000;

interface Live {
  readonly organizationId: string;
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
  readonly #sizes = new Map<string, number>();
  readonly #max: number;
  #lastNumber = 0;

  constructor(max = reservationsMax) {
    this.#max = max;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Refuses with UNAVAILABLE where there are too many, or too many of the organization. */
  requireRoom(organizationId: string): void {
    if ((this.#sizes.get(organizationId) ?? 0) >= this.#max / sharesOfRoom) {
      throw new Refusal(
        "UNAVAILABLE",
        "Too many reservations of the organization are open: settle or release some of them.",
      );
    }
    if (this.#live.size < this.#max) return;
    throw new Refusal("UNAVAILABLE", "Too many reservations are open: try again when some of them have ended.");
  }

  /** Gives a number to a reservation that was taken from its budgets. */
  add(reservation: Live): number {
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    this.#live.set(number, reservation);
    this.#resize(reservation.organizationId, 1);
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

  #resize(organizationId: string, by: 1 | -1): void {
    const size = (this.#sizes.get(organizationId) ?? 0) + by;
    if (size === 0) this.#sizes.delete(organizationId);
    else this.#sizes.set(organizationId, size);
  }

  #conclude(number: number, { organizationId, entries, expiresAtMs, onEnd }: Live): void {
    this.#live.delete(number);
    this.#resize(organizationId, -1);
    for (const [entry, quantity] of entries) entry.end(quantity, expiresAtMs);
    onEnd?.();
  }
}
