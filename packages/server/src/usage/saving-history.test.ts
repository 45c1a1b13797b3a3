import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isOfOnePrice, type SavingHistory, type SavingStep, savingWithout } from "./saving-history.ts";

const saving = fc.option(fc.bigInt({ min: -1_000n, max: 1_000n }), { nil: null });

/** A record of which the ledger keeps what it would keep. */
class Kept {
  readonly steps: SavingStep[] = [];
  now: bigint | null;
  readonly own: bigint | null;

  constructor(own: bigint | null) {
    this.own = own;
    this.now = own;
  }

  move(reason: "reprice" | "reprice_undo", repricingId: string, after: bigint | null): void {
    const moved = this.now === null && after === null ? null : (after ?? 0n) - (this.now ?? 0n);
    this.steps.push({ reason, repricingId, moved, wasKnown: this.now !== null });
    this.now = after;
  }

  undo(repricingId: string): void {
    const history: SavingHistory = { own: this.own, steps: this.steps, isKnown: this.now !== null };
    this.move("reprice_undo", repricingId, savingWithout(repricingId, history));
  }
}

describe("what caching saved", () => {
  test("is what it was at first once every repricing is undone, in whatever order and with others in between", () => {
    const repricings = fc.array(fc.record({ saving, undoneAt: fc.nat(100) }), { maxLength: 8 });
    fc.assert(
      fc.property(saving, repricings, fc.array(fc.nat(7), { maxLength: 6 }), (own, all, early) => {
        const kept = new Kept(own);
        const undone = new Set<number>();
        for (const [at, one] of all.entries()) {
          kept.move("reprice", String(at), one.saving);
          const which = early[at];
          if (which === undefined || which > at || undone.has(which)) continue;
          kept.undo(String(which));
          undone.add(which);
        }
        const left = [...all.keys()].filter((at) => !undone.has(at));
        left.sort((a, b) => (all[a]?.undoneAt ?? 0) - (all[b]?.undoneAt ?? 0));
        for (const at of left) kept.undo(String(at));
        expect(kept.now).toBe(own);
        expect(kept.steps.reduce((sum, { moved }) => sum + (moved ?? 0n), own ?? 0n)).toBe(own ?? 0n);
      }),
    );
  });

  test("loses the undone difference where later ones are known, as the cost does", () => {
    const kept = new Kept(10n);
    for (const [id, after] of [
      ["a", 14n],
      ["b", 20n],
    ] as const)
      kept.move("reprice", id, after);
    kept.undo("a");
    expect(kept.now).toBe(16n);
  });

  test("is of one price until one of several repricings goes out of order, and again once it is priced anew", () => {
    const steps: Pick<SavingStep, "reason" | "repricingId">[] = [];
    const after = (reason: SavingStep["reason"], repricingId: string | null): boolean => {
      steps.push({ reason, repricingId });
      return isOfOnePrice(steps);
    };
    expect([after("late_price", null), after("reprice", "a"), after("reprice", "b")]).toEqual([true, true, true]);
    expect([after("reprice_undo", "b"), after("reprice", "c")]).toEqual([true, true]);
    expect([after("reprice_undo", "a"), after("reprice", "d")]).toEqual([false, true]);
    expect([after("reprice_undo", "d"), after("reprice_undo", "c")]).toEqual([false, false]);
  });
});
