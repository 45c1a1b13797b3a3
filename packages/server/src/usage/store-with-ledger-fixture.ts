import type { DatabaseSync } from "node:sqlite";
import { memoryStore } from "../../test/memory-store.ts";
import { openPostgres } from "../postgres/postgres-store.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import type { Store } from "../store/operation.ts";
import { startPostgresLedger } from "./ledger.postgres.ts";
import { createSqliteLedger } from "./ledger.sqlite.ts";
import type { Ledger, UsageBytes } from "./ledger.ts";
import { seedPostgresPrices, seedPrices } from "./ledger-fixture.ts";

/** A store under test and the ledger that fills it. */
export interface StoreWithLedger {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly close: () => Promise<void>;
}

/** The embedded store in memory. */
export function sqliteWithLedger(now: () => number): StoreWithLedger & { readonly db: DatabaseSync } {
  const { store, threads } = memoryStore(now);
  return {
    db: store.db,
    store: sqliteStore(threads),
    ledger: createSqliteLedger(threads),
    close: async () => store.db.close(),
  };
}

/** PostgreSQL at an address; more than one may be open on the same. */
export async function postgresWithLedger(url: string, now: () => number): Promise<StoreWithLedger> {
  const store = await openPostgres({ url, poolSize: 4, now });
  const ledger = await startPostgresLedger({ url });
  return {
    store,
    ledger,
    close: async () => {
      await ledger.close();
      await store.close();
    },
  };
}

/** Each store by its name with what opens it anew, with the prices of the fixtures; PostgreSQL in a new database. */
export const pricedStores = (
  now: () => number,
  databaseWithSchema: () => Promise<string>,
): readonly (readonly [store: string, open: () => Promise<StoreWithLedger>])[] => [
  [
    "SQLite",
    async () => {
      const { db, ...opened } = sqliteWithLedger(now);
      seedPrices(db);
      return opened;
    },
  ],
  [
    "PostgreSQL",
    async () => {
      const url = await databaseWithSchema();
      await seedPostgresPrices(url);
      return postgresWithLedger(url, now);
    },
  ],
];

/** A list of records as the ledger takes it. */
export const batchOf = (records: readonly unknown[], entry: UsageBytes["entry"] = "usage"): UsageBytes => ({
  shape: "batch",
  entry,
  source: "api",
  requirePrice: false,
  bytes: new TextEncoder().encode(JSON.stringify(records)),
});
