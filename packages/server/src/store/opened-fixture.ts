/** Open stores for tests, of the kind that this run of the tests is about; `close` takes away what they lay in. */
import { memoryStore } from "../../test/memory-store.ts";
import { loadConfig } from "../config.ts";
import { openStore } from "../open-store.ts";
import { openPostgres } from "../postgres/postgres-store.ts";
import { openReader, openWriter } from "../sqlite/connection.ts";
import type { StoreThread } from "../sqlite/operation.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { seedPostgresPrices, seedPrices, temporaryFolder } from "../usage/ledger-fixture.ts";
import { dropDatabase, newDatabaseWithSchema, testedStore } from "./database-fixture.ts";
import type { OpenedStore } from "./opened-store.ts";
import { installationRead, type Store } from "./operation.ts";

type Row = Readonly<Record<string, unknown>>;

/** A store as a server opens it, with the threads and connections of one. */
export interface TestedStore extends OpenedStore {
  /** Its address, for another process. */
  readonly database: { readonly DATABASE_URL: string };
  /** What a portable statement reads, of all organizations. */
  rows(sql: string): Promise<readonly Row[]>;
}

/** Opens a store with the prices of the fixture in a new database. */
export async function openTested(): Promise<TestedStore> {
  const folder = temporaryFolder();
  const database = await newDatabaseWithSchema(folder.path);
  const config = loadConfig({ environment: database, workingFolder: folder.path, homeFolder: folder.path });
  const file = config.database.store === "sqlite" ? config.database.path : undefined;
  if (file === undefined) await seedPostgresPrices(database.DATABASE_URL);
  else seedFile(file);
  const opened = await openStore(config);
  return {
    ...opened,
    database,
    rows: async (sql) => (file === undefined ? opened.store.run(readRows, { sql }) : readFile(file, sql)),
    close: async () => {
      await opened.close();
      await dropDatabase(database);
      folder.remove();
    },
  };
}

function seedFile(file: string): void {
  const db = openWriter(file);
  seedPrices(db);
  db.close();
}

/** A store's threads run what they know by name alone, so a test reads the file itself. */
function readFile(file: string, sql: string): readonly Row[] {
  const db = openReader(file);
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

const readRows = installationRead<{ readonly sql: string }, readonly Row[]>("test.rows", async (connection, { sql }) =>
  connection.all<Row>(sql),
);

/** An empty store in this process that tells the given time and runs any operation, also one that a test makes. */
export interface TestedStoreAt {
  readonly store: Store;
  /** The embedded store's connection; undefined on PostgreSQL. */
  readonly thread: StoreThread | undefined;
  rows(sql: string): Promise<readonly Row[]>;
  close(): Promise<void>;
}

export async function openTestedAt(now: () => number): Promise<TestedStoreAt> {
  if (testedStore() === "sqlite") {
    const memory = memoryStore(now);
    const store = sqliteStore(memory.threads);
    return {
      store,
      thread: memory.store,
      rows: (sql) => store.run(readRows, { sql }),
      close: async () => memory.store.db.close(),
    };
  }
  const database = await newDatabaseWithSchema("");
  const store = await openPostgres({ url: database.DATABASE_URL, poolSize: 4, now });
  return {
    store,
    thread: undefined,
    rows: (sql) => store.run(readRows, { sql }),
    close: async () => {
      await store.close();
      await dropDatabase(database);
    },
  };
}
