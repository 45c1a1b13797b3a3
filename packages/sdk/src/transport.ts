import type { OperationId } from "@llm-cost-ops/contract";
import { type Deadline, failureFrom, orAborted, sender, startDeadline } from "./attempt.ts";
import { endpoints, pathOf } from "./endpoints.ts";
import { AbortedError, APIError, CostOpsError } from "./errors.ts";
import { type CostOpsRequest, compose, type Next } from "./middleware.ts";
import { type ClientSettings, type RequestOptions, wholeNumber } from "./options.ts";
import { refusalFrom, retryAfterSeconds } from "./refusals.ts";
import { retryDelayMs } from "./retry.ts";
import { version } from "./version.ts";

/** Where time and chance come from; tests give their own. */
export interface Clock {
  now(): number;
  random(): number;
  /** Resolves after the wait, or rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  async sleep(ms, signal) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await orAborted(new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))), signal);
    } finally {
      clearTimeout(timer);
    }
  },
};

type Body = CostOpsRequest["body"];

/** One use of an operation. */
export interface Call {
  readonly operation: OperationId;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: URLSearchParams | undefined;
  readonly body?: Body;
  readonly contentType?: string;
  readonly contentEncoding?: string | undefined;
  readonly accept?: string;
  /** False where the body can be read once only, so that no attempt can follow the first. */
  readonly replayable?: boolean;
  readonly options?: RequestOptions | undefined;
}

/** An answer whose body is read as it arrives. */
export interface OpenAnswer {
  readonly response: Response;
  /** Chunks of the body. Stopping early closes the connection. */
  readonly chunks: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Sends calls: identity, time limits, middleware, retries and errors are decided here and nowhere else. */
export class Transport {
  readonly #settings: ClientSettings;
  readonly #clock: Clock;
  readonly #makeId: () => string;
  readonly #send: Next;

  constructor(settings: ClientSettings, makeId: () => string, clock: Clock = systemClock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#makeId = makeId;
    this.#send = compose(settings.middleware, sender(settings.fetch));
  }

  /** The parsed JSON of a successful answer; undefined where it has no body. */
  json(call: Call): Promise<unknown> {
    return this.#withRetries(call, async (response, deadline, request) => {
      const parsed = await readBody(response, deadline, request);
      deadline.end();
      if (parsed.json === undefined && parsed.text !== "") {
        throw new APIError("the answer is not JSON; is baseURL the address of the server?", {
          code: "INVALID_RESPONSE",
          statusCode: response.status,
          response: parsed.text.slice(0, 500),
          requestId: requestIdOf(response),
        });
      }
      return parsed.json;
    });
  }

  /** A successful answer whose body is still to be read. Failures after this point are not retried. */
  open(call: Call): Promise<OpenAnswer> {
    return this.#withRetries(call, async (response, deadline, request) => {
      deadline.end();
      return { response, chunks: readChunks(response, deadline, request) };
    });
  }

  /** Waits, unless the caller's signal ends that: then it rejects with `AbortedError`. */
  pause(delayMs: number, options?: RequestOptions): Promise<void> {
    return this.#wait(delayMs, { operation: "live.stream", options });
  }

  async #withRetries<T>(
    call: Call,
    consume: (response: Response, deadline: Deadline, request: CostOpsRequest) => Promise<T>,
  ): Promise<T> {
    const { retry, logger } = this.#settings;
    const started = this.#clock.now();
    const endpoint = endpoints[call.operation];
    const policy =
      call.options?.maxRetries === undefined
        ? retry
        : { ...retry, maxRetries: wholeNumber("maxRetries", call.options.maxRetries) };
    const draft = this.#draft(call);
    for (let attempt = 1; ; attempt += 1) {
      const deadline = startDeadline(call.options?.timeout ?? this.#settings.timeoutMs, this.#signals(call));
      const request: CostOpsRequest = { ...draft, attempt, signal: deadline.signal };
      try {
        return await this.#attempt(request, deadline, consume);
      } catch (error) {
        deadline.end();
        if (!(error instanceof CostOpsError)) throw error;
        const delayMs = retryDelayMs({
          failure: error,
          attempt,
          elapsedMs: this.#clock.now() - started,
          repeatable: endpoint.repeatable,
          keyed: endpoint.keyed && draft.headers["idempotency-key"] !== undefined,
          policy: call.replayable === false ? { ...policy, maxRetries: 0 } : policy,
          random: this.#clock.random(),
        });
        if (delayMs === undefined) throw error;
        logger.warn?.("request failed, trying again", {
          operation: call.operation,
          attempt,
          code: error.code,
          status: error.statusCode,
          delayMs: Math.round(delayMs),
        });
        await this.#wait(delayMs, call);
      }
    }
  }

  async #attempt<T>(
    request: CostOpsRequest,
    deadline: Deadline,
    consume: (response: Response, deadline: Deadline, request: CostOpsRequest) => Promise<T>,
  ): Promise<T> {
    const { logger } = this.#settings;
    const began = this.#clock.now();
    const facts = { operation: request.operation, method: request.method, attempt: request.attempt };
    logger.debug?.("request", facts);
    if (request.signal.aborted) throw failureFrom(request.signal.reason, request);
    const response = await this.#send(request);
    logger.debug?.("answer", {
      ...facts,
      status: response.status,
      durationMs: this.#clock.now() - began,
      requestId: requestIdOf(response),
    });
    if (response.status >= 200 && response.status < 300) return consume(response, deadline, request);
    throw await this.#refusal(response, deadline, request);
  }

  async #refusal(response: Response, deadline: Deadline, request: CostOpsRequest): Promise<APIError> {
    const { json, text } = await readBody(response, deadline, request);
    const needsKey = !/^auth\.(login|refresh|browserLogin|browserRefresh)$/.test(request.operation);
    const hints: Readonly<Record<number, string>> = {
      401:
        needsKey && this.#settings.apiKey === undefined ? " (no API key: pass apiKey or set LLM_COST_OPS_API_KEY)" : "",
    };
    const moved = response.headers?.get("location");
    return refusalFrom(
      {
        status: response.status,
        body: moved ? `the address moved to ${moved}; set baseURL to where the server is` : (json ?? text),
        requestId: requestIdOf(response),
        retryAfter: retryAfterSeconds(response.headers?.get("retry-after"), this.#clock.now()),
      },
      hints[response.status],
    );
  }

  /** What all attempts of a call share, the idempotency key among it. */
  #draft(call: Call): Omit<CostOpsRequest, "attempt" | "signal"> {
    const { method, repeatable, keyed } = endpoints[call.operation];
    const { apiKey, baseUrl, headers: own } = this.#settings;
    const query = call.query?.toString() ?? "";
    const needsKey = keyed && !repeatable;
    const idempotencyKey = call.options?.idempotencyKey ?? (needsKey ? this.#makeId() : undefined);
    // Headers refuses illegal names and values here, before anything is sent, and joins spellings of one name.
    const headers = new Headers({
      accept: call.accept ?? "application/json",
      "user-agent": `llm-cost-ops-sdk/${version}`,
      ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
      ...(call.body !== undefined && call.body !== null && { "content-type": call.contentType ?? "application/json" }),
      ...(call.contentEncoding !== undefined && { "content-encoding": call.contentEncoding }),
    });
    for (const [name, value] of Object.entries({ ...own, ...call.options?.headers })) headers.set(name, value);
    return {
      method,
      url: `${baseUrl}${pathOf(call.operation, call.params)}${query === "" ? "" : `?${query}`}`,
      headers: Object.fromEntries(headers),
      body: call.body ?? null,
      operation: call.operation,
    };
  }

  #signals(call: Call): (AbortSignal | undefined)[] {
    return [this.#settings.signal, call.options?.signal];
  }

  async #wait(delayMs: number, call: Call): Promise<void> {
    const quiet = startDeadline(0, this.#signals(call));
    try {
      await this.#clock.sleep(delayMs, quiet.signal);
    } catch (error) {
      throw quiet.signal.aborted ? new AbortedError(quiet.signal.reason) : error;
    }
  }
}

function requestIdOf(response: Response): string | undefined {
  return response.headers?.get("x-request-id") ?? undefined;
}

interface ReadBody {
  readonly text: string;
  readonly json: unknown;
}

/** The whole body as text and, where it is JSON, parsed. */
async function readBody(response: Response, deadline: Deadline, request: CostOpsRequest): Promise<ReadBody> {
  try {
    // A stand-in for a Response in a test may offer json() alone.
    if (typeof response.text !== "function") return { text: "", json: await response.json() };
    const text = await orAborted(response.text(), deadline.signal);
    return { text, json: parseJson(text) };
  } catch (error) {
    throw failureFrom(error, request);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function* readChunks(
  response: Response,
  deadline: Deadline,
  request: CostOpsRequest,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const reader = response.body?.getReader();
  let whole = false;
  try {
    while (reader !== undefined) {
      deadline.touch();
      const { done, value } = await orAborted(reader.read(), deadline.signal);
      // While the reader of this stream works, nothing is awaited from the server.
      deadline.end();
      if (done) break;
      yield value;
    }
    whole = true;
  } catch (error) {
    throw failureFrom(error, request);
  } finally {
    deadline.end();
    if (!whole) void reader?.cancel().catch(() => undefined);
  }
}
