import fc from "fast-check";
import { expect, test } from "vitest";
import { freeAt, slotAt, usedAt, windowMs } from "./quantity-windows.ts";

const windows = ["minute", "hour", "day"] as const;

interface Use {
  readonly atMs: number;
  readonly amount: bigint;
}

const slotsOf = (window: (typeof windows)[number], uses: readonly Use[]): Map<number, bigint> => {
  const slots = new Map<number, bigint>();
  for (const { atMs, amount } of uses) {
    const startsAtMs = slotAt(window, atMs);
    slots.set(startsAtMs, (slots.get(startsAtMs) ?? 0n) + amount);
  }
  return slots;
};

const someUses = fc.array(
  fc.record({ atMs: fc.nat({ max: 200_000_000 }), amount: fc.bigInt({ min: 1n, max: 10n ** 20n }) }),
  { maxLength: 20 },
);

test("no window, wherever it begins, holds more than is counted for it, and what has left it for a twelfth counts no more", () => {
  fc.assert(
    fc.property(fc.constantFrom(...windows), someUses, fc.nat({ max: 400_000_000 }), (window, uses, nowMs) => {
      const past = uses.filter(({ atMs }) => atMs <= nowMs);
      const within = (lengthMs: number): bigint =>
        past.reduce((sum, { atMs, amount }) => (atMs > nowMs - lengthMs ? sum + amount : sum), 0n);
      const used = usedAt(window, slotsOf(window, past), nowMs);
      expect(used >= within(windowMs[window])).toBe(true);
      expect(used <= within(windowMs[window] + windowMs[window] / 12)).toBe(true);
    }),
  );
});

test("room is free at the instant that is told, and not a millisecond before", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...windows),
      someUses,
      fc.bigInt({ min: 1n, max: 10n ** 21n }),
      (window, uses, room) => {
        const nowMs = 200_000_000;
        const slots = slotsOf(window, uses);
        const used = usedAt(window, slots, nowMs);
        const atMs = freeAt(window, slots, room, nowMs);
        expect(atMs === undefined).toBe(used < room);
        if (atMs === undefined) return;
        expect(used - usedAt(window, slots, atMs) >= room).toBe(true);
        expect(used - usedAt(window, slots, atMs - 1) < room).toBe(true);
      },
    ),
  );
});

test("what was given back is no use", () => {
  const slots = new Map([
    [0, 5n],
    [5_000, -2n],
  ]);
  expect(usedAt("minute", slots, 60_000)).toBe(3n);
  expect(usedAt("minute", slots, 65_000)).toBe(-2n);
});
