import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { type RunningSqliteThreads, type SqliteThreadsOptions, startSqliteThreads } from "./sqlite/threads.ts";

/** Opens the database on its threads; the file and its folder are made where they are missing. */
export async function openStore(options: SqliteThreadsOptions): Promise<RunningSqliteThreads> {
  mkdirSync(dirname(options.path), { recursive: true });
  // Readable by its owner alone. SQLite gives its write-ahead files the mode of the database.
  if (!existsSync(options.path)) closeSync(openSync(options.path, "a", 0o600));
  return startSqliteThreads(options);
}
