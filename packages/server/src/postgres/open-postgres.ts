import { setTimeout as after } from "node:timers/promises";
import { answerPostgresQuestions, startPostgresQuestions } from "../costs/question-threads.postgres.ts";
import type { OpenedStore, OpenOptions } from "../store/opened-store.ts";
import { installationRead, type Store } from "../store/operation.ts";
import { startPostgresLedger } from "../usage/ledger.postgres.ts";
import { listenForChanges } from "./change-listener.ts";
import { openPostgres } from "./postgres-store.ts";

/** One connection hears of what others changed, one leases tokens of request limits. */
const lonelyConnections = 2;

/** How a process divides its connections: groups of bodies written at once, questions answered at once, and all else. */
function shares(size: number): { readonly append: number; readonly questions: number; readonly store: number } {
  const poolSize = size - lonelyConnections;
  const append = poolSize > 4 ? 3 : 2;
  const questions = Math.floor((poolSize - append) / 2);
  return { append, questions, store: poolSize - append - questions };
}

/**
 * Opens a database whose schema is made or brought up to date where the user of the address may do so. A single command
 * has no neighbours to hold up: it asks on its own thread, and starts one for writing with the first record.
 */
export async function openPostgresStore(
  {
    url,
    poolSize,
    isForOneCommand = false,
  }: { readonly url: string; readonly poolSize: number; readonly isForOneCommand?: boolean },
  { onCommitted, onTrouble, onAccessChanged, onWatchedChanged }: OpenOptions = {},
): Promise<OpenedStore> {
  const connections = shares(poolSize);
  const onCrash = (role: string, error: Error): void => onTrouble?.("store.thread_crashed", { role, err: error });
  const store = await openPostgres({
    url,
    poolSize: connections.store,
    now: Date.now,
    onBroken: (error) => onTrouble?.("store.connection_broken", { err: error }),
  });
  const ledgerStart = startPostgresLedger({
    url,
    connections: connections.append,
    ...(onCommitted === undefined ? {} : { onCommitted }),
    onCrash,
    isLazy: isForOneCommand,
  });
  const questionsStart = isForOneCommand
    ? Promise.resolve(answerPostgresQuestions({ url, connections: connections.questions }))
    : startPostgresQuestions({ url, connections: connections.questions, onCrash });
  const [ledger, questions] = await Promise.all([ledgerStart, questionsStart]).catch(async (error: unknown) => {
    for (const started of [ledgerStart, questionsStart])
      await started.then((one) => one.close()).catch(() => undefined);
    await store.close();
    throw error;
  });
  const listener = onAccessChanged && listenForChanges({ url, onAccessChanged, onWatchedChanged });
  return {
    store,
    ledger,
    query: questions.query,
    problem: asking(store),
    queuedBytes: () => ledger.queuedBytes,
    close: async () => {
      await listener?.close();
      await questions.close();
      await ledger.close();
      await store.close();
    },
  };
}

const anything = installationRead<Record<never, never>, void>("store.ping", async (connection) => {
  await connection.get("SELECT 1 AS one");
});

/** Probes come from many sides at once; the database is asked for all of them once in this time. */
const askedEveryMs = 500;
/** A database that is frozen or cut off is away long before its connections are given up. */
const answersWithinMs = 5_000;

const silence = "the database does not answer";

/** Whether the database answers is found out by asking it. */
function asking(store: Store): OpenedStore["problem"] {
  let asked: Promise<string | undefined> | undefined;
  return () => {
    if (asked === undefined) {
      asked = store.run(anything, {}).then(
        () => undefined,
        () => silence,
      );
      void asked.then(() => setTimeout(() => (asked = undefined), askedEveryMs).unref());
    }
    return Promise.race([asked, after(answersWithinMs, silence, { ref: false })]);
  };
}
