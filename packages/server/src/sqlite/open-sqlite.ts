import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { sqliteCostQuery } from "../costs/cost-query.sqlite.ts";
import type { OpenedStore, OpenOptions } from "../store/opened-store.ts";
import { usageCommitted } from "../usage/committed-usage.ts";
import { createSqliteLedger } from "../usage/ledger.sqlite.ts";
import type { CommittedUsage } from "../usage/ledger-observer.ts";
import { watchDatabaseFile } from "./database-file.ts";
import { sqliteStore } from "./store-connection.ts";
import { type SqliteThreadsOptions, startSqliteThreads } from "./threads.ts";

/** Opens the database on its threads; the file and its folder are made where they are missing. */
export async function openSqlite(
  { path, isWriterLazy = false }: Pick<SqliteThreadsOptions, "path" | "isWriterLazy">,
  { onCommitted, onTrouble }: OpenOptions = {},
): Promise<OpenedStore> {
  mkdirSync(dirname(path), { recursive: true });
  // Readable by its owner alone. SQLite gives its write-ahead files the mode of the database.
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
  const threads = await startSqliteThreads({
    path,
    isWriterLazy,
    onCrash: (role, error) => onTrouble?.("store.thread_crashed", { role, err: error }),
    onNotice: (topic, value) => {
      if (topic === usageCommitted) onCommitted?.(value as CommittedUsage);
    },
  });
  return {
    store: sqliteStore(threads),
    ledger: createSqliteLedger(threads),
    query: sqliteCostQuery(threads),
    // A single command ends before a file that was moved could matter; its writer may not even be there.
    problem: isWriterLazy ? () => undefined : watchDatabaseFile(path).problem,
    queuedBytes: () => threads.queuedBytes,
    close: () => threads.close(),
  };
}
