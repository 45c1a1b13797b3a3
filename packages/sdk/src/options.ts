import { type EnvironmentDefaults, readEnvironment } from "./environment.ts";
import { chooseLogger, type Logger } from "./logging.ts";
import type { Middleware } from "./middleware.ts";
import { defaultRetryPolicy, type RetryOptions, type RetryPolicy } from "./retry.ts";

/** Anything that answers a URL as `fetch` does. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /** `LLM_COST_OPS_API_KEY` or `COST_OPS_API_KEY` if absent. */
  readonly apiKey?: string | undefined;
  /** Where the server is; `LLM_COST_OPS_BASE_URL` or `COST_OPS_API_URL` if absent, else the local server's default address. */
  readonly baseURL?: string | undefined;
  /** The same as `baseURL`. */
  readonly baseUrl?: string | undefined;
  /** Milliseconds for one attempt, or between two chunks of a stream; 0 for no limit. `LLM_COST_OPS_TIMEOUT` (seconds) if absent, else 30,000. */
  readonly timeout?: number | undefined;
  readonly retry?: RetryOptions | undefined;
  /** The same as `retry.maxRetries`. `LLM_COST_OPS_MAX_RETRIES` if both are absent, else 3. */
  readonly maxRetries?: number | undefined;
  /** Around every attempt, the first outermost. */
  readonly middleware?: readonly Middleware[] | undefined;
  readonly logger?: Logger | undefined;
  /** Tell every request and answer to the logger, or to the console where there is none. */
  readonly debug?: boolean | undefined;
  /** Used instead of the platform's `fetch`. */
  readonly fetch?: FetchLike | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The organization of records and questions that name none. It may only agree with the key's. */
  readonly organizationId?: string | undefined;
  /** Aborts every request of this client. */
  readonly signal?: AbortSignal | undefined;
}

/** What may be said about one request. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for one attempt; 0 for no limit. */
  readonly timeout?: number | undefined;
  readonly maxRetries?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as `Idempotency-Key` of requests that create something; made by the client if absent. */
  readonly idempotencyKey?: string | undefined;
}

/** The options of a client with every default filled in. */
export interface ClientSettings {
  readonly apiKey: string | undefined;
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  readonly middleware: readonly Middleware[];
  readonly logger: Logger;
  readonly fetch: FetchLike | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly organizationId: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const defaultBaseUrl = "http://127.0.0.1:8080";
const defaultTimeoutMs = 30_000;

/**
 * Settings from options, environment and defaults, in this order.
 * @throws TypeError or RangeError naming the option that is wrong.
 */
export function resolveSettings(
  options: ClientOptions,
  environment: EnvironmentDefaults = readEnvironment(),
): ClientSettings {
  const retry = resolveRetry(options, environment);
  return {
    apiKey: options.apiKey ?? environment.apiKey,
    baseUrl: normalizeBaseUrl(resolveBaseUrl(options) ?? environment.baseUrl ?? defaultBaseUrl),
    timeoutMs: numberInRange("timeout", options.timeout ?? environment.timeoutMs ?? defaultTimeoutMs, 0, 2 ** 31 - 1),
    retry,
    middleware: [...(options.middleware ?? [])],
    logger: chooseLogger(options.logger, options.debug ?? false),
    fetch: options.fetch,
    headers: options.headers ?? {},
    organizationId: options.organizationId,
    signal: options.signal,
  };
}

function resolveBaseUrl(options: ClientOptions): string | undefined {
  if (options.baseURL !== undefined && options.baseUrl !== undefined && options.baseURL !== options.baseUrl) {
    throw new TypeError("baseURL and baseUrl are the same option and must not differ");
  }
  return options.baseURL ?? options.baseUrl;
}

/** The address without trailing slash, and without the base path of the interface where it was given with it. */
function normalizeBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TypeError("baseURL must be an http or https address, such as https://costs.example.com");
  }
  if (url.username !== "" || url.password !== "") throw new TypeError("baseURL must not carry a user or password");
  return `${url.origin}${url.pathname.replace(/\/+$/, "").replace(/\/api\/v1$/, "")}`;
}

function resolveRetry(options: ClientOptions, environment: EnvironmentDefaults): RetryPolicy {
  const given = options.retry ?? {};
  return {
    maxRetries: wholeNumber(
      "maxRetries",
      given.maxRetries ?? options.maxRetries ?? environment.maxRetries ?? defaultRetryPolicy.maxRetries,
    ),
    backoffFactor: numberInRange(
      "retry.backoffFactor",
      given.backoffFactor ?? defaultRetryPolicy.backoffFactor,
      1,
      100,
    ),
    initialDelayMs: numberInRange("retry.initialDelayMs", given.initialDelayMs ?? defaultRetryPolicy.initialDelayMs, 0),
    maxDelayMs: numberInRange("retry.maxDelayMs", given.maxDelayMs ?? defaultRetryPolicy.maxDelayMs, 0),
    totalMs: numberInRange("retry.totalMs", given.totalMs ?? defaultRetryPolicy.totalMs, 0),
  };
}

function numberInRange(name: string, value: number, min: number, max = 86_400_000): number {
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw new RangeError(`${name} must be a number from ${min} to ${max}`);
  }
  return value;
}

export function wholeNumber(name: string, value: number, max = 100): number {
  if (!Number.isInteger(value)) throw new RangeError(`${name} must be a whole number from 0 to ${max}`);
  return numberInRange(name, value, 0, max);
}
