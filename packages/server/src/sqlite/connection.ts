import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { migrations } from "./schema.ts";

/** How long a statement waits for another process that is writing. */
const busyTimeoutMs = 10_000;

/** Opens the database for writing and brings its schema up to date. `synchronous=FULL`: a commit that returns is on disk. */
export function openWriter(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: busyTimeoutMs });
  db.exec(`
    PRAGMA page_size = 8192;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -32768;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
  `);
  migrate(db);
  return db;
}

/** Opens the database for reading; it must exist and be migrated. */
export function openReader(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
  db.exec("PRAGMA cache_size = -32768; PRAGMA mmap_size = 268435456; PRAGMA query_only = ON;");
  return db;
}

/**
 * Whether the file is a database of this program's schema, so that it can be read before anybody opens it for writing.
 * A file that cannot be read is not: whoever opens it for writing says what is wrong with it.
 */
export function isUpToDate(path: string): boolean {
  if (!existsSync(path)) return false;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
    const row = db.prepare("PRAGMA user_version").get() as { user_version: number };
    return row.user_version === migrations.at(-1)?.id;
  } catch {
    return false;
  } finally {
    db?.close();
  }
}

function migrate(db: DatabaseSync): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    const row = db.prepare("PRAGMA user_version").get() as { user_version: number };
    const latest = migrations.at(-1)?.id ?? 0;
    if (row.user_version > latest) {
      throw new Error(
        `the database has schema ${row.user_version}, newer than this program's ${latest}: use a newer version`,
      );
    }
    for (const migration of migrations) {
      if (migration.id > row.user_version) db.exec(`${migration.sql}; PRAGMA user_version = ${migration.id};`);
    }
    db.exec("COMMIT");
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

/** Ends the open transaction without a trace. Failures of the storage have often ended it already. */
export function rollBack(db: DatabaseSync): void {
  if (db.isTransaction) db.exec("ROLLBACK");
}
