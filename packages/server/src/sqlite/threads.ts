import type { Actor } from "../audit/actor.ts";
import { isUpToDate } from "./connection.ts";
import type {
  GroupCall,
  GroupPreparation,
  PreparedCall,
  SqliteGroupOperation,
  SqliteOperation,
  SqliteThreads,
} from "./operation.ts";
import { ownBuffer, packBodies } from "./pack-bodies.ts";
import { startSqliteThread } from "./start-thread.ts";
import { type StoreThreadHandle, unavailable } from "./store-thread-handle.ts";
import type { GroupedRequest, ThreadRole } from "./thread-messages.ts";

/** Bounds of what may wait for the writer; beyond them callers are refused and come again. */
export interface QueueLimits {
  readonly calls: number;
  readonly bytes: number;
}

export interface SqliteThreadsOptions {
  /** The database file; made and brought up to date where it is missing or old. */
  readonly path: string;
  readonly queue?: QueueLimits;
  /** Bodies of so many bytes and more pass the preparer; smaller ones reach the writer sooner without it. */
  readonly preparedBytesMin?: number;
  /** Starts the writer only when there is something to write, for a process that may only ask. */
  readonly isWriterLazy?: boolean;
  /** Told when a thread crashed; it is started again by itself. */
  readonly onCrash?: (role: string, error: Error) => void;
  /** Told what the writer tells of itself; see each topic for its value. */
  readonly onNotice?: (topic: string, value: unknown) => void;
}

/** The running threads. */
export interface RunningSqliteThreads extends SqliteThreads {
  /** Bytes of bodies that wait to be written. */
  readonly queuedBytes: number;
  /** Lets what was accepted be written, then closes both connections. */
  close(): Promise<void>;
}

const defaultQueue: QueueLimits = { calls: 20_000, bytes: 128 * 1024 * 1024 };

const defaultPreparedBytesMin = 16 * 1024;

/**
 * Opens the database on two threads, one that writes and one that reads, so that neither the event loop nor readers
 * wait for the disk. A third one, which prepares large bodies for the writer, starts with the first of them. Rejects
 * where the database cannot be opened.
 */
export async function startSqliteThreads(options: SqliteThreadsOptions): Promise<RunningSqliteThreads> {
  const told = {
    onCrash: options.onCrash ?? (() => undefined),
    onNotice: options.onNotice ?? (() => undefined),
  };
  const start = (role: ThreadRole): StoreThreadHandle => startSqliteThread(role, options.path, told);
  // Where the schema is as it must be the reader can begin alone; else the writer makes it, or brings it up to date.
  const isReadable = isUpToDate(options.path);
  const writer = isReadable && options.isWriterLazy === true ? undefined : start("writer");
  const early = isReadable ? start("reader") : undefined;
  early?.ready.catch(() => undefined);
  await writer?.ready.catch((error: unknown) => abandon([writer, early], error));
  const reader = early ?? start("reader");
  await reader.ready.catch((error: unknown) => abandon([writer, reader], error));
  const startLater = (role: "writer" | "preparer") => (): StoreThreadHandle => {
    const handle = start(role);
    // Its calls are refused and it is started again; that the database could not be opened then is no end of the process.
    handle.ready.catch(() => undefined);
    return handle;
  };
  return new StoreThreads(writer ?? startLater("writer"), reader, startLater("preparer"), options);
}

async function abandon(handles: readonly (StoreThreadHandle | undefined)[], error: unknown): Promise<never> {
  await Promise.all(handles.map((handle) => handle?.close()));
  throw error;
}

interface WaitingGroup {
  readonly name: string;
  readonly calls: GroupedRequest[];
}

class StoreThreads implements RunningSqliteThreads {
  readonly #startWriter: () => StoreThreadHandle;
  #startedWriter: StoreThreadHandle | undefined;
  readonly #reader: StoreThreadHandle;
  readonly #startPreparer: () => StoreThreadHandle;
  #startedPreparer: StoreThreadHandle | undefined;
  /** Calls at the preparer, each settled once it waits for the writer or was refused. */
  readonly #preparing = new Set<Promise<unknown>>();
  readonly #limits: QueueLimits;
  readonly #preparedBytesMin: number;
  #queuedCalls = 0;
  #queuedBytes = 0;
  /** Calls of this turn of the event loop, to be posted in one message. */
  #waiting: WaitingGroup | undefined;
  #isClosed = false;

  constructor(
    writer: StoreThreadHandle | (() => StoreThreadHandle),
    reader: StoreThreadHandle,
    startPreparer: () => StoreThreadHandle,
    options: SqliteThreadsOptions,
  ) {
    this.#startedWriter = typeof writer === "function" ? undefined : writer;
    this.#startWriter = () => (typeof writer === "function" ? writer() : writer);
    this.#reader = reader;
    this.#startPreparer = startPreparer;
    this.#limits = options.queue ?? defaultQueue;
    this.#preparedBytesMin = options.preparedBytesMin ?? defaultPreparedBytesMin;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get #writer(): StoreThreadHandle {
    this.#startedWriter ??= this.#startWriter();
    return this.#startedWriter;
  }

  async write<Args, Result>(operation: SqliteOperation<Args, Result>, args: Args, actor?: Actor): Promise<Result> {
    this.#flush();
    return this.#call(this.#writer, operation, args, actor);
  }

  async read<Args, Result>(operation: SqliteOperation<Args, Result>, args: Args): Promise<Result> {
    return this.#call(this.#reader, operation, args);
  }

  async writeTogether<Args, Result>(
    operation: SqliteGroupOperation<Args, Result>,
    args: Args,
    bytes: Uint8Array,
  ): Promise<Result> {
    const size = bytes.byteLength;
    this.#admit(size);
    const { preparation } = operation;
    if (preparation === undefined || size < this.#preparedBytesMin) {
      return this.#enqueue(operation, { args, bytes }, size);
    }
    const { expected, written } = await this.#prepare(operation, preparation, { args, bytes });
    return preparation.complete(await written, expected);
  }

  /** Sends an admitted call to the preparer and from there to the writer. */
  async #prepare<Args, Result>(
    operation: SqliteGroupOperation<Args, Result>,
    preparation: GroupPreparation<Args, Result>,
    { args, bytes }: GroupCall<Args>,
  ): Promise<{ readonly expected: Result; readonly written: Promise<Result> }> {
    const size = bytes.byteLength;
    this.#startedPreparer ??= this.#startPreparer();
    const { id, answer } = this.#startedPreparer.expect<PreparedCall<Result>>(() => undefined);
    const own = ownBuffer(bytes);
    const call: GroupCall<Args> = { args, bytes: own };
    this.#startedPreparer.post({ kind: "call", id, name: preparation.operation.name, args: call }, [id], [own.buffer]);
    const queued = answer.then(
      (made) => ({
        expected: made.expected,
        written: this.#enqueue(operation, { args, bytes: made.bytes, prepared: made.prepared }, size),
      }),
      (error: unknown) => {
        this.#leave(size);
        throw error;
      },
    );
    this.#preparing.add(queued);
    return queued.finally(() => this.#preparing.delete(queued));
  }

  /** Puts an admitted call into the message that goes to the writer at the end of this turn of the event loop. */
  #enqueue<Args, Result>(
    operation: SqliteGroupOperation<Args, Result>,
    call: GroupCall<Args>,
    size: number,
  ): Promise<Result> {
    const { id, answer } = this.#writer.expect<Result>(() => this.#leave(size));
    if (this.#waiting !== undefined && this.#waiting.name !== operation.name) this.#flush();
    if (this.#waiting === undefined) {
      this.#waiting = { name: operation.name, calls: [] };
      setImmediate(() => this.#flush());
    }
    this.#waiting.calls.push({ id, ...call });
    return answer;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#preparing);
    this.#flush();
    await this.#startedPreparer?.close();
    // The writer last: whoever leaves last tidies the write-ahead file away, and a reader cannot.
    await this.#reader.close();
    await this.#startedWriter?.close();
  }

  #call<Args, Result>(
    thread: StoreThreadHandle,
    { name }: SqliteOperation<Args, Result>,
    args: Args,
    actor?: Actor,
  ): Promise<Result> {
    this.#admit(0);
    const { id, answer } = thread.expect<Result>(() => this.#leave(0));
    thread.post({ kind: "call", id, name, args, actor }, [id]);
    return answer;
  }

  #admit(size: number): void {
    if (this.#isClosed) throw unavailable("the server is stopping");
    const isFull = this.#queuedCalls >= this.#limits.calls;
    // An empty queue takes a body of any size: the body's own limit is not this queue's business.
    if (isFull || (this.#queuedCalls > 0 && this.#queuedBytes + size > this.#limits.bytes)) {
      throw unavailable("too much waits to be written");
    }
    this.#queuedCalls += 1;
    this.#queuedBytes += size;
  }

  #leave(size: number): void {
    this.#queuedCalls -= 1;
    this.#queuedBytes -= size;
  }

  #flush(): void {
    const group = this.#waiting;
    if (group === undefined) return;
    this.#waiting = undefined;
    const { calls, moved } = packBodies(group.calls);
    this.#writer.post(
      { kind: "grouped", name: group.name, calls },
      calls.map(({ id }) => id),
      moved,
    );
  }
}
