import { moduleBeside } from "./module-beside.ts";
import { StoreThreadHandle, type ThreadListeners } from "./store-thread-handle.ts";
import type { ThreadOptions, ThreadRole } from "./thread-messages.ts";

/**
 * The preparer, which only runs under load, parses whole bodies: swept as early as the others it would spend two fifths of
 * its time copying them.
 */
const youngGenerationMb: Readonly<Record<ThreadRole, number>> = { writer: 24, reader: 8, preparer: 24 };

/** Starts one of the embedded store's threads on a database file. */
export const startSqliteThread = (role: ThreadRole, path: string, told: ThreadListeners): StoreThreadHandle =>
  new StoreThreadHandle(
    {
      role,
      module: moduleBeside(import.meta.url, role === "writer" ? "writer-thread" : "reader-thread"),
      data: { role, path } satisfies ThreadOptions,
      youngGenerationMb: youngGenerationMb[role],
    },
    told,
  );
