import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { leaseMs, processLifeMs, type SharedBuckets } from "./shared-buckets.ts";
import { modelBuckets } from "./shared-buckets-fixture.ts";

/**
 * Opens so many connections to the same buckets, of which nothing was spent, on the store's clock or on a given one, which
 * is read when an ask is sent: so on a given clock only the asks of one connection take effect in the order of time.
 */
export type OpenBuckets = (connections: number, clock?: () => number) => Promise<readonly SharedBuckets[]>;

const startMs = 1_750_000_000_000;
const counts = fc.nat({ max: 6 });
const asks = fc.record({
  process: fc.constantFrom("one", "two", "three"),
  passedMs: fc.oneof(
    fc.constant(0),
    fc.nat({ max: 400 }),
    fc.nat({ max: 2 * leaseMs }),
    fc.integer({ min: -50, max: 0 }),
  ),
  perMinute: fc.constantFrom(30, 600, 1_000_000),
  burst: fc.constantFrom(1, 5, 100, 1_000_000),
  keep: counts,
  giveBack: counts,
  idleMs: fc.nat({ max: 3_000 }),
  need: counts,
  ahead: fc.constantFrom(0, 0, 3, 50, 250_000),
});

/** What every store of shared buckets must do. */
export function describeSharedBuckets(store: string, open: OpenBuckets): void {
  describe(`shared buckets in ${store}`, () => {
    const opened: SharedBuckets[] = [];
    const openAll = async (connections: number, clock?: () => number): Promise<readonly SharedBuckets[]> => {
      const all = await open(connections, clock);
      opened.push(...all);
      return all;
    };
    const openHere = async (clock?: () => number): Promise<SharedBuckets> => {
      const [buckets] = await openAll(1, clock);
      return buckets as SharedBuckets;
    };
    afterEach(async () => {
      for (const buckets of opened.splice(0)) await buckets.close();
    });

    test("answer every ask as the model does", async () => {
      const time = { nowMs: startMs };
      const buckets = await openHere(() => time.nowMs);
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(asks, { minLength: 1, maxLength: 30 }), async (steps) => {
          const model = modelBuckets(() => time.nowMs);
          run += 1;
          for (const { process, passedMs, perMinute, burst, ahead, ...ask } of steps) {
            time.nowMs += passedMs;
            // Two buckets in one trip, of which the second has an allowance that changes.
            const both = [
              { bucket: `${run} a`, allowance: { perMinute: 600, burst: 10 }, ...ask, want: ask.need + ahead },
              { bucket: `${run} b`, allowance: { perMinute, burst }, ...ask, want: ask.need + ahead },
            ];
            expect(await buckets.lease(process, both)).toEqual(await model.lease(process, both));
          }
        }),
        { numRuns: 60 },
      );
    });

    test("count the processes that were heard of lately", async () => {
      const time = { nowMs: startMs + 1_000_000 };
      const buckets = await openHere(() => time.nowMs);
      expect([await buckets.countProcesses("one"), await buckets.countProcesses("two")]).toEqual([1, 2]);
      time.nowMs += processLifeMs;
      expect(await buckets.countProcesses("two")).toBe(1);
    });

    test("grant no more than there is to many connections that ask at once", async () => {
      const connections = await openAll(4);
      const ask = { allowance: { perMinute: 6_000, burst: 300 }, keep: 0, giveBack: 0, idleMs: 0, need: 1, want: 7 };
      const sent: Promise<readonly { readonly granted: number }[]>[] = [];
      const startedAtMs = performance.now();
      for (let at = 0; at < 400; at += 1) {
        const both = ["a", "b"].map((bucket) => ({ ...ask, bucket }));
        sent.push((connections[at % 4] as SharedBuckets).lease(`${at % 4}`, both));
      }
      const answers = await Promise.all(sent);
      const passedMs = performance.now() - startedAtMs;
      for (const at of [0, 1]) {
        const granted = answers.reduce((sum, each) => sum + (each[at]?.granted ?? 0), 0);
        expect(granted).toBeGreaterThanOrEqual(300);
        expect(granted).toBeLessThanOrEqual(300 + Math.ceil((passedMs * 6_000) / 60_000));
      }
    });

    test("keep time by a clock of their own", async () => {
      const buckets = await openHere();
      const ask = { bucket: "own clock", allowance: { perMinute: 60, burst: 3 }, keep: 0, giveBack: 0, idleMs: 0 };
      const answers = await buckets.lease("one", [{ ...ask, need: 2, want: 2 }]);
      expect(answers).toEqual([{ kept: 0, granted: 2, spent: 120_000 }]);
    });
  });
}
