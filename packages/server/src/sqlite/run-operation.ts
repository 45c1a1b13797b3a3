import type { Actor } from "../audit/actor.ts";
import { Refusal } from "../refusal.ts";
import type { GroupCall, SqliteGroupOperation, SqliteOperation, StoreThread } from "./operation.ts";
import { storageRefusal } from "./storage-failure.ts";
import { type CallAnswer, type GroupedRequest, toRefusalMessage } from "./thread-messages.ts";

/**
 * Runs one operation and turns whatever it does into an answer: a result, a refusal or a defect. The answer of an
 * operation that is written for every store comes a few microtasks later; nothing else can run on the thread before.
 */
export function runOperation(
  store: StoreThread,
  operation: SqliteOperation<unknown, unknown> | undefined,
  request: { readonly id: number; readonly name: string; readonly args: unknown; readonly actor?: Actor | undefined },
): CallAnswer | Promise<CallAnswer> {
  const { id, name, args, actor } = request;
  try {
    if (operation === undefined) throw new Error(`no operation is called ${name}: it is missing in the registry`);
    const result = operation.run(store, args, actor);
    if (!(result instanceof Promise)) return { id, result };
    return result.then(
      (value) => ({ id, result: value as unknown }),
      (error: unknown) => failure(id, error),
    );
  } catch (error) {
    return failure(id, error);
  }
}

/**
 * Runs waiting calls of a group operation together. A defect that one of them sets off takes none of the others with
 * it: they are run again, each alone.
 */
export function runTogether(
  store: StoreThread,
  operation: SqliteGroupOperation<unknown, unknown>,
  requests: readonly GroupedRequest[],
): CallAnswer[] {
  const calls: GroupCall<unknown>[] = requests.map(({ args, bytes, prepared }) => ({ args, bytes, prepared }));
  try {
    const results = operation.runTogether(store, calls);
    return requests.map(({ id }, index) => {
      const result = results[index];
      return result instanceof Refusal ? { id, refusal: toRefusalMessage(result) } : { id, result };
    });
  } catch (error) {
    const [only] = requests;
    if (only !== undefined && requests.length === 1) return [failure(only.id, error)];
    return requests.flatMap((request) => runTogether(store, operation, [request]));
  }
}

function failure(id: number, error: unknown): CallAnswer {
  const refusal = error instanceof Refusal ? error : storageRefusal(error);
  if (refusal !== undefined) return { id, refusal: toRefusalMessage(refusal) };
  return { id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
