import { connectPostgres, type PostgresStore } from "../postgres/postgres-store.ts";
import { moduleBeside } from "../sqlite/module-beside.ts";
import { StoreThreadHandle, unavailable } from "../sqlite/store-thread-handle.ts";
import type { Store } from "../store/operation.ts";
import { postgresCostQuery } from "./cost-query.postgres.ts";
import type { CostQuery } from "./cost-query.ts";

/** What the thread that answers questions is started with. */
export interface QuestionThreadOptions {
  readonly url: string;
  readonly connections: number;
}

export interface PostgresQuestionsOptions {
  /** `postgresql://user:password@host:port/database?sslmode=…`, of a database whose schema is up to date. */
  readonly url: string;
  /** Questions that are answered at once; the others wait. */
  readonly connections?: number;
  /** Told when the thread crashed; it is started again by itself. */
  readonly onCrash?: (role: string, error: Error) => void;
}

export interface PostgresQuestions {
  readonly query: CostQuery;
  /** Lets questions under way be answered, then closes the connections. */
  close(): Promise<void>;
}

const connectionsDefault = 4;
/** Questions that may wait; beyond them callers are refused and come again. */
const questionsMax = 1_000;
/** Rows of answers are garbage once they are sent. */
const youngGenerationMb = 32;

/**
 * Sums are made in memory, where the default would sort on disk; compiling a statement takes longer than running it; and
 * several questions share the machine, so that one on several processors would be quick at the cost of the others.
 */
const session = { work_mem: "32MB", jit: "off", max_parallel_workers_per_gather: "0" };

/** Connections for questions, made with the first of them. */
export const connectForQuestions = ({ url, connections }: QuestionThreadOptions): PostgresStore =>
  connectPostgres({ url, poolSize: connections, now: Date.now, session, endsWithClient: true });

/** Answers questions from PostgreSQL on the thread that asks, for a process in which nobody else waits meanwhile. */
export function answerPostgresQuestions(options: QuestionThreadOptions): PostgresQuestions {
  const store = connectForQuestions(options);
  return { query: postgresCostQuery(store), close: () => store.close() };
}

/** Starts the thread that answers questions from PostgreSQL. */
export async function startPostgresQuestions(options: PostgresQuestionsOptions): Promise<PostgresQuestions> {
  const { url, connections = connectionsDefault, onCrash } = options;
  const thread = new StoreThreadHandle(
    {
      role: "questions",
      module: moduleBeside(import.meta.url, "question-thread.postgres"),
      data: { url, connections } satisfies QuestionThreadOptions,
      youngGenerationMb,
    },
    { onCrash: (role, error) => onCrash?.(role, error), onNotice: () => undefined },
  );
  await thread.ready;
  let waiting = 0;
  const store: Store = {
    run: async ({ name }, args, _actor, signal) => {
      if (waiting >= questionsMax) throw unavailable("too many questions wait");
      waiting += 1;
      const cancel = (): void => thread.post({ kind: "cancel", id }, []);
      const { id, answer } = thread.expect<never>(() => {
        waiting -= 1;
        signal?.removeEventListener("abort", cancel);
      });
      thread.post({ kind: "call", id, name, args }, [id]);
      if (signal?.aborted) cancel();
      else signal?.addEventListener("abort", cancel);
      return answer;
    },
  };
  return { query: postgresCostQuery(store), close: () => thread.close() };
}
