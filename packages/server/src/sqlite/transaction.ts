import { rollBack } from "./connection.ts";
import { commitToFile } from "./database-file.ts";
import { type StoreThread, threadState } from "./operation.ts";

type EndListener = (committed: boolean) => void;

const listenersKey = Symbol("transaction listeners");

/** Registers what a cache must do when a write transaction of its thread ends: keep what it learned, or forget it. */
export function onTransactionEnd(store: StoreThread, listener: EndListener): void {
  threadState(store, listenersKey, () => [] as EndListener[]).push(listener);
}

/**
 * Runs `work` in one write transaction of the thread; anything thrown rolls it back whole, caches included. Work that is
 * written for every store is a promise, and its transaction ends with it.
 */
export function writeTransaction<T>(store: StoreThread, work: () => T): T {
  store.db.exec("BEGIN IMMEDIATE");
  const end = (committed: boolean): void => {
    if (!committed) rollBack(store.db);
    transactionEnded(store, committed);
  };
  const commit = <R>(result: R): R => {
    let committed = false;
    try {
      commitToFile(store);
      committed = true;
      return result;
    } finally {
      end(committed);
    }
  };
  let result: T;
  try {
    result = work();
  } catch (error) {
    end(false);
    throw error;
  }
  if (!(result instanceof Promise)) return commit(result);
  const settled = result.then(commit, (error: unknown) => {
    end(false);
    throw error;
  });
  return settled as T;
}

/** To be called by whoever ends a write transaction without `writeTransaction`, or rolls back to a savepoint. */
export function transactionEnded(store: StoreThread, committed: boolean): void {
  for (const listener of threadState(store, listenersKey, () => [] as EndListener[])) listener(committed);
}
