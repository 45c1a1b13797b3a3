/** What was set aside for one call before it was made. */
export interface ModelReservation {
  /** In the budget's unit, Pico or tokens; not negative. */
  readonly amount: bigint;
  /** From then on nothing is set aside for it any more, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/**
 * The smallest thing that a hard budget in one period can be: what may be spent, what is, and what is set aside. Whatever
 * holds budgets in leases, processes and stores must never grant what this refuses.
 */
export interface ReservationModel {
  readonly limit: bigint;
  readonly spent: bigint;
  readonly reservations: ReadonlyMap<string, ModelReservation>;
}

/** Nothing spent, nothing set aside. */
export const emptyReservations = (limit: bigint): ReservationModel => ({ limit, spent: 0n, reservations: new Map() });

/** What is set aside at an instant. */
export function reservedOf({ reservations }: Pick<ReservationModel, "reservations">, nowMs: number): bigint {
  let reserved = 0n;
  for (const { amount, expiresAtMs } of reservations.values()) if (expiresAtMs > nowMs) reserved += amount;
  return reserved;
}

/** `limit - spent - reserved`; negative where more is used than allowed. */
export const remainingOf = (model: ReservationModel, nowMs: number): bigint =>
  model.limit - model.spent - reservedOf(model, nowMs);

/**
 * Sets an amount aside, or gives undefined where less than that remains. Throws a RangeError for an amount that is
 * negative and for an id that is taken.
 *
 * @example
 * const model = reserveInModel(emptyReservations(10n), "a", { amount: 6n, expiresAtMs: 1_000 }, 0);
 * // reserveInModel(model, "b", { amount: 5n, expiresAtMs: 1_000 }, 0) is undefined, at 1_000 it is not
 */
export function reserveInModel(
  model: ReservationModel,
  id: string,
  reservation: ModelReservation,
  nowMs: number,
): ReservationModel | undefined {
  if (reservation.amount < 0n) throw new RangeError("an amount that is reserved must not be negative.");
  if (model.reservations.has(id)) throw new RangeError(`the reservation ${id} was made already.`);
  if (reservation.amount > remainingOf(model, nowMs)) return undefined;
  return { ...model, reservations: new Map(model.reservations).set(id, reservation) };
}

/** Ends a reservation; what is none, or ended before, stays ended. */
export function releaseInModel(model: ReservationModel, id: string): ReservationModel {
  const reservations = new Map(model.reservations);
  reservations.delete(id);
  return { ...model, reservations };
}

/** Adds what was really spent, whatever was reserved for it; negative for what is taken back. */
export const spendInModel = (model: ReservationModel, cost: bigint): ReservationModel => ({
  ...model,
  spent: model.spent + cost,
});

/** Ends a reservation with what the call cost, which may be less or more than was set aside, and also after its expiry. */
export const settleInModel = (model: ReservationModel, id: string, cost: bigint): ReservationModel =>
  spendInModel(releaseInModel(model, id), cost);
