import fc from "fast-check";
import { expect, test } from "vitest";
import { type Grain, planSegments } from "./rollup-plan.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const days: Grain<"day" | "hour" | "record">[] = [
  { source: "day", unitMs: dayMs },
  { source: "hour", unitMs: hourMs },
];
const unitMs = { day: dayMs, hour: hourMs, record: 1 };

/** How often each bucket counts the instant, by the plan. */
function weights(plan: ReturnType<typeof planSegments<"day" | "hour" | "record">>, at: number): Map<number, number> {
  const found = new Map<number, number>();
  const add = (bucket: number, weight: number): void => {
    const sum = (found.get(bucket) ?? 0) + weight;
    if (sum === 0) found.delete(bucket);
    else found.set(bucket, sum);
  };
  for (const { source, from, to, plus, minus } of plan) {
    if (at < from * unitMs[source] || at >= to * unitMs[source]) continue;
    if (plus !== -1) add(plus, 1);
    if (minus !== -1) add(minus, -1);
  }
  return found;
}

const instant = fc.oneof(
  fc.integer({ min: -3 * dayMs, max: 5 * dayMs }),
  fc.integer({ min: -3 * 24, max: 5 * 24 }).map((hour) => hour * hourMs),
  fc.integer({ min: -3 * 48, max: 5 * 48 }).map((half) => half * (hourMs / 2)),
);

test("every instant counts once in its own bucket and nowhere else, wherever the buckets end", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(instant, { minLength: 2, maxLength: 12 }).map((list) => list.sort((a, b) => a - b)),
      fc.array(instant, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 0, max: 2 }),
      (bounds, probes, skip) => {
        const plan = planSegments(bounds, days.slice(skip), "record");
        for (const at of [...probes, ...bounds, ...bounds.map((bound) => bound - 1)]) {
          const bucket = bounds.findLastIndex((bound) => bound <= at);
          const expected = bucket === -1 || bucket === bounds.length - 1 ? [] : [[bucket, 1]];
          expect([...weights(plan, at)]).toEqual(expected);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("of windows every instant counts once in its own bucket, and what lies outside them nowhere", () => {
  const ascending = (list: number[]): number[] => list.sort((a, b) => a - b);
  fc.assert(
    fc.property(
      fc.uniqueArray(instant, { minLength: 2, maxLength: 8 }).map(ascending),
      fc.uniqueArray(instant, { maxLength: 16 }).map(ascending),
      fc.integer({ min: 0, max: 2 }),
      (bounds, ends, skip) => {
        const windows = ends.flatMap((toMs, at) => (at % 2 === 0 ? [] : [{ fromMs: ends[at - 1] ?? 0, toMs }]));
        const plan = planSegments(bounds, days.slice(skip), "record", windows);
        for (const at of [...bounds, ...ends].flatMap((end) => [end - 1, end])) {
          const bucket = bounds.findLastIndex((bound) => bound <= at);
          const isWithin = windows.some(({ fromMs, toMs }) => at >= fromMs && at < toMs);
          const counts = isWithin && bucket !== -1 && bucket < bounds.length - 1;
          expect([...weights(plan, at)]).toEqual(counts ? [[bucket, 1]] : []);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("days five hours behind UTC cost five hours of each day beside the daily rows", () => {
  const bounds = Array.from({ length: 31 }, (_, day) => day * dayMs + 5 * hourMs);
  const plan = planSegments(bounds, days, "record");
  const hours = plan.filter(({ source }) => source === "hour").reduce((sum, { from, to }) => sum + to - from, 0);
  expect(hours).toBe(31 * 5);
  expect(plan.some(({ source }) => source === "record")).toBe(false);
});

test("half-hour zones read half an hour of records a day", () => {
  const bounds = Array.from({ length: 11 }, (_, day) => day * dayMs + 18.5 * hourMs);
  const plan = planSegments(bounds, days, "record");
  const records = plan.filter(({ source }) => source === "record").reduce((sum, { from, to }) => sum + to - from, 0);
  expect(records).toBe(11 * (hourMs / 2));
});

test("one hour of each week of a year is that many hourly units, and no records", () => {
  const bounds = [0, 364 * dayMs];
  const windows = Array.from({ length: 52 }, (_, week) => ({
    fromMs: week * 7 * dayMs + 9 * hourMs,
    toMs: week * 7 * dayMs + 10 * hourMs,
  }));
  const plan = planSegments(bounds, days, "record", windows);
  expect(plan.map(({ source, from, to }) => [source, to - from])).toEqual(windows.map(() => ["hour", 1]));
});
