import type { DatabaseSync } from "node:sqlite";
import type { Actor } from "../audit/actor.ts";
import type { Refusal } from "../refusal.ts";

/**
 * A named piece of database work. Its function runs on the thread that owns the connection; the main thread calls it
 * by name through `SqliteThreads`. Arguments and results cross by structured clone (bigint and Uint8Array are fine).
 */
export interface SqliteOperation<Args, Result> {
  readonly name: string;
  /** `actor` is who set it off, for the audit trail. */
  readonly run: (store: StoreThread, args: Args, actor?: Actor) => Result;
}

/**
 * A write whose waiting calls run together and share one transaction, which the operation itself opens and commits.
 * Each call has a result of its own, in order; a `Refusal` among them rejects that call alone.
 */
export interface SqliteGroupOperation<Args, Result> {
  readonly name: string;
  readonly runTogether: (store: StoreThread, calls: readonly GroupCall<Args>[]) => readonly (Result | Refusal)[];
  /** How large calls are worked on before they reach the writer; absent where that is not worth a thread. */
  readonly preparation?: GroupPreparation<Args, Result>;
}

/** One call of a group operation: its arguments, and the raw bytes that came with it, moved rather than copied. */
export interface GroupCall<Args> {
  readonly args: Args;
  readonly bytes: Uint8Array;
  /** What the preparer made of the call, where it went that way. The operation alone knows what is in it. */
  readonly prepared?: unknown;
}

/**
 * The part of a group operation's work that writes nothing, done on the preparer thread while the writer commits what
 * came before. Whatever the preparer read from the database the writer must check again in its transaction.
 */
export interface GroupPreparation<Args, Result> {
  readonly operation: SqliteOperation<GroupCall<Args>, PreparedCall<Result>>;
  /** The call's result from what the writer answered and what the preparer expected. */
  complete(written: Result, expected: Result): Result;
}

/** A call as the preparer leaves it: what goes to the writer, and the result if the writer finds no surprise. */
export interface PreparedCall<Result> {
  /** The bytes of the call, moved on. */
  readonly bytes: Uint8Array;
  readonly prepared: unknown;
  readonly expected: Result;
}

/** What an operation finds on its thread. `state` holds caches of adapters, one entry an adapter, made on first use. */
export interface StoreThread {
  readonly db: DatabaseSync;
  readonly now: () => number;
  readonly state: Map<symbol, unknown>;
  /** Tells the main thread something that it did not ask for; absent where nobody listens. */
  readonly notify?: (topic: string, value: unknown) => void;
}

export const sqliteOperation = <Args, Result>(
  name: string,
  run: (store: StoreThread, args: Args) => Result,
): SqliteOperation<Args, Result> => ({ name, run });

/** The thread's own copy of an adapter's cache or prepared statements. */
export function threadState<T>(store: StoreThread, key: symbol, make: () => T): T {
  const existing = store.state.get(key);
  if (existing !== undefined) return existing as T;
  const made = make();
  store.state.set(key, made);
  return made;
}

/**
 * The main thread's way to the database. `write` runs an operation on the one writer thread inside a transaction of its
 * own; `read` runs it on a reader thread against a snapshot. A `Refusal` thrown there is thrown here as one.
 */
export interface SqliteThreads {
  write<Args, Result>(operation: SqliteOperation<Args, Result>, args: Args, actor?: Actor): Promise<Result>;
  read<Args, Result>(operation: SqliteOperation<Args, Result>, args: Args): Promise<Result>;
  /**
   * Joins the group that the writer takes next; a large call passes the preparer first. Moves `bytes` away from the
   * caller where it can.
   */
  writeTogether<Args, Result>(
    operation: SqliteGroupOperation<Args, Result>,
    args: Args,
    bytes: Uint8Array,
  ): Promise<Result>;
}
