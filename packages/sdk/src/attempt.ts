import { AbortedError, CostOpsError, NetworkError, TimeoutError } from "./errors.ts";
import type { CostOpsRequest, Next } from "./middleware.ts";
import type { FetchLike } from "./options.ts";

/** A time limit that starts again whenever something arrives, joined with the signals of the caller. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Something arrived: the whole time counts again. */
  touch(): void;
  /** Nothing more is awaited. */
  end(): void;
}

export function startDeadline(timeoutMs: number, outer: readonly (AbortSignal | undefined)[]): Deadline {
  const controller = new AbortController();
  const expire = () => controller.abort(new TimeoutError(`no answer within ${timeoutMs} ms`));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const touch = () => {
    clearTimeout(timer);
    if (timeoutMs > 0) timer = setTimeout(expire, timeoutMs);
  };
  touch();
  const signals = outer.filter((signal) => signal !== undefined);
  return {
    signal: signals.length === 0 ? controller.signal : AbortSignal.any([...signals, controller.signal]),
    touch,
    end: () => clearTimeout(timer),
  };
}

/** Rejects as soon as the signal is aborted, also where what is awaited does not heed signals. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** The innermost step: the request leaves, and every way to get no answer becomes one of our errors. */
export function sender(customFetch: FetchLike | undefined): Next {
  return async (request) => {
    // Looked up at each call, so that a page or a test that replaces the global one is obeyed.
    const send = customFetch ?? (globalThis.fetch as FetchLike);
    const { method, url, headers, body, signal } = request;
    const init = { method, headers, signal, redirect: "manual", ...(body !== null && bodyInit(body)) } as RequestInit;
    try {
      return await orAborted(send(url, init), signal);
    } catch (error) {
      throw failureFrom(error, request);
    }
  };
}

/** Node and browsers stream a body only when told that the answer comes after it. */
function bodyInit(body: NonNullable<CostOpsRequest["body"]>): object {
  return body instanceof ReadableStream ? { body, duplex: "half" } : { body };
}

/** What went wrong while sending or reading: the time limit, the caller's abort, or the network. */
export function failureFrom(error: unknown, request: Pick<CostOpsRequest, "url" | "signal">): CostOpsError {
  if (error instanceof CostOpsError) return error;
  if (request.signal.aborted) {
    const { reason } = request.signal;
    return reason instanceof TimeoutError ? reason : new AbortedError(reason);
  }
  const code = causeCode(error);
  const told = code ?? (error instanceof Error ? error.message : String(error));
  return new NetworkError(`no answer from ${new URL(request.url).origin}: ${told}`, {
    cause: error,
    unsent: code !== undefined && unsentCodes.has(code),
  });
}

/** Failures before a connection existed. */
const unsentCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "ConnectionRefused",
]);

function causeCode(error: unknown): string | undefined {
  for (let depth = 0, at = error; depth < 5 && at instanceof Error; depth += 1, at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string") return code;
  }
  return undefined;
}
