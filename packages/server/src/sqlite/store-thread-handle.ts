import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { Refusal } from "../refusal.ts";
import { moduleBeside } from "./module-beside.ts";
import {
  type CancelRequest,
  fromRefusalMessage,
  type ThreadAnswer,
  type ThreadBegin,
  type ThreadRequest,
} from "./thread-messages.ts";

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly settled: () => void;
}

/** A thread that dies right after it started is started again only after this pause. */
const restartPauseMs = 1_000;

export interface ThreadListeners {
  readonly onCrash: (role: string, error: Error) => void;
  readonly onNotice: (topic: string, value: unknown) => void;
}

/** What a thread is started with, and again after a crash. */
export interface ThreadStart {
  readonly role: string;
  readonly module: URL;
  readonly data: object;
  /** Garbage that it may gather before it is swept. Without a limit, loading the modules alone leaves 20 MB of it. */
  readonly youngGenerationMb: number;
}

/** The folder of which the process's compile cache is the part for this version of Node: threads take the same part. */
function compileCache(): string | undefined {
  const part = getCompileCacheDir();
  return part === undefined ? undefined : dirname(part);
}

/**
 * One worker thread with its connection, kept alive: where it crashes, calls under way are refused as unavailable and it
 * is started again.
 */
export class StoreThreadHandle {
  readonly #role: string;
  readonly #begin: ThreadStart;
  readonly #onCrash: (role: string, error: Error) => void;
  readonly #onNotice: (topic: string, value: unknown) => void;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #ready: Promise<void>;
  #isClosing = false;
  #lastId = 0;

  constructor(start: ThreadStart, told: ThreadListeners) {
    this.#role = start.role;
    this.#begin = start;
    this.#onCrash = told.onCrash;
    this.#onNotice = told.onNotice;
    this.#ready = this.#start();
  }

  /** Resolves once the thread has opened the database; rejects where it cannot. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** A number for a call whose answer settles the promise. `settled` runs whatever the answer. */
  expect<Result>(settled: () => void): { readonly id: number; readonly answer: Promise<Result> } {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<Result>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (result: unknown) => void, reject, settled });
    });
    return { id, answer };
  }

  /** Sends a request; calls of a thread that is down are refused at once. */
  post(request: ThreadRequest | CancelRequest, ids: readonly number[], moved: readonly ArrayBuffer[] = []): void {
    if (this.#worker === undefined || this.#isClosing) {
      for (const id of ids) this.#settle(id, ({ reject }) => reject(unavailable(`the ${this.#role} is not running`)));
      return;
    }
    this.#worker.postMessage(request, moved);
  }

  /** Lets the thread finish what it has and close its connection. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    await this.#ready.catch(() => undefined);
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    worker.postMessage({ kind: "close" } satisfies ThreadRequest);
    await exited;
  }

  #start(): Promise<void> {
    const { role, module, data, youngGenerationMb } = this.#begin;
    const begin: ThreadBegin = { module: module.href, compileCache: compileCache() };
    const options: WorkerOptions = {
      workerData: { ...data, ...begin },
      execArgv: module.pathname.endsWith(".ts") ? ["--conditions=source"] : [],
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
      name: role,
    };
    const worker = new Worker(moduleBeside(import.meta.url, "store-thread"), options);
    this.#worker = worker;
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      let crash = new Error(`the ${this.#role} thread ended`);
      worker.on("message", (message: ThreadAnswer) => {
        if (message.kind === "ready") resolve();
        else if (message.kind === "failed") crash = new Error(message.message);
        else if (message.kind === "notice") this.#onNotice(message.topic, message.value);
        else this.#settleAll(message.answers);
      });
      worker.on("error", (error) => {
        crash = error instanceof Error ? error : new Error(String(error));
      });
      worker.on("exit", () => {
        this.#worker = undefined;
        reject(crash);
        this.#refusePending();
        if (!this.#isClosing) this.#restart(crash, performance.now() - startedAt);
      });
    });
  }

  /** The first start that fails is the caller's to handle; later ones are tried again until the thread is closed. */
  #restart(crash: Error, ranMs: number): void {
    this.#onCrash(this.#role, crash);
    const timer = setTimeout(
      () => {
        if (this.#isClosing) return;
        this.#ready = this.#start();
        this.#ready.catch(() => undefined);
      },
      ranMs < restartPauseMs ? restartPauseMs : 0,
    );
    timer.unref();
  }

  #settleAll(answers: Extract<ThreadAnswer, { kind: "answers" }>["answers"]): void {
    for (const answer of answers) {
      this.#settle(answer.id, ({ resolve, reject }) => {
        if ("result" in answer) resolve(answer.result);
        else if ("refusal" in answer) reject(fromRefusalMessage(answer.refusal));
        else reject(new Error(`${this.#role} thread: ${answer.defect}`));
      });
    }
  }

  #settle(id: number, how: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.settled();
    how(pending);
  }

  #refusePending(): void {
    for (const id of [...this.#pending.keys()]) {
      this.#settle(id, ({ reject }) => reject(unavailable(`the ${this.#role} stopped before it answered`)));
    }
  }
}

/** A refusal to be tried again after a moment. */
export const unavailable = (why: string): Refusal =>
  new Refusal("UNAVAILABLE", `${why}; try again`, { details: { retry_after_seconds: 1 } });
