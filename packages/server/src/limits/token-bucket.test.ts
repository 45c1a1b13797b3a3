import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Allowance, type Bucket, bucketAnswer, hasRoom, refill, spendOne } from "./token-bucket.ts";

/** A bucket and its clock, asked once at a time. */
function asked(allowance: Allowance) {
  let bucket: Bucket | undefined;
  return (nowMs: number) => {
    const full = refill(allowance, bucket, nowMs);
    const admitted = hasRoom(allowance, full);
    bucket = admitted ? spendOne(full) : full;
    return bucketAnswer(allowance, bucket, admitted);
  };
}

const allowances = fc.record({
  perMinute: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 1_000_000 })),
  burst: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1_000_000 })),
});
const stepsMs = fc.array(
  fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 90_000 })),
  {
    minLength: 1,
    maxLength: 120,
  },
);

describe("a bucket", () => {
  test("never admits more than its burst and what came in the time, in any window", () => {
    fc.assert(
      fc.property(allowances, stepsMs, (allowance, steps) => {
        const ask = asked(allowance);
        let nowMs = 0;
        const admittedAtMs: number[] = [];
        for (const step of steps) {
          nowMs += step;
          if (ask(nowMs).admitted) admittedAtMs.push(nowMs);
        }
        for (let from = 0; from < admittedAtMs.length; from += 1) {
          for (let to = from; to < admittedAtMs.length; to += 1) {
            const windowMs = (admittedAtMs[to] as number) - (admittedAtMs[from] as number);
            // Both sides times 60,000, so that nothing is divided.
            expect((to - from + 1) * 60_000).toBeLessThanOrEqual(
              allowance.burst * 60_000 + windowMs * allowance.perMinute,
            );
          }
        }
      }),
    );
  });

  test("admits at the very millisecond that it named, and not one earlier", () => {
    fc.assert(
      fc.property(allowances, fc.integer({ min: 0, max: 1_000_000 }), (allowance, startMs) => {
        const small = { ...allowance, burst: Math.min(allowance.burst, 50) };
        const early = asked(small);
        const exact = asked(small);
        for (let at = 0; at < small.burst; at += 1) {
          expect([early(startMs).admitted, exact(startMs).admitted]).toEqual([true, true]);
        }
        const { admitted, retryAfterMs, remaining } = exact(startMs);
        expect([admitted, remaining]).toEqual([false, 0]);
        expect(early(startMs + retryAfterMs - 1).admitted).toBe(false);
        expect(exact(startMs + retryAfterMs).admitted).toBe(true);
      }),
    );
  });

  test("says how many remain and when all are there again", () => {
    const ask = asked({ perMinute: 60, burst: 3 });
    expect(ask(0)).toEqual({ admitted: true, remaining: 2, retryAfterMs: 0, fullAfterMs: 1_000 });
    ask(0);
    expect(ask(0)).toEqual({ admitted: true, remaining: 0, retryAfterMs: 0, fullAfterMs: 3_000 });
    expect(ask(400)).toEqual({ admitted: false, remaining: 0, retryAfterMs: 600, fullAfterMs: 2_600 });
    expect(ask(3_000).remaining).toBe(2);
  });

  test("a clock that goes back gives nothing away and shuts nobody out", () => {
    fc.assert(
      fc.property(allowances, fc.integer({ min: 1, max: 100_000_000 }), (allowance, backMs) => {
        const small = { ...allowance, burst: Math.min(allowance.burst, 50) };
        const ask = asked(small);
        for (let at = 0; at < small.burst; at += 1) ask(200_000_000);
        const refused = ask(200_000_000 - backMs);
        expect(refused.admitted).toBe(false);
        expect(refused.retryAfterMs).toBe(Math.ceil(60_000 / small.perMinute));
        expect(ask(200_000_000 - backMs + refused.retryAfterMs).admitted).toBe(true);
      }),
    );
  });
});
