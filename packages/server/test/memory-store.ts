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
  // An operation that is written for every store ends a few microtasks later; none may begin in its transaction.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(run: () => Result): Promise<Result> => {
    const result = last.then(run);
    last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  };
  const threads: SqliteThreads = {
    write: (operation, args, actor) => inTurn(() => writeTransaction(store, () => operation.run(store, args, actor))),
    read: (operation, args) => inTurn(() => operation.run(store, args)),
    writeTogether: (operation, args, bytes) =>
      inTurn(() => {
        const [result] = operation.runTogether(store, [{ args, bytes }]);
        if (result === undefined || result instanceof Refusal) throw result ?? new Error("the group gave no result");
        return result;
      }),
  };
  return { store, threads };
}
