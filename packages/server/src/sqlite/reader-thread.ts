import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../refusal.ts";
import { openReader } from "./connection.ts";
import type { SqliteOperation, StoreThread } from "./operation.ts";
import { operationsByName, readOperations } from "./registry.ts";
import { runOperation } from "./run-operation.ts";
import type { ThreadAnswer, ThreadOptions, ThreadRequest } from "./thread-messages.ts";

const port = parentPort;
invariant(port !== null, "the reader runs as a worker thread");
const { path } = workerData as ThreadOptions;

const calls = operationsByName(readOperations) as ReadonlyMap<string, SqliteOperation<unknown, unknown>>;
const answer = (message: ThreadAnswer): void => port.postMessage(message);

/** Each read sees one snapshot, however many statements it runs. */
const inSnapshot = (operation: SqliteOperation<unknown, unknown>): SqliteOperation<unknown, unknown> => ({
  name: operation.name,
  run: (store, args) => {
    store.db.exec("BEGIN");
    try {
      return operation.run(store, args);
    } finally {
      if (store.db.isTransaction) store.db.exec("COMMIT");
    }
  },
});

function serve(store: StoreThread): void {
  port?.on("message", (request: ThreadRequest) => {
    if (request.kind === "close") {
      store.db.close();
      process.exit(0);
    }
    if (request.kind !== "call") return;
    const operation = calls.get(request.name);
    const answered = runOperation(store, operation && inSnapshot(operation), request);
    answer({ kind: "answers", answers: [answered] });
  });
  answer({ kind: "ready" });
}

try {
  serve({ db: openReader(path), now: Date.now, state: new Map() });
} catch (error) {
  answer({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
}
