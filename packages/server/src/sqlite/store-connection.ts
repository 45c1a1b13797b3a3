import type { StatementSync } from "node:sqlite";
import { runWithActor } from "../audit/watched-change.ts";
import type { SqlValue, StoreConnection } from "../store/connection.ts";
import type { Store, StoreOperation } from "../store/operation.ts";
import { type SqliteOperation, type SqliteThreads, type StoreThread, threadState } from "./operation.ts";

const connectionKey = Symbol("store connection");
/** Statements are kept by their text; those that are put together anew each time must not fill the memory. */
const keptStatementsMax = 500;

/** The thread's connection for operations that are the same on every store. */
export const connectionOf = (store: StoreThread): StoreConnection =>
  threadState(store, connectionKey, () => createConnection(store));

const threadKey = Symbol("store thread");

/** The thread of a connection to the embedded store, for what has a way of its own there. */
export function threadBehind({ state }: StoreConnection): StoreThread {
  const thread = state.get(threadKey) as StoreThread | undefined;
  if (thread === undefined) throw new Error("this connection belongs to no thread of the embedded store");
  return thread;
}

function createConnection(store: StoreThread): StoreConnection {
  const { db, now, state } = store;
  state.set(threadKey, store);
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    if (statements.size >= keptStatementsMax) statements.clear();
    const made = db.prepare(sql);
    statements.set(sql, made);
    return made;
  };
  return {
    dialect: "sqlite",
    now,
    state,
    all: <Row>(sql: string, ...values: readonly SqlValue[]) =>
      prepared(sql).all(...values) as unknown as readonly Row[],
    get: <Row>(sql: string, ...values: readonly SqlValue[]) =>
      prepared(sql).get(...values) as unknown as Row | undefined,
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
  };
}

/** An operation of every store as an operation of the embedded store's threads. */
export const onThread = <Args, Result>(operation: StoreOperation<Args, Result>): SqliteOperation<Args, Result> => ({
  name: operation.name,
  // Nothing in it waits for anything but this connection, whose answers are there at once.
  run: (store, args, actor) => runWithActor(operation, connectionOf(store), args, actor) as Result,
});

/** Which thread runs an operation. The writer is never busy for long, unlike the reader, whom a question may hold. */
export const threadOf = ({ access, isPrompt }: StoreOperation<never, unknown>): "read" | "write" =>
  isPrompt === true ? "write" : access;

/** The embedded store: reads on the reader thread, writes on the writer. */
export const sqliteStore = (threads: Pick<SqliteThreads, "read" | "write">): Store => ({
  run: (operation, args, actor) =>
    threadOf(operation) === "read"
      ? threads.read(onThread(operation), args)
      : threads.write(onThread(operation), args, actor),
});
