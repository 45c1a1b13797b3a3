import { DatabaseSync } from "node:sqlite";
import { Refusal } from "../src/refusal.ts";
import type { SqliteThreads, StoreThread } from "../src/sqlite/operation.ts";
import { migrations } from "../src/sqlite/schema.ts";
import { writeTransaction } from "../src/sqlite/transaction.ts";

/** An empty database in memory and threads that are none: operations run at once, in order, each in a transaction. */
export function memoryStore(now: () => number): { readonly store: StoreThread; readonly threads: SqliteThreads } {
  const db = new DatabaseSync(":memory:");
  for (const { sql } of migrations) db.exec(sql);
  const store: StoreThread = { db, now, state: new Map() };
  const threads: SqliteThreads = {
    write: async (operation, args) => writeTransaction(store, () => operation.run(store, args)),
    read: async (operation, args) => operation.run(store, args),
    writeTogether: async (operation, args, bytes) => {
      const [result] = operation.runTogether(store, [{ args, bytes }]);
      if (result === undefined || result instanceof Refusal) throw result ?? new Error("the group gave no result");
      return result;
    },
  };
  return { store, threads };
}
