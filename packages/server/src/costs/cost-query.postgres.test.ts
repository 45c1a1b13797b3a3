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
import { fixtureLedger, plainRecord } from "./ledger-fixture.ts";
import { readOrder } from "./list-order.ts";
import { settleMost } from "./settled-ledger-fixture.ts";

let server: PostgresUnderTest;
let store: PostgresStore;
let client: pg.Client;
beforeAll(async () => {
  server = await startPostgres();
  const url = await server.databaseWithSchema();
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
      await settleMost(ledger);
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
              await query.aggregate("default", { ...aggregated, top: limit }),
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

  test("agree about one series of many, which is listed, and about most of them, which are not", async () => {
    const ledger = fixtureLedger();
    ledger.add(
      Array.from({ length: 40 }, (_, n) => ({
        ...plainRecord,
        id: `call-${n}`,
        model: `model-${n % 20}`,
        user: n % 3 === 0 ? null : "ana",
        cost: n % 7 === 0 ? null : BigInt(n),
        occurredAtMs: plainRecord.occurredAtMs + n * 1_234_567,
      })),
    );
    await copyLedger(ledger.db, client);
    for (const models of [["model-3"], ["model-0", "model-7"], Array.from({ length: 19 }, (_, n) => `model-${n}`)]) {
      for (const ids of [undefined, ["call-3", "call-7", "call-27"]]) {
        const ask = {
          period: {
            fromMs: plainRecord.occurredAtMs + 5_000_000,
            toMs: plainRecord.occurredAtMs + 86_400_000,
            zone: "UTC",
          },
          filter: { dimensions: {}, tags: [], models, ...(ids !== undefined && { ids }) },
          groupBy: ["user", "model"],
          metrics: ["sum", "count"],
        } as const;
        expect(await postgresCostQuery(forgetful()).aggregate("default", ask)).toEqual(
          await sqliteCostQuery(ledger.threads).aggregate("default", ask),
        );
      }
    }
  });
});
