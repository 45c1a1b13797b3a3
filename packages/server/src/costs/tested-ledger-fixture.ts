/** Ledgers of written-down records, on the store that this run of the tests is about. */
import pg from "pg";
import { openPostgres } from "../postgres/postgres-store.ts";
import { scopeSetting } from "../postgres/row-security.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { dropDatabase, newDatabaseWithSchema, testedStore } from "../store/database-fixture.ts";
import type { Store } from "../store/operation.ts";
import { copyLedger } from "./copied-ledger-fixture.ts";
import { postgresCostQuery } from "./cost-query.postgres.ts";
import { sqliteCostQuery } from "./cost-query.sqlite.ts";
import type { CostQuery } from "./cost-query.ts";
import { type FixtureRecord, fixtureLedger } from "./ledger-fixture.ts";

export interface TestedLedger {
  readonly store: Store;
  readonly query: CostQuery;
  /** How many operations the store has run. */
  readonly runs: () => number;
  add(records: readonly FixtureRecord[]): Promise<void>;
}

/** The ledgers of one test file. On PostgreSQL they share a database, in which each takes the place of the one before. */
export interface TestedLedgers {
  open(records: readonly FixtureRecord[]): Promise<TestedLedger>;
  close(): Promise<void>;
}

export const openTestedLedgers = (nowMs: number): Promise<TestedLedgers> =>
  testedStore() === "sqlite" ? openOnSqlite(nowMs) : openOnPostgres(nowMs);

async function openOnSqlite(nowMs: number): Promise<TestedLedgers> {
  return {
    open: async (records) => {
      const ledger = fixtureLedger(nowMs);
      ledger.add(records);
      let runs = 0;
      const threads: typeof ledger.threads = {
        read: (...parts) => {
          runs += 1;
          return ledger.threads.read(...parts);
        },
        write: (...parts) => {
          runs += 1;
          return ledger.threads.write(...parts);
        },
      };
      return {
        store: sqliteStore(threads),
        query: sqliteCostQuery(threads),
        runs: () => runs,
        add: async (more) => ledger.add(more),
      };
    },
    close: async () => undefined,
  };
}

async function openOnPostgres(nowMs: number): Promise<TestedLedgers> {
  const database = await newDatabaseWithSchema("");
  const opened = await openPostgres({ url: database.DATABASE_URL, poolSize: 4, now: () => nowMs });
  const client = new pg.Client({ connectionString: database.DATABASE_URL });
  await client.connect();
  return {
    open: async (records) => {
      const ledger = fixtureLedger(nowMs);
      const add = async (more: readonly FixtureRecord[]): Promise<void> => {
        ledger.add(more);
        await copyLedger(ledger.db, client);
      };
      await client.query(`BEGIN; SET LOCAL ${scopeSetting} = 'installation'; DELETE FROM exports; COMMIT`);
      await add(records);
      let runs = 0;
      // What the process remembers of the ledger before is not true of this one.
      const state = new Map<symbol, unknown>();
      const store: Store = {
        run: (operation, args, actor) => {
          runs += 1;
          return opened.run(
            { ...operation, run: (connection, given) => operation.run({ ...connection, state }, given) },
            args,
            actor,
          );
        },
      };
      return { store, query: postgresCostQuery(store), runs: () => runs, add };
    },
    close: async () => {
      await client.end();
      await opened.close();
      await dropDatabase(database);
    },
  };
}
