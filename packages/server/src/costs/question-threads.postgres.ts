import { moduleBeside, StoreThreadHandle, unavailable } from "../sqlite/store-thread-handle.ts";
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
    run: async ({ name }, args) => {
      if (waiting >= questionsMax) throw unavailable("too many questions wait");
      waiting += 1;
      const { id, answer } = thread.expect<never>(() => {
        waiting -= 1;
      });
      thread.post({ kind: "call", id, name, args }, [id]);
      return answer;
    },
  };
  return { query: postgresCostQuery(store), close: () => thread.close() };
}
