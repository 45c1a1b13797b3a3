import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { invariant } from "../refusal.ts";
import { openWriter } from "./connection.ts";
import { guardDatabaseFile } from "./database-file.ts";
import type { SqliteGroupOperation, SqliteOperation, StoreThread } from "./operation.ts";
import { groupOperations, operationsByName, writeOperations } from "./registry.ts";
import { runOperation, runTogether } from "./run-operation.ts";
import type { CallAnswer, GroupedRequest, ThreadAnswer, ThreadOptions, ThreadRequest } from "./thread-messages.ts";
import { writeTransaction } from "./transaction.ts";

/** A group takes what waits, up to so many bytes of bodies, so that no call waits for an endless transaction. */
const groupBytesMax = 4 * 1024 * 1024;

const port = parentPort;
invariant(port !== null, "the writer runs as a worker thread");
const { path } = workerData as ThreadOptions;

const calls = operationsByName(writeOperations) as ReadonlyMap<string, SqliteOperation<unknown, unknown>>;
const groups = operationsByName(groupOperations) as ReadonlyMap<string, SqliteGroupOperation<unknown, unknown>>;
const answer = (message: ThreadAnswer): void => port.postMessage(message);

const store = openStore();

function openStore(): StoreThread | undefined {
  try {
    const notify = (topic: string, value: unknown): void => answer({ kind: "notice", topic, value });
    const opened: StoreThread = { db: openWriter(path), now: Date.now, state: new Map(), notify };
    guardDatabaseFile(opened, path);
    return opened;
  } catch (error) {
    answer({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

const waiting: ThreadRequest[] = [];

/** Takes everything that waits at the port: what came while a transaction ran shares the next one. */
function drain(first: ThreadRequest): void {
  waiting.push(first);
  for (;;) {
    const received = receiveMessageOnPort(port as NonNullable<typeof port>) as { message: ThreadRequest } | undefined;
    if (received === undefined) return;
    waiting.push(received.message);
  }
}

/** Takes the calls of one group operation from the head of the queue, up to the bound; order is kept. */
function takeGroup(name: string): GroupedRequest[] {
  const taken: GroupedRequest[] = [];
  let bytes = 0;
  for (;;) {
    const [next] = waiting;
    if (next?.kind !== "grouped" || next.name !== name || (taken.length > 0 && bytes >= groupBytesMax)) return taken;
    waiting.shift();
    taken.push(...next.calls);
    for (const call of next.calls) bytes += call.bytes.length;
  }
}

async function work(on: StoreThread): Promise<void> {
  for (;;) {
    const [next] = waiting;
    if (next === undefined) return;
    if (next.kind === "close") {
      on.db.close();
      process.exit(0);
    }
    if (next.kind === "grouped") {
      const operation = groups.get(next.name);
      invariant(operation !== undefined, `no group operation is called ${next.name}`);
      answer({ kind: "answers", answers: runTogether(on, operation, takeGroup(next.name)) });
    } else {
      waiting.shift();
      const answered = runInTransaction(on, next);
      answer({ kind: "answers", answers: [answered instanceof Promise ? await answered : answered] });
    }
  }
}

function runInTransaction(
  on: StoreThread,
  request: Extract<ThreadRequest, { kind: "call" }>,
): CallAnswer | Promise<CallAnswer> {
  const operation = calls.get(request.name);
  const inTransaction = operation && {
    name: operation.name,
    run: (thread: StoreThread, args: unknown) =>
      writeTransaction(thread, () => operation.run(thread, args, request.actor)),
  };
  return runOperation(on, inTransaction, request);
}

if (store !== undefined) {
  let isWorking = false;
  port.on("message", (request: ThreadRequest) => {
    drain(request);
    if (isWorking) return;
    isWorking = true;
    void work(store).finally(() => {
      isWorking = false;
    });
  });
  answer({ kind: "ready" });
}
