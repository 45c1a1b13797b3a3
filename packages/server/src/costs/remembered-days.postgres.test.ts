import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPostgres, type PostgresStore } from "../postgres/postgres-store.ts";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import type { Store } from "../store/operation.ts";
import { ledgerRecords } from "./arbitrary-ledger-fixture.ts";
import { dimension, filters, noFilter, periods, zones } from "./arbitrary-question-fixture.ts";
import { copyLedger } from "./copied-ledger-fixture.ts";
import { postgresCostQuery } from "./cost-query.postgres.ts";
import { sqliteCostQuery } from "./cost-query.sqlite.ts";
import type { AggregateQuestion, CostQuery } from "./cost-query.ts";
import { fixtureLedger } from "./ledger-fixture.ts";
import { SettledDayMemory } from "./settled-day-memory.ts";
import { settledDaysKey } from "./settled-days.postgres.ts";
import { settleAll } from "./settled-ledger-fixture.ts";

/** More for a longer look: `RUNS=500`. */
const numRuns = Number(process.env["RUNS"] ?? 10);

const server = sharedPostgres();
let store: PostgresStore;
let client: pg.Client;
beforeAll(async () => {
  const url = await server.databaseWithSchema();
  store = await openPostgres({ url, poolSize: 4, now: Date.now });
  client = new pg.Client({ connectionString: url });
  await client.connect();
}, 60_000);
afterAll(async () => {
  await client.end();
  await store.close();
  await server.drop();
});

/** Remembers from question to question, so many bytes of settled days at most. */
function remembering(bytesMax: number): Store {
  const state = new Map<symbol, unknown>([[settledDaysKey, new SettledDayMemory(bytesMax)]]);
  return {
    run: (operation, args) =>
      store.run({ ...operation, run: (connection, given) => operation.run({ ...connection, state }, given) }, args),
  };
}

const question: fc.Arbitrary<AggregateQuestion> = fc
  .tuple(
    fc.oneof(
      fc.uniqueArray(dimension, { maxLength: 3 }),
      fc.constantFrom<AggregateQuestion["groupBy"]>(["user"], ["day", "user"], ["week"], [], ["user", "organization"]),
    ),
    fc.constantFrom(...zones),
    periods,
    fc.oneof(fc.constant(noFilter), filters),
    fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  )
  .map(([groupBy, zone, within, filter, top]) => ({
    ...{ period: { ...within, zone }, filter, groupBy, metrics: ["sum", "count", "avg"] as const },
    ...(top !== undefined && { top }),
  }));

const round = fc.record({
  records: ledgerRecords,
  /** Which days are left open, of every so many; which have no sums of users; which none of series. */
  open: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(4)),
  withoutUsers: fc.tuple(fc.integer({ min: 2, max: 5 }), fc.nat(6)),
  withoutSeries: fc.tuple(fc.integer({ min: 2, max: 5 }), fc.nat(6)),
  batches: fc.array(fc.array(question, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }),
  organization: fc.constantFrom("default", "default", "other"),
});

test("what a process remembers of settled days changes no answer", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(round, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(64 * 1024 * 1024, 64 * 1024 * 1024, 0, 1_000, 5_000),
      async (rounds, bytesMax) => {
        const remembered = postgresCostQuery(remembering(bytesMax));
        const ledger = fixtureLedger();
        for (const [at, { records, open, withoutUsers, withoutSeries, batches, organization }] of rounds.entries()) {
          ledger.add(
            records.map((record) => ({
              ...record,
              id: `${at}${record.id}`,
              inputTokens: Math.min(record.inputTokens, 2 ** 50),
            })),
          );
          const answers = async (query: CostQuery): Promise<string> => {
            const found: unknown[] = [];
            for (const batch of batches) {
              found.push(await query.aggregateAll(organization, batch));
              const [{ period, filter }] = batch as [AggregateQuestion];
              found.push(await query.aggregate(organization, batch[0] as AggregateQuestion));
              const previous = { ...period, fromMs: period.fromMs - 5 * 86_400_000, toMs: period.fromMs + 86_400_000 };
              found.push(await query.summarize(organization, { period, previous, filter }));
            }
            return JSON.stringify(found);
          };
          // The truth: row by row, of days that nobody settled.
          ledger.db.exec("UPDATE rollup_days SET state = 0, users = NULL");
          const truth = await answers(sqliteCostQuery(ledger.threads));
          await settleAll(ledger.threads);
          ledger.db.exec(`UPDATE rollup_days SET state = 0, users = NULL WHERE day % ${open[0] + 1} = ${open[1]};
            UPDATE rollup_days SET users = NULL WHERE day % ${withoutUsers[0]} = ${withoutUsers[1]};
            DELETE FROM settled_series WHERE day % ${withoutSeries[0]} = ${withoutSeries[1]};`);
          await copyLedger(ledger.db, client);
          expect(await answers(remembered)).toBe(truth);
          expect(await answers(remembered)).toBe(truth);
          expect(await answers(sqliteCostQuery(ledger.threads))).toBe(truth);
        }
      },
    ),
    { numRuns },
  );
});
