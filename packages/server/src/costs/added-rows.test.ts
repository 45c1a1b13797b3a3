import { afterAll, beforeAll, expect, test } from "vitest";
import { always, type RecordFilter } from "./cost-filter.ts";
import type { AggregateQuestion } from "./cost-query.ts";
import { type FixtureRecord, plainRecord } from "./ledger-fixture.ts";
import { openTestedLedgers, type TestedLedgers } from "./tested-ledger-fixture.ts";

const nowMs = Date.UTC(2026, 10, 21, 15);
const filter: RecordFilter = { dimensions: {}, tags: [] };

let ledgers: TestedLedgers;
beforeAll(async () => {
  ledgers = await openTestedLedgers(nowMs);
});
afterAll(() => ledgers.close());

/** Each of a model of its own, so that rollups keep them apart and a question adds them up. */
const records = (count: number, vary: (n: number) => Partial<FixtureRecord>): FixtureRecord[] =>
  Array.from({ length: count }, (_, n) => ({
    ...plainRecord,
    id: `01900000-0000-7000-8000-${n.toString().padStart(12, "0")}`,
    model: `model-${n}`,
    resolvedModel: `model-${n}`,
    ...vary(n),
  }));

const asked = (groupBy: AggregateQuestion["groupBy"], more: Partial<RecordFilter> = {}): AggregateQuestion => ({
  period: { fromMs: always.fromMs, toMs: always.toMs, zone: "UTC" },
  filter: { ...filter, ...more },
  groupBy,
  metrics: ["sum", "count"],
});

test("sums beyond the integers of a database, and beyond doubles, are exact", async () => {
  // 1,100 × (2^53 − 1) is more than 2^63.
  const { query } = await ledgers.open(records(1_100, () => ({ inputTokens: Number.MAX_SAFE_INTEGER })));
  const whole = String(1_100n * BigInt(Number.MAX_SAFE_INTEGER));
  for (const groupBy of [["user"], ["day"], [], ["user", "day"]] as const) {
    const { rows } = await query.aggregate("default", asked(groupBy));
    expect(rows.map((row) => [row.input_tokens, row.output_tokens, row.total_requests])).toEqual([
      [whole, 110_000, 1_100],
    ]);
  }
});

test("who recorded without a user is told apart, also where there is one currency alone", async () => {
  const days = [0, 1, 26].map((hours) => Date.UTC(2026, 10, 16, 12 + hours));
  const { query } = await ledgers.open(
    records(9, (n) => ({ user: n % 3 === 0 ? null : `user-${n % 3}`, occurredAtMs: days[n % days.length] ?? 0 })),
  );
  const byUser = await query.aggregate("default", asked(["user"]));
  expect(byUser.rows.map((row) => [row["user"], row.total_requests]).toSorted()).toEqual(
    [
      [null, 3],
      ["user-1", 3],
      ["user-2", 3],
    ].toSorted(),
  );
  const some = await query.aggregate("default", asked(["user"], { models: ["model-1", "model-3", "model-4"] }));
  expect(some.rows.map((row) => [row["user"], row.total_requests])).toEqual([
    ["user-1", 2],
    [null, 1],
  ]);
});
