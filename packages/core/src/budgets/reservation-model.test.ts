import fc from "fast-check";
import { expect, it } from "vitest";
import {
  emptyReservations,
  type ReservationModel,
  releaseInModel,
  remainingOf,
  reservedOf,
  reserveInModel,
  settleInModel,
  spendInModel,
} from "./reservation-model.ts";

const later = { amount: 6n, expiresAtMs: 1_000 };

it("refuses what is beyond the limit, and grants what exactly remains", () => {
  const model = reserveInModel(emptyReservations(10n), "a", later, 0) as ReservationModel;
  expect(reserveInModel(model, "b", { ...later, amount: 5n }, 0)).toBeUndefined();
  const full = reserveInModel(model, "b", { ...later, amount: 4n }, 0) as ReservationModel;
  expect([remainingOf(full, 0), reservedOf(full, 0)]).toEqual([0n, 10n]);
  expect(reserveInModel(full, "c", { ...later, amount: 0n }, 0)).toBeDefined();
});

it("counts a reservation until it expires, is released or is settled, and then what it cost", () => {
  const model = reserveInModel(emptyReservations(10n), "a", later, 0) as ReservationModel;
  expect([remainingOf(model, 999), remainingOf(model, 1_000)]).toEqual([4n, 10n]);
  expect(remainingOf(releaseInModel(model, "a"), 0)).toBe(10n);
  expect(remainingOf(releaseInModel(releaseInModel(model, "a"), "a"), 0)).toBe(10n);
  expect([2n, 6n, 13n].map((cost) => remainingOf(settleInModel(model, "a", cost), 0))).toEqual([8n, 4n, -3n]);
  expect(remainingOf(spendInModel(settleInModel(model, "a", 6n), -6n), 0)).toBe(10n);
});

it("refuses a negative amount, and an id twice", () => {
  const model = reserveInModel(emptyReservations(10n), "a", later, 0) as ReservationModel;
  expect(() => reserveInModel(model, "a", later, 0)).toThrow(RangeError);
  expect(() => reserveInModel(model, "b", { ...later, amount: -1n }, 0)).toThrow(RangeError);
});

it("never goes beyond its limit while nothing costs more than was set aside for it", () => {
  const step = fc.record({
    kind: fc.constantFrom("reserve", "settle", "release", "wait"),
    pick: fc.nat(19),
    amount: fc.bigInt({ min: 0n, max: 400n }),
  });
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 1_000n }), fc.array(step, { maxLength: 80 }), (limit, steps) => {
      let model = emptyReservations(limit);
      let nowMs = 0;
      for (const [at, { kind, pick, amount }] of steps.entries()) {
        const [id, reservation] = [...model.reservations][pick % (model.reservations.size || 1)] ?? [];
        const isAlive = reservation !== undefined && reservation.expiresAtMs > nowMs;
        if (kind === "wait") nowMs += Number(amount);
        if (kind === "reserve") {
          model = reserveInModel(model, `${at}`, { amount, expiresAtMs: nowMs + 1 + pick * 40 }, nowMs) ?? model;
        }
        if (kind === "release" && id !== undefined) model = releaseInModel(model, id);
        if (kind === "settle" && id !== undefined && isAlive) {
          model = settleInModel(model, id, (reservation.amount * amount) / 400n);
        }
        expect(remainingOf(model, nowMs)).toBeGreaterThanOrEqual(0n);
      }
    }),
    { numRuns: 200 },
  );
});
