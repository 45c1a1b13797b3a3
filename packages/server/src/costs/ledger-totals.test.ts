/** What an operation that writes sums of the ledger, compared with what the cost endpoints answer. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { storeWrite } from "../store/operation.ts";
import { ledgerRecords } from "./arbitrary-ledger-fixture.ts";
import { filters, periods, zones } from "./arbitrary-question-fixture.ts";
import type { AggregateQuestion } from "./cost-query.ts";
import { totalLedger } from "./ledger-totals.ts";
import { openTestedLedgers, type TestedLedgers } from "./tested-ledger-fixture.ts";

let ledgers: TestedLedgers;
beforeAll(async () => {
  ledgers = await openTestedLedgers(Date.UTC(2026, 10, 21));
});
afterAll(() => ledgers.close());

interface Asked {
  readonly organizationId: string;
  readonly question: AggregateQuestion;
}

const total = storeWrite(
  "test.total",
  (connection, { organizationId, question }: Asked) => totalLedger(connection, organizationId, question),
  "it changes nothing",
);

const questions = fc.record({
  period: fc.tuple(periods, fc.constantFrom(...zones)).map(([period, zone]) => ({ ...period, zone })),
  filter: filters,
  groupBy: fc.constant([]),
  metrics: fc.constant(["sum", "count"] as const),
});

test("a sum within a write has the digits of the cost endpoints, over hostile records, zones and filters", async () => {
  await fc.assert(
    fc.asyncProperty(ledgerRecords, fc.array(questions, { minLength: 4, maxLength: 8 }), async (records, asked) => {
      const { store, query } = await ledgers.open(records);
      for (const question of asked) {
        const found = await store.run(total, { organizationId: "default", question });
        expect(found).toEqual(await query.aggregate("default", question));
      }
    }),
    { numRuns: 40 },
  );
});
