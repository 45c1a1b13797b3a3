import { type BigIntStats, statSync } from "node:fs";
import { Refusal } from "../refusal.ts";
import { type StoreThread, threadState } from "./operation.ts";

/** Whether the file that is open is still the one that its path names. */
export interface DatabaseFile {
  /** What is wrong, in public words that say what helps; undefined while all is well. */
  problem(): string | undefined;
}

/**
 * Remembers which file a path names now; to be called while a writer has it open. An open connection goes on writing to
 * a file that was deleted, and SQLite does not notice in WAL mode, so such a commit would be acknowledged and lost.
 * Looking takes 2 µs, where a commit waits for the disk a hundred times as long.
 */
export function watchDatabaseFile(path: string): DatabaseFile {
  const opened = look(path);
  const walPath = `${path}-wal`;
  return {
    problem() {
      const now = look(path);
      if (now === undefined) {
        return "the database file was moved or deleted: put it back, or restart the server to begin a new one";
      }
      if (now.ino !== opened?.ino || now.dev !== opened.dev) {
        return "the database file was moved or deleted and another is in its place: restart the server to use that one";
      }
      // As long as the writer is connected there is one; it holds commits that the database file does not.
      if (look(walPath) === undefined) {
        return "the database's write-ahead file was moved or deleted: put it back, or restart the server";
      }
      return undefined;
    },
  };
}

function look(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // A folder that cannot be entered any more, or is a file now: the database is not at its path either way.
    return undefined;
  }
}

const fileKey = Symbol("database file");

/** Has every commit of the thread's connection check the file first. */
export function guardDatabaseFile(store: StoreThread, path: string): void {
  threadState(store, fileKey, () => watchDatabaseFile(path));
}

/** Commits, unless the file is not where its path says any more; the transaction is then still to be rolled back. */
export function commitToFile(store: StoreThread): void {
  const problem = (store.state.get(fileKey) as DatabaseFile | undefined)?.problem();
  if (problem !== undefined) {
    throw new Refusal("UNAVAILABLE", `nothing was written: ${problem}`, { details: { retry_after_seconds: 5 } });
  }
  store.db.exec("COMMIT");
}
