import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../refusal.ts";
import { openReader } from "./connection.ts";
import type { PreparedCall, SqliteOperation, StoreThread } from "./operation.ts";
import { operationsByName, prepareOperations, readOperations } from "./registry.ts";
import { runOperation } from "./run-operation.ts";
import type { CallAnswer, ThreadAnswer, ThreadOptions, ThreadRequest } from "./thread-messages.ts";

const port = parentPort;
invariant(port !== null, "a reader runs as a worker thread");
const { path, role } = workerData as ThreadOptions;

/** The preparer is a reader with operations of its own: each sees one snapshot, and neither waits for the other. */
const calls = operationsByName(role === "preparer" ? prepareOperations : readOperations) as ReadonlyMap<
  string,
  SqliteOperation<unknown, unknown>
>;
const answer = (message: ThreadAnswer, moved: readonly ArrayBuffer[] = []): void => port.postMessage(message, moved);

/** Each read sees one snapshot, however many statements it runs. */
const inSnapshot = (operation: SqliteOperation<unknown, unknown>): SqliteOperation<unknown, unknown> => ({
  name: operation.name,
  run: (store, args) => {
    const end = (): void => {
      if (store.db.isTransaction) store.db.exec("COMMIT");
    };
    store.db.exec("BEGIN");
    let result: unknown;
    try {
      result = operation.run(store, args);
    } catch (error) {
      end();
      throw error;
    }
    if (result instanceof Promise) return result.finally(end);
    end();
    return result;
  },
});

/** The preparer hands on the bytes of its calls, moved rather than copied. */
function movedWith(answered: CallAnswer): readonly ArrayBuffer[] {
  if (role !== "preparer" || !("result" in answered)) return [];
  const { buffer } = (answered.result as PreparedCall<unknown>).bytes;
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}

function serve(store: StoreThread): void {
  port?.on("message", (request: ThreadRequest) => {
    if (request.kind === "close") {
      store.db.close();
      process.exit(0);
    }
    if (request.kind !== "call") return;
    const operation = calls.get(request.name);
    const answered = runOperation(store, operation && inSnapshot(operation), request);
    const send = (one: CallAnswer): void => answer({ kind: "answers", answers: [one] }, movedWith(one));
    if (answered instanceof Promise) void answered.then(send);
    else send(answered);
  });
  answer({ kind: "ready" });
}

try {
  serve({ db: openReader(path), now: Date.now, state: new Map() });
} catch (error) {
  answer({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
}
