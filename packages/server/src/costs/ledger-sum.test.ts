/** What an operation that writes sums of the ledger, compared with what the cost endpoints answer. */
import { formatMoney } from "@llm-cost-ops/core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { storeWrite } from "../store/operation.ts";
import { ledgerRecords } from "./arbitrary-ledger-fixture.ts";
import { filtersWithoutHours, noFilter, periods, zones } from "./arbitrary-question-fixture.ts";
import { always } from "./cost-filter.ts";
import type { AggregateQuestion } from "./cost-query.ts";
import { plainRecord } from "./ledger-fixture.ts";
import { sumLedger } from "./ledger-sum.ts";
import { openTestedLedgers, type TestedLedgers } from "./tested-ledger-fixture.ts";

let ledgers: TestedLedgers;
beforeAll(async () => {
  ledgers = await openTestedLedgers(Date.UTC(2026, 10, 21));
});
afterAll(() => ledgers.close());

interface Asked {
  readonly organizationId: string;
  readonly question: AggregateQuestion;
  readonly currency: string | undefined;
}

const sum = storeWrite(
  "test.sum",
  (connection, { organizationId, question, currency }: Asked) =>
    sumLedger(connection, organizationId, question, { currency }),
  "it changes nothing",
);

const questions = fc.record({
  period: fc.tuple(periods, fc.constantFrom(...zones)).map(([period, zone]) => ({ ...period, zone })),
  filter: filtersWithoutHours,
  groupBy: fc.constant([]),
  metrics: fc.constant(["sum", "count"] as const),
});

test("a sum within a write has the digits of the cost endpoints, over hostile records, zones and filters", async () => {
  await fc.assert(
    fc.asyncProperty(ledgerRecords, fc.array(questions, { minLength: 4, maxLength: 8 }), async (records, asked) => {
      const { store, query } = await ledgers.open(records);
      for (const question of asked) {
        const { totals } = await query.aggregate("default", question);
        for (const currency of ["USD", "EUR"]) {
          const found = await store.run(sum, { organizationId: "default", question, currency });
          const told = totals.find((one) => one.currency === currency)?.total_cost ?? "0";
          expect([question, formatMoney(found)]).toEqual([question, told]);
        }
        const tokens = await store.run(sum, { organizationId: "default", question, currency: undefined });
        expect(tokens).toBe(totals.reduce((all, one) => all + BigInt(one.total_tokens ?? 0), 0n));
      }
    }),
    { numRuns: 40 },
  );
});

test("a sum that outgrows the database's whole numbers has all of its digits", async () => {
  const tokens = Number.MAX_SAFE_INTEGER;
  const records = Array.from({ length: 1_200 }, (_, n) => ({
    ...plainRecord,
    id: `big-${n}`,
    occurredAtMs: Date.UTC(2026, 10, 16 + (n % 2), 12),
    inputTokens: tokens,
    outputTokens: 0,
  }));
  const { store } = await ledgers.open(records);
  const period = { ...always, zone: "UTC" };
  const question: AggregateQuestion = { period, filter: noFilter, groupBy: [], metrics: ["sum"] };
  const found = await store.run(sum, { organizationId: "default", question, currency: undefined });
  expect(found).toBe(1_200n * BigInt(tokens));
  expect(found).toBeGreaterThan(2n ** 63n);
});

test("a few of many series and users are sought one by one, to the same digits", async () => {
  const records = Array.from({ length: 120 }, (_, n) => ({
    ...plainRecord,
    id: `few-${n}`,
    occurredAtMs: Date.UTC(2026, 10, 10) + n * 3_333_333,
    project: `project ${n % 40}`,
    user: n % 3 === 0 ? null : `user ${n % 5}`,
    cost: BigInt(n) * 1_000_000_007n,
  }));
  const { store, query } = await ledgers.open(records);
  for (const zone of zones) {
    for (const userIds of [undefined, ["user 1", "user 2"]]) {
      const period = { fromMs: Date.UTC(2026, 10, 10, 5), toMs: Date.UTC(2026, 10, 14, 3, 20), zone };
      const filter = {
        ...noFilter,
        dimensions: { project_id: ["project 1", "project 2"] },
        ...(userIds && { userIds }),
      };
      const question: AggregateQuestion = { period, filter, groupBy: [], metrics: ["sum"] };
      const [told] = (await query.aggregate("default", question)).totals;
      const found = await store.run(sum, { organizationId: "default", question, currency: "USD" });
      expect(found).toBeGreaterThan(0n);
      expect(formatMoney(found)).toBe(told?.total_cost);
    }
  }
});
