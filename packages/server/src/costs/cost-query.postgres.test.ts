import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PostgresUnderTest, startPostgres } from "../postgres/postgres-fixture.ts";
import { openPostgres, type PostgresStore } from "../postgres/postgres-store.ts";
import type { Store } from "../store/operation.ts";
import { ledgerRecords } from "./arbitrary-ledger-fixture.ts";
import { dimension, filters, orders, periods, zones } from "./arbitrary-question-fixture.ts";
import { copyLedger } from "./copied-ledger-fixture.ts";
import { describeCostQuery } from "./cost-query.contract.ts";
import { postgresCostQuery } from "./cost-query.postgres.ts";
import { sqliteCostQuery } from "./cost-query.sqlite.ts";
import type { CostQuery } from "./cost-query.ts";
import { fixtureLedger } from "./ledger-fixture.ts";
import { readOrder } from "./list-order.ts";

let server: PostgresUnderTest;
let store: PostgresStore;
let client: pg.Client;
beforeAll(async () => {
  server = await startPostgres();
  const url = await server.database();
  store = await openPostgres({ url, poolSize: 4, now: Date.now });
  client = new pg.Client({ connectionString: url });
  await client.connect();
}, 60_000);
afterAll(async () => {
  await client.end();
  await store.close();
  await server.stop();
});

/** A store that remembers nothing of the ledgers before. */
function forgetful(): Store {
  const state = new Map<symbol, unknown>();
  return {
    run: (operation, args) =>
      store.run({ ...operation, run: (connection, given) => operation.run({ ...connection, state }, given) }, args),
  };
}

describeCostQuery("PostgreSQL", 60, async () => {
  const ledger = fixtureLedger();
  await copyLedger(ledger.db, client);
  return {
    query: postgresCostQuery(forgetful()),
    add: async (records) => {
      ledger.add(records);
      await copyLedger(ledger.db, client);
    },
  };
});

describe("both stores", () => {
  test("answer every question with the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        ledgerRecords,
        fc.uniqueArray(dimension, { maxLength: 4 }),
        fc.constantFrom(...zones),
        periods,
        filters,
        orders,
        fc.integer({ min: 1, max: 13 }),
        async (records, groupBy, zone, within, filter, orderBy, limit) => {
          const small = records.map((record) => ({ ...record, inputTokens: Math.min(record.inputTokens, 2 ** 50) }));
          const ledger = fixtureLedger();
          ledger.add(small);
          await copyLedger(ledger.db, client);
          const period = { ...within, zone };
          const previous = { ...period, fromMs: period.fromMs - 86_400_000, toMs: period.fromMs };
          const aggregated = { period, filter, groupBy, metrics: ["sum", "count", "avg"] as const };
          const listed = { period, filter, order: readOrder(orderBy), limit, offset: limit % 3 };
          const ids = small.slice(0, 5).map(({ id }) => id);
          const answers = async (query: CostQuery): Promise<string> => {
            const first = await query.listCosts("default", listed);
            return JSON.stringify([
              await query.aggregate("default", aggregated),
              ids.length === 0 ? null : await query.aggregate("default", { ...aggregated, filter: { ...filter, ids } }),
              await query.summarize("default", { period, previous, filter }),
              first,
              first.end && (await query.listCosts("default", { ...listed, after: first.end })),
              await query.listUsage("default", listed),
              Buffer.from(await query.sortedIds("default", { ...listed, limit: 1_000 })).toString("hex"),
              await query.extent("default"),
            ]);
          };
          expect(await answers(postgresCostQuery(forgetful()))).toBe(await answers(sqliteCostQuery(ledger.threads)));
        },
      ),
      { numRuns: 100 },
    );
  });
});
