import { moduleBeside } from "../sqlite/module-beside.ts";
import { packBodies } from "../sqlite/pack-bodies.ts";
import { StoreThreadHandle, unavailable } from "../sqlite/store-thread-handle.ts";
import type { GroupedRequest } from "../sqlite/thread-messages.ts";
import { type AppendArgs, type AppendResult, textOf, toAppendArgs } from "./append-result.ts";
import { usageCommitted } from "./committed-usage.ts";
import type { AppendAnswer, Ledger, RecordedItem, UsageBytes } from "./ledger.ts";
import type { CommittedUsage } from "./ledger-observer.ts";

/** What the appender's thread is started with. */
export interface AppendThreadOptions {
  readonly url: string;
  readonly connections: number;
  readonly silentAfterMs: number | undefined;
}

export interface PostgresLedgerOptions {
  /** `postgresql://user:password@host:port/database?sslmode=…`, of a database whose schema is up to date. */
  readonly url: string;
  /** Groups of bodies that are under way at once, each on a connection of its own. */
  readonly connections?: number;
  /** Milliseconds after which a database that does not answer counts as away; a bit more than a statement may take if absent. */
  readonly silentAfterMs?: number;
  /** Told of every commit of usage. */
  readonly onCommitted?: (usage: CommittedUsage) => void;
  /** Told when the thread crashed; it is started again by itself. */
  readonly onCrash?: (role: string, error: Error) => void;
  /** Starts the thread only when there is something to write, for a process that may only ask. */
  readonly isLazy?: boolean;
}

export interface PostgresLedger extends Ledger {
  /** Bytes of bodies that wait to be recorded. */
  readonly queuedBytes: number;
  /** Lets what was accepted be written, then closes the connections. */
  close(): Promise<void>;
}

/** One group goes to the disk while the next is read, and a third waits for neither. */
const connectionsDefault = 3;

/** Bounds of what may wait to be written; beyond them callers are refused and come again. */
const queueMax = { calls: 20_000, bytes: 128 * 1024 * 1024 } as const;

/** Bodies are parsed here, and every sweep copies those under way. */
const youngGenerationMb = 192;

/** The append side of the ledger on PostgreSQL: bodies go as raw bytes to a thread that has connections of its own. */
export async function startPostgresLedger(options: PostgresLedgerOptions): Promise<PostgresLedger> {
  const { url, connections = connectionsDefault, silentAfterMs, onCrash, onCommitted, isLazy = false } = options;
  const start = (): StoreThreadHandle =>
    new StoreThreadHandle(
      {
        role: "appender",
        module: moduleBeside(import.meta.url, "append-thread.postgres"),
        data: { url, connections, silentAfterMs } satisfies AppendThreadOptions,
        youngGenerationMb,
      },
      {
        onCrash: (role, error) => onCrash?.(role, error),
        onNotice: (topic, value) => {
          if (topic === usageCommitted) onCommitted?.(value as CommittedUsage);
        },
      },
    );
  const ledger = new ThreadLedger(start);
  if (!isLazy) await ledger.start();
  return ledger;
}

class ThreadLedger implements PostgresLedger {
  readonly #startThread: () => StoreThreadHandle;
  #startedThread: StoreThreadHandle | undefined;
  #queuedCalls = 0;
  #queuedBytes = 0;
  #isClosed = false;
  #waiting: GroupedRequest[] | undefined;

  constructor(startThread: () => StoreThreadHandle) {
    this.#startThread = startThread;
  }

  /** Rejects where the thread cannot be started. */
  start(): Promise<void> {
    return this.#thread.ready;
  }

  get #thread(): StoreThreadHandle {
    if (this.#startedThread === undefined) {
      this.#startedThread = this.#startThread();
      // Whoever waits for the start is told; later its calls are refused and it is started again.
      this.#startedThread.ready.catch(() => undefined);
    }
    return this.#startedThread;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  async append(organizationId: string, usage: UsageBytes): Promise<readonly RecordedItem[]> {
    const result = await this.#send(organizationId, usage, "items");
    return JSON.parse(textOf(result)) as readonly RecordedItem[];
  }

  async answer(organizationId: string, usage: UsageBytes): Promise<AppendAnswer> {
    const result = await this.#send(organizationId, usage, "answer");
    if (result.wants !== "answer") throw new Error("the appender answered another question");
    return { json: result.json, summary: result.summary };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#flush();
    await this.#startedThread?.close();
  }

  /** Puts an admitted body into the message that goes to the thread at the end of this turn of the event loop. */
  #send(organizationId: string, usage: UsageBytes, wants: AppendArgs["wants"]): Promise<AppendResult> {
    const { bytes, onCounted } = usage;
    const size = bytes.byteLength;
    this.#admit(size);
    const { id, answer } = this.#thread.expect<AppendResult>(() => {
      this.#queuedCalls -= 1;
      this.#queuedBytes -= size;
    });
    if (this.#waiting === undefined) {
      this.#waiting = [];
      setImmediate(() => this.#flush());
    }
    this.#waiting.push({ id, args: toAppendArgs(organizationId, usage, wants), bytes });
    if (onCounted === undefined) return answer;
    return answer.then((result) => {
      if (result.counted !== undefined) onCounted(result.counted);
      return result;
    });
  }

  #admit(size: number): void {
    if (this.#isClosed) throw unavailable("the server is stopping");
    const isFull = this.#queuedCalls >= queueMax.calls;
    // An empty queue takes a body of any size: the body's own limit is not this queue's business.
    if (isFull || (this.#queuedCalls > 0 && this.#queuedBytes + size > queueMax.bytes)) {
      throw unavailable("too much waits to be written");
    }
    this.#queuedCalls += 1;
    this.#queuedBytes += size;
  }

  #flush(): void {
    const group = this.#waiting;
    if (group === undefined) return;
    this.#waiting = undefined;
    const { calls, moved } = packBodies(group);
    this.#thread.post(
      { kind: "grouped", name: "usage.append", calls },
      calls.map(({ id }) => id),
      moved,
    );
  }
}
