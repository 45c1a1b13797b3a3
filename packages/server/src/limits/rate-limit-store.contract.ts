import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { RateLimitStore } from "./rate-limit-store.ts";
import { type Allowance, type Bucket, type BucketAnswer, hasRoom, refill, spendOne } from "./token-bucket.ts";

/** A store as one process has it. */
export interface StoreOfProcess extends RateLimitStore {
  maintain?(): Promise<void>;
  close?(): Promise<void>;
}

/** Opens so many stores of processes that share their buckets, of which nothing was spent, on the given clock. */
export type OpenStores = (clock: () => number, processes: number) => Promise<readonly StoreOfProcess[]>;

/** Counts what is admitted, and holds it against one bucket that would have admitted it all. */
function watched(allowance: Allowance) {
  let bucket: Bucket | undefined;
  const seen = { admitted: 0, refused: 0, beyond: 0 };
  return {
    seen,
    note(answer: BucketAnswer, nowMs: number): void {
      if (!answer.admitted) {
        seen.refused += 1;
        expect(answer.retryAfterMs).toBeGreaterThan(0);
        return;
      }
      seen.admitted += 1;
      bucket = refill(allowance, bucket, nowMs);
      if (!hasRoom(allowance, bucket)) seen.beyond += 1;
      bucket = spendOne(bucket);
    },
  };
}

const startMs = 1_000_000;

/** What every store of buckets must do, with as many processes as it is for. */
export function describeRateLimitStore(
  name: string,
  open: OpenStores,
  { processesMax, runs }: { readonly processesMax: number; readonly runs: number },
): void {
  describe(`buckets in ${name}`, () => {
    const opened: StoreOfProcess[] = [];
    const openHere = async (clock: () => number, processes: number): Promise<readonly StoreOfProcess[]> => {
      const stores = await open(clock, processes);
      opened.push(...stores);
      return stores;
    };
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close?.();
    });
    const one = async () => {
      const time = { nowMs: startMs };
      const [store] = await openHere(() => time.nowMs, 1);
      const take = async (caller: string, allowance: Allowance, limit = "l") =>
        (await (store as StoreOfProcess).take([{ limit, allowance, caller }]))[0] as BucketAnswer;
      return { time, store: store as StoreOfProcess, take };
    };

    test("admit the burst at once, then say when to come back, and admit then", async () => {
      const { time, take } = await one();
      const allowance = { perMinute: 60, burst: 3 };
      const first = await take("a", allowance);
      expect(first).toEqual({ admitted: true, remaining: 2, retryAfterMs: 0, fullAfterMs: 1_000 });
      await take("a", allowance);
      expect(await take("a", allowance)).toMatchObject({ admitted: true, remaining: 0, fullAfterMs: 3_000 });
      const beyond = await take("a", allowance);
      expect(beyond).toEqual({ admitted: false, remaining: 0, retryAfterMs: 1_000, fullAfterMs: 3_000 });
      time.nowMs += beyond.retryAfterMs;
      expect((await take("a", allowance)).admitted).toBe(true);
      expect((await take("a", allowance)).admitted).toBe(false);
    });

    test("let callers and limits not touch each other", async () => {
      const { take } = await one();
      const allowance = { perMinute: 60, burst: 1 };
      await take("a", allowance);
      const others = [await take("a", allowance), await take("b", allowance), await take("a", allowance, "other")];
      expect(others.map(({ admitted }) => admitted)).toEqual([false, true, true]);
    });

    test("use up no bucket with a request that another one refuses", async () => {
      const { store, take } = await one();
      const allowance = { perMinute: 60, burst: 2 };
      const both = ["key", "organization"].map((limit) => ({ limit, allowance, caller: limit }));
      for (let at = 0; at < 2; at += 1) await take("key", allowance, "key");
      for (let at = 0; at < 5; at += 1) {
        expect((await store.take(both)).map(({ admitted }) => admitted)).toEqual([false, true]);
      }
      expect((await take("organization", allowance, "organization")).remaining).toBe(1);
    });

    test("follow an allowance that changes", async () => {
      const { time, take } = await one();
      for (let at = 0; at < 50; at += 1) await take("a", { perMinute: 600, burst: 100 });
      const small = { perMinute: 6, burst: 2 };
      const answers = [];
      for (let at = 0; at < 3; at += 1) answers.push((await take("a", small)).admitted);
      expect(answers).toContain(false);
      time.nowMs += 600_000;
      for (let at = 0; at < 3; at += 1) answers.push((await take("a", small)).admitted);
      expect(answers.slice(3)).toEqual([true, true, false]);
    });

    const shapes: readonly Allowance[] = [
      { perMinute: 600, burst: 60 },
      { perMinute: 6_000, burst: 5 },
      { perMinute: 60_000, burst: 6_000 },
      { perMinute: 60, burst: 1 },
    ];
    test.each(shapes)("give a process that is alone and busy nearly all of %o", async (allowance) => {
      const { time, take } = await one();
      const { seen, note } = watched(allowance);
      const stepMs = 20;
      const lengthMs = Math.max(4_000, (20 * 60_000) / allowance.perMinute);
      // Three times as many as are allowed, beginning with the burst.
      const perStep = Math.ceil((3 * allowance.perMinute * stepMs) / 60_000);
      let offered = allowance.burst;
      for (; time.nowMs < startMs + lengthMs; time.nowMs += stepMs) {
        const asked = Array.from({ length: offered }, () => take("a", allowance));
        for (const answer of await Promise.all(asked)) note(answer, time.nowMs);
        offered = perStep;
      }
      // What comes between two steps is lost beyond the burst.
      const exact = allowance.burst + (lengthMs * allowance.perMinute) / 60_000;
      expect(seen.beyond).toBe(0);
      expect(seen.admitted).toBeGreaterThanOrEqual(Math.floor(exact * 0.95) - 1);
    });

    const steps = fc.array(
      fc.record({
        process: fc.nat({ max: processesMax - 1 }),
        requests: fc.nat({ max: 12 }),
        passedMs: fc.oneof(
          fc.constant(0),
          fc.nat({ max: 60 }),
          fc.integer({ min: 0, max: 1_500 }),
          fc.nat({ max: 8_000 }),
        ),
        isAwaited: fc.boolean(),
        isMaintained: fc.boolean(),
      }),
      { minLength: 5, maxLength: 80 },
    );
    test("together never admit more than one bucket would, in whatever order and at whatever time", async () => {
      let run = 0;
      const time = { nowMs: startMs };
      const stores = await openHere(() => time.nowMs, processesMax);
      await fc.assert(
        fc.asyncProperty(
          fc.record({ perMinute: fc.constantFrom(60, 600, 60_000), burst: fc.constantFrom(1, 3, 20, 400) }),
          steps,
          async (allowance, played) => {
            run += 1;
            const { seen, note } = watched(allowance);
            let pending: Promise<void>[] = [];
            for (const { process, requests, passedMs, isAwaited, isMaintained } of played) {
              const store = stores[process] as StoreOfProcess;
              for (let at = 0; at < requests; at += 1) {
                const answers = store.take([{ limit: "l", allowance, caller: `${run}` }]);
                const noteAll = ([answer]: readonly BucketAnswer[]) => note(answer as BucketAnswer, time.nowMs);
                if (answers instanceof Promise) pending.push(answers.then(noteAll));
                else noteAll(answers);
              }
              if (isMaintained) await store.maintain?.();
              if (isAwaited) {
                await Promise.all(pending);
                pending = [];
              }
              // What was decided by now is noted by now; trips may go on while time passes.
              await new Promise(setImmediate);
              time.nowMs += passedMs;
            }
            await Promise.all(pending);
            expect(seen.beyond).toBe(0);
          },
        ),
        { numRuns: runs },
      );
    });

    test("let processes that are all busy have nearly all together, and each of them some", async () => {
      const allowance = { perMinute: 6_000, burst: 600 };
      const { seen, note } = watched(allowance);
      const time = { nowMs: startMs };
      const stores = await openHere(() => time.nowMs, processesMax);
      const admittedBy = stores.map(() => 0);
      const lengthMs = 10_000;
      for (; time.nowMs < startMs + lengthMs; time.nowMs += 10) {
        await Promise.all(
          stores.map(async (store, at) => {
            for (let asked = 0; asked < 3; asked += 1) {
              const [answer] = await store.take([{ limit: "l", allowance, caller: "a" }]);
              note(answer as BucketAnswer, time.nowMs);
              if (answer?.admitted) admittedBy[at] = (admittedBy[at] ?? 0) + 1;
            }
          }),
        );
      }
      expect(seen.beyond).toBe(0);
      expect(seen.admitted).toBeGreaterThan(0.9 * (allowance.burst + (lengthMs * allowance.perMinute) / 60_000));
      for (const admitted of admittedBy) expect(admitted).toBeGreaterThan(seen.admitted / (4 * stores.length));
    });
  });
}
