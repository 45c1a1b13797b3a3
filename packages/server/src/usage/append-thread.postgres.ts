import { parentPort, workerData } from "node:worker_threads";
import { createPool } from "../postgres/pool.ts";
import { statementTexts } from "../postgres/statement-text.ts";
import { invariant } from "../refusal.ts";
import type { ThreadAnswer, ThreadRequest } from "../sqlite/thread-messages.ts";
import { AppendQueue } from "./append-queue.postgres.ts";
import { UsageAppender } from "./append-usage.postgres.ts";
import { usageCommitted } from "./committed-usage.ts";
import type { AppendThreadOptions } from "./ledger.postgres.ts";

// Reads, rates and writes bodies of usage beside the thread that serves requests, on connections of its own.

const port = parentPort;
invariant(port !== null, "the appender runs as a worker thread");
const { url, connections, silentAfterMs } = workerData as AppendThreadOptions;
const tell = (message: ThreadAnswer, moved: readonly ArrayBuffer[] = []): void => port.postMessage(message, moved);

const pool = createPool({ url, size: connections, silentAfterMs });
const appender = new UsageAppender({
  pool,
  process: { textOf: statementTexts(), now: Date.now, state: new Map() },
  onCommitted: (usage) => tell({ kind: "notice", topic: usageCommitted, value: usage }),
});
const queue = new AppendQueue({
  append: (bodies) => appender.append(bodies),
  answer: (answers, moved) => tell({ kind: "answers", answers }, moved),
  groupsMax: connections,
});

async function close(): Promise<never> {
  await queue.drained();
  await pool.end();
  process.exit(0);
}

port.on("message", (request: ThreadRequest) => {
  if (request.kind === "grouped") queue.add(request.calls);
  else if (request.kind === "close") void close();
});
tell({ kind: "ready" });
