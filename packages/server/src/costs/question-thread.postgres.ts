import { parentPort, workerData } from "node:worker_threads";
import { invariant, Refusal } from "../refusal.ts";
import {
  type CallAnswer,
  type CancelRequest,
  type ThreadAnswer,
  type ThreadRequest,
  toRefusalMessage,
} from "../sqlite/thread-messages.ts";
import type { StoreOperation } from "../store/operation.ts";
import { costQueryOperations } from "./cost-query.postgres.ts";
import { connectForQuestions, type QuestionThreadOptions } from "./question-threads.postgres.ts";

// Answers questions beside the thread that serves requests: sorting series into groups, reading rows and laying out long
// answers would hold up everybody else there. Several questions run at once, each on a connection of its own.

const port = parentPort;
invariant(port !== null, "questions are answered on a worker thread");
const tell = (message: ThreadAnswer): void => port.postMessage(message);

const store = connectForQuestions(workerData as QuestionThreadOptions);
const operations = new Map(costQueryOperations.map((operation) => [operation.name, operation]));
const running = new Set<Promise<void>>();
/** By which questions under way are ended that nobody waits for any more. */
const endings = new Map<number, AbortController>();

async function answer(
  { id, name, args }: Extract<ThreadRequest, { kind: "call" }>,
  signal: AbortSignal,
): Promise<CallAnswer> {
  try {
    const operation = operations.get(name) as StoreOperation<unknown, unknown> | undefined;
    invariant(operation !== undefined, `a question is called ${name}`);
    return { id, result: await store.run(operation, args, undefined, signal) };
  } catch (error) {
    if (error instanceof Refusal) return { id, refusal: toRefusalMessage(error) };
    return { id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function close(): Promise<never> {
  await Promise.all(running);
  await store.close();
  process.exit(0);
}

port.on("message", (request: ThreadRequest | CancelRequest) => {
  if (request.kind === "close") void close();
  if (request.kind === "cancel") endings.get(request.id)?.abort();
  if (request.kind !== "call") return;
  const ending = new AbortController();
  endings.set(request.id, ending);
  const run = answer(request, ending.signal).then((answered) => {
    running.delete(run);
    endings.delete(request.id);
    tell({ kind: "answers", answers: [answered] });
  });
  running.add(run);
});
tell({ kind: "ready" });
