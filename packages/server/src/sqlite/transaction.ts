import { rollBack } from "./connection.ts";
import { type StoreThread, threadState } from "./operation.ts";

type EndListener = (committed: boolean) => void;

const listenersKey = Symbol("transaction listeners");

/** Registers what a cache must do when a write transaction of its thread ends: keep what it learned, or forget it. */
export function onTransactionEnd(store: StoreThread, listener: EndListener): void {
  threadState(store, listenersKey, () => [] as EndListener[]).push(listener);
}

/** Runs `work` in one write transaction of the thread; anything thrown rolls it back whole, caches included. */
export function writeTransaction<T>(store: StoreThread, work: () => T): T {
  let committed = false;
  store.db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    store.db.exec("COMMIT");
    committed = true;
    return result;
  } finally {
    if (!committed) rollBack(store.db);
    transactionEnded(store, committed);
  }
}

/** To be called by whoever ends a write transaction without `writeTransaction`, or rolls back to a savepoint. */
export function transactionEnded(store: StoreThread, committed: boolean): void {
  for (const listener of threadState(store, listenersKey, () => [] as EndListener[])) listener(committed);
}
