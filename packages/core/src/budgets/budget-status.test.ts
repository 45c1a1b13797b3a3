import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseInstant } from "../time/instant.ts";
import { type BudgetPeriod, periodAt } from "./budget-period.ts";
import { type BudgetStanding, budgetStatus } from "./budget-status.ts";

const at = (text: string): number => parseInstant(text) ?? Number.NaN;
const dayMs = 86_400_000;

/** April 2026 in UTC: thirty days, of which ten have passed. */
const april = { fromMs: at("2026-04-01"), toMs: at("2026-05-01") };
const tenDaysIn: BudgetStanding = {
  amount: 300n,
  spent: 0n,
  reserved: 0n,
  periodKind: "month",
  bounds: april,
  nowMs: at("2026-04-11"),
  thresholds: ["50", "75", "90", "100"],
};
const status = (changes: Partial<BudgetStanding>) => budgetStatus({ ...tenDaysIn, ...changes });

describe("budgetStatus", () => {
  it("says what is left, how fast it goes, where it leads and when it ends", () => {
    expect(status({ spent: 150n, reserved: 10n })).toEqual({
      remaining: 140n,
      utilization: "0.5333",
      thresholdsReached: ["50"],
      state: "warning",
      burnPerDay: 15n,
      projectedSpend: 450n,
      exhaustedAtMs: at("2026-04-20T08:00:00Z"),
    });
  });

  it.each([
    [0n, 0n, "0.0000", "ok", 300n],
    [149n, 0n, "0.4966", "ok", 151n],
    [100n, 50n, "0.5000", "warning", 150n],
    [299n, 0n, "0.9966", "warning", 1n],
    [300n, 0n, "1.0000", "exceeded", 0n],
    [0n, 300n, "1.0000", "exceeded", 0n],
    [450n, 1n, "1.5033", "exceeded", -151n],
    [-30n, 0n, "-0.1000", "ok", 330n],
    [-1n, 0n, "-0.0034", "ok", 301n],
  ])("of 300 with %i spent and %i reserved has the utilization %s and is %s", (spent, reserved, ratio, state, left) =>
    expect(status({ spent, reserved })).toMatchObject({ utilization: ratio, state, remaining: left }),
  );

  it("never says 1.0000 below the limit, however near", () => {
    const amount = 10n ** 18n;
    expect(status({ amount, spent: amount - 1n })).toMatchObject({ utilization: "0.9999", state: "warning" });
    expect(status({ amount, spent: amount })).toMatchObject({ utilization: "1.0000", state: "exceeded" });
  });

  it("warns by thresholds below 100 % only, and is exceeded without any", () => {
    expect(status({ spent: 299n, thresholds: ["100", "120"] }).state).toBe("ok");
    expect(status({ spent: 299n, thresholds: ["99.66"] }).state).toBe("warning");
    expect(status({ spent: 299n, thresholds: ["99.67"] }).state).toBe("ok");
    expect(status({ spent: 300n, thresholds: [] })).toMatchObject({ state: "exceeded", thresholdsReached: [] });
  });

  it.each([
    [0n, "exceeded", 0n],
    [5n, "exceeded", -5n],
    [-5n, "ok", 5n],
  ])("of nothing with %i spent has no utilization and is %s", (spent, state, remaining) =>
    expect(status({ amount: 0n, spent })).toMatchObject({ utilization: undefined, state, remaining }),
  );

  it.each([
    ["before it begins", "2026-03-20", undefined, undefined, undefined],
    ["at its first instant", "2026-04-01", undefined, undefined, undefined],
    ["in its middle", "2026-04-16", 10n, 300n, undefined],
    ["in its last millisecond", "2026-04-30T23:59:59.999Z", 5n, 150n, undefined],
    ["when it is over", "2026-05-01", 5n, 150n, undefined],
    ["long after", "2027-01-01", 5n, 150n, undefined],
    ["when half would last half as long", "2026-04-08", 21n, 643n, at("2026-04-15")],
  ])("%s knows its pace from the part that has passed", (_when, now, burnPerDay, projectedSpend, exhaustedAtMs) =>
    expect(status({ spent: 150n, nowMs: at(now) })).toMatchObject({ burnPerDay, projectedSpend, exhaustedAtMs }),
  );

  it("rounds pace and projection to the even neighbour in a tie", () => {
    expect(status({ spent: 25n }).burnPerDay).toBe(2n);
    expect(status({ spent: 35n }).burnPerDay).toBe(4n);
    expect(status({ spent: -25n }).burnPerDay).toBe(-2n);
    expect(status({ spent: 3n, nowMs: at("2026-04-07") }).projectedSpend).toBe(15n);
    expect(status({ spent: 3n, nowMs: at("2026-04-05") }).projectedSpend).toBe(22n);
  });

  it("is not exhausted at its very end, which is the next period's", () => {
    expect(status({ spent: 100n })).toMatchObject({ projectedSpend: 300n, exhaustedAtMs: undefined });
    expect(status({ spent: 100n, amount: 299n }).exhaustedAtMs).toBe(at("2026-04-30T21:36:00Z"));
  });

  it.each([
    ["nothing was spent", { spent: 0n, reserved: 200n }],
    ["corrections outweigh costs", { spent: -10n }],
    ["it is exceeded already", { spent: 300n }],
    ["reservations hold all that is left", { spent: 100n, reserved: 200n }],
    ["it did not begin", { spent: 100n, nowMs: at("2026-03-31") }],
  ])("has no exhaustion ahead where %s", (_where, changes) => expect(status(changes).exhaustedAtMs).toBeUndefined());

  it("counts a prepaid budget's pace since its start and says when it runs out, in whatever year", () => {
    const prepaid = { periodKind: "prepaid", bounds: { fromMs: april.fromMs, toMs: undefined } } as const;
    expect(status({ ...prepaid, spent: 10n })).toMatchObject({
      burnPerDay: 1n,
      projectedSpend: undefined,
      exhaustedAtMs: at("2026-04-11") + 290 * dayMs,
    });
    expect(status({ ...prepaid, spent: 1n, amount: 10n ** 18n }).exhaustedAtMs).toBeUndefined();
    expect(status({ ...prepaid, spent: 10n, nowMs: april.fromMs })).toMatchObject({
      burnPerDay: undefined,
      exhaustedAtMs: undefined,
    });
  });

  it("counts a rolling budget's pace over its whole window, and forecasts nothing", () => {
    const period: BudgetPeriod = { kind: "rolling", unit: "day", count: 7 };
    const bounds = periodAt(period, tenDaysIn.nowMs);
    const spent = 70n * 10n ** 12n;
    expect(status({ periodKind: "rolling", bounds, amount: spent * 2n, spent })).toMatchObject({
      burnPerDay: 10n ** 13n,
      projectedSpend: undefined,
      exhaustedAtMs: undefined,
    });
  });

  it.each([
    ["a negative amount", { amount: -1n }],
    ["negative reservations", { reserved: -1n }],
    ["a part of a millisecond", { nowMs: 0.5 + april.fromMs }],
  ])("refuses %s", (_what, changes) => expect(() => status(changes)).toThrow(RangeError));
});

const spentArb = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 18n });
const heldArb = fc.bigInt({ min: 0n, max: 10n ** 16n });
const standingArb: fc.Arbitrary<BudgetStanding> = fc
  .record({
    amount: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 10n ** 18n })),
    spent: fc.oneof(fc.constant(0n), spentArb),
    reserved: fc.oneof(fc.constant(0n), heldArb),
    kind: fc.constantFrom("hour" as const, "day" as const, "week" as const, "month" as const),
    atMs: fc.integer({ min: at("2015-01-01"), max: at("2035-12-31") }),
    awayMs: fc.oneof(fc.constant(0), fc.integer({ min: -40 * dayMs, max: 40 * dayMs })),
    thresholds: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 5 }),
  })
  .map(({ kind, atMs, awayMs, ...standing }) => ({
    ...standing,
    periodKind: kind,
    bounds: periodAt({ kind, zone: "Europe/Berlin" }, atMs),
    nowMs: atMs + awayMs,
  }));

/** The end of the period, which every calendar period has. */
const endOf = ({ bounds }: BudgetStanding): number => bounds.toMs ?? Number.NaN;

describe("every status", () => {
  it("accounts for the whole amount, and its state, ratio and thresholds agree", () => {
    fc.assert(
      fc.property(standingArb, (standing) => {
        const { remaining, state, utilization, thresholdsReached } = budgetStatus(standing);
        const { amount, spent, reserved } = standing;
        expect(remaining + spent + reserved).toBe(amount);
        expect(state === "exceeded").toBe(spent + reserved >= amount);
        if (state === "warning") expect(thresholdsReached.some((percent) => Number(percent) < 100)).toBe(true);
        if (state === "ok") expect(thresholdsReached).toEqual([]);
        if (utilization === undefined) expect(amount).toBe(0n);
        else {
          const scaled = BigInt(utilization.replace(".", ""));
          expect(scaled * amount <= (spent + reserved) * 10_000n).toBe(true);
          expect((scaled + 1n) * amount > (spent + reserved) * 10_000n).toBe(true);
          expect(scaled >= 10_000n).toBe(state === "exceeded");
        }
      }),
      { numRuns: 500 },
    );
  });

  it("projects at its period's end, and ever after, what was spent", () => {
    fc.assert(
      fc.property(standingArb, fc.integer({ min: 0, max: 400 * dayMs }), (standing, laterMs) => {
        const over = budgetStatus({ ...standing, nowMs: endOf(standing) + laterMs });
        expect(over.projectedSpend).toBe(standing.spent);
        expect(over.exhaustedAtMs).toBeUndefined();
      }),
    );
  });

  it("is exhausted at the first millisecond at which the pace so far uses up what is left", () => {
    fc.assert(
      fc.property(standingArb, (standing) => {
        const { exhaustedAtMs, remaining } = budgetStatus(standing);
        const { spent, bounds, nowMs } = standing;
        const passed = BigInt(Math.min(nowMs, endOf(standing)) - bounds.fromMs);
        /** Whether spending at the pace so far uses up by then what is left now; without a division. */
        const usedUp = (ms: number) => spent * BigInt(ms - nowMs) >= remaining * passed;
        if (exhaustedAtMs !== undefined) {
          expect(nowMs < exhaustedAtMs && exhaustedAtMs < endOf(standing)).toBe(true);
          expect(usedUp(exhaustedAtMs)).toBe(true);
          expect(usedUp(exhaustedAtMs - 1)).toBe(false);
        } else if (spent > 0n && remaining > 0n && bounds.fromMs < nowMs && nowMs < endOf(standing)) {
          expect(usedUp(endOf(standing) - 1)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("has a pace that makes what was spent over the time that has passed, to half a unit a day", () => {
    fc.assert(
      fc.property(standingArb, (standing) => {
        const { burnPerDay } = budgetStatus(standing);
        const passed = BigInt(Math.min(standing.nowMs, endOf(standing)) - standing.bounds.fromMs);
        expect(burnPerDay === undefined).toBe(passed <= 0n);
        if (burnPerDay === undefined) return;
        const off = burnPerDay * passed - standing.spent * BigInt(dayMs);
        expect((off < 0n ? -off : off) * 2n <= passed).toBe(true);
      }),
    );
  });
});
