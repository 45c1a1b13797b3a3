import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPostgres, type PostgresStore } from "../postgres/postgres-store.ts";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { openWriter } from "../sqlite/connection.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { type RunningSqliteThreads, startSqliteThreads } from "../sqlite/threads.ts";
import type { Store } from "../store/operation.ts";
import { type PostgresLedger, startPostgresLedger } from "./ledger.postgres.ts";
import { createSqliteLedger } from "./ledger.sqlite.ts";
import type { Ledger, UsageBytes } from "./ledger.ts";
import { seedPostgresPrices, seedPrices, temporaryFolder } from "./ledger-fixture.ts";
import { getUsage } from "./operations.sql.ts";

const server = sharedPostgres();
let postgres: { readonly store: PostgresStore; readonly ledger: PostgresLedger };
let sqlite: { readonly store: Store; readonly ledger: Ledger };
let threads: RunningSqliteThreads;
const folder = temporaryFolder();

beforeAll(async () => {
  const url = await server.databaseWithSchema();
  await seedPostgresPrices(url);
  postgres = {
    store: await openPostgres({ url, poolSize: 2, now: Date.now }),
    ledger: await startPostgresLedger({ url }),
  };
  const db = openWriter(folder.file);
  seedPrices(db);
  db.close();
  threads = await startSqliteThreads({ path: folder.file });
  sqlite = { store: sqliteStore(threads), ledger: createSqliteLedger(threads) };
}, 60_000);
afterAll(async () => {
  await postgres.ledger.close();
  await postgres.store.close();
  await threads.close();
  await server.drop();
  folder.remove();
});

/** Few ids and few contents, so that the same call comes again and other content comes under a known id. */
const event = fc.record(
  {
    id: fc.constantFrom("a", "b", "c", "d", "e", "größe", "0198C0DE-0000-7000-8000-0000000000AB", "x".repeat(200)),
    provider: fc.constantFrom("openai", "Azure OpenAI", "nobody", undefined),
    model: fc.constantFrom("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "unheard-of", "größer ✓"),
    input_tokens: fc.constantFrom(0, 1, 1_000, Number.MAX_SAFE_INTEGER, -1),
    output_tokens: fc.constantFrom(0, 7),
    occurred_at: fc.constantFrom(
      "2026-01-31T23:59:59.999Z",
      "2026-02-01T00:00:00Z",
      "1970-01-01T00:00:00Z",
      "9999-12-31T23:59:59Z",
    ),
    user_id: fc.constantFrom("ann", "NULL", "{a,b}", "'); --", 'o\'neill \\ "q"', null),
    service_tier: fc.constantFrom("batch", "priority", undefined),
    tags: fc.constantFrom({ team: "a" }, { team: "ü,{}" }, undefined),
    metadata: fc.constantFrom({ note: "a\\b\tc" }, undefined),
    status: fc.constantFrom("success", "error"),
  },
  { requiredKeys: ["id", "model", "occurred_at", "status"] },
);
const cost = fc.record({
  id: fc.constantFrom("a", "b", "cost"),
  cost: fc.constantFrom("0.0375", "-2.5", "1e3", "9007199254740993"),
  occurred_at: fc.constant("2026-01-15T10:00:00Z"),
});
const body = fc.oneof(
  fc.record({ entry: fc.constant("usage" as const), records: fc.array(event, { minLength: 1, maxLength: 40 }) }),
  fc.record({ entry: fc.constant("cost" as const), records: fc.array(cost, { minLength: 1, maxLength: 5 }) }),
);

let runs = 0;

it("answers and stores the same on both stores, byte for byte, whatever comes twice or cannot be recorded", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(body, { minLength: 1, maxLength: 4 }), fc.boolean(), async (bodies, isImport) => {
      runs += 1;
      const organizationId = `o${runs}`;
      for (const { entry, records } of bodies) {
        const usage = (): UsageBytes => ({
          shape: "batch",
          entry,
          source: "api",
          requirePrice: false,
          ...(isImport ? { importing: { tolerateSameCall: true, dryRun: false } } : {}),
          bytes: new TextEncoder().encode(JSON.stringify(records)),
        });
        const [left, right] = await Promise.all([
          sqlite.ledger.answer(organizationId, usage()),
          postgres.ledger.answer(organizationId, usage()),
        ]);
        expect(right).toEqual(left);
      }
      const ids = new Set(bodies.flatMap(({ records }) => records.map(({ id }) => id)));
      for (const id of ids) {
        const read = ({ store }: { readonly store: Store }) =>
          store.run(getUsage, { organizationId, id }).then(
            ({ received_at: _, ...record }) => JSON.stringify(record),
            (error: unknown) => String(error),
          );
        expect(await read(postgres)).toBe(await read(sqlite));
      }
    }),
    { numRuns: 40 },
  );
}, 120_000);
