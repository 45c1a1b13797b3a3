import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { AddressGuard } from "./address-guard.ts";

/** How much of an answer is read. */
export const answerBytesMax = 2_048;

export interface OutgoingRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came of a request: an answer with its beginning, or why there was none. */
export type RequestOutcome =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly body: string;
      readonly durationMs: number;
      /** How long the receiver asks to be left alone. */
      readonly retryAfterMs?: number | undefined;
    }
  | { readonly kind: "unanswered"; readonly error: string; readonly durationMs: number };

export interface RequestLimits {
  readonly guard: AddressGuard;
  /** From the look-up of the host to the last byte that is read. */
  readonly timeoutMs: number;
  /** Ends the request where the process stops. */
  readonly signal: AbortSignal;
}

/**
 * Posts a body to an address of a customer, on a connection of its own to an address that the guard has seen. It follows no
 * redirect and heeds no proxy. Once a status has come it is the answer, however slowly the rest drips.
 */
export function sendRequest(
  { url, headers, body }: OutgoingRequest,
  { guard, timeoutMs, signal }: RequestLimits,
): Promise<RequestOutcome> {
  const beganMs = performance.now();
  const durationMs = (): number => Math.round(performance.now() - beganMs);
  const problem = guard.urlProblem(url);
  if (problem !== undefined) {
    return Promise.resolve({ kind: "unanswered", error: `the address ${problem}`, durationMs: 0 });
  }
  const timeout = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve) => {
    const unanswered = (error: Error): void => {
      const why = timeout.aborted ? `no answer within ${timeoutMs / 1_000} s` : reasonOf(error);
      resolve({ kind: "unanswered", error: why.slice(0, 500), durationMs: durationMs() });
    };
    const send = new URL(url).protocol === "http:" ? requestHttp : requestHttps;
    const request = send(
      url,
      {
        method: "POST",
        agent: false,
        lookup: guard.lookup,
        headers: { ...headers, "content-length": Buffer.byteLength(body), connection: "close" },
        signal: AbortSignal.any([timeout, signal]),
      },
      (response) => {
        readBeginning(response, (beginning) => {
          resolve({
            kind: "answered",
            status: response.statusCode ?? 0,
            body: textOf(beginning),
            durationMs: durationMs(),
            retryAfterMs: retryAfterOf(response),
          });
          request.destroy();
        });
      },
    );
    request.on("error", unanswered);
    // An answer to an upgrade that nobody asked for is no answer.
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      unanswered(new Error("the receiver wanted to speak another protocol"));
    });
    request.end(body);
  });
}

/** Of `Retry-After` in seconds, which is how chats and PagerDuty say it. */
function retryAfterOf({ headers }: IncomingMessage): number | undefined {
  const seconds = /^ *(\d{1,6}) *$/.exec(headers["retry-after"] ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

function readBeginning(response: IncomingMessage, done: (bytes: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const end = (): void => done(Buffer.concat(chunks).subarray(0, answerBytesMax));
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length >= answerBytesMax) end();
  });
  response.on("end", end);
  response.on("error", end);
  response.on("close", end);
}

/** Text of whatever bytes; a character that was cut is left out, and NUL, which PostgreSQL cannot keep, is replaced. */
function textOf(bytes: Buffer): string {
  return new TextDecoder().decode(bytes, { stream: true }).replaceAll("\0", "\uFFFD");
}

/** Several addresses that all failed come as an error without words, but with those of each. */
function reasonOf(error: Error): string {
  const inner = error instanceof AggregateError ? error.errors.map(String).join("; ") : "";
  return error.message || inner || (error as NodeJS.ErrnoException).code || "the connection failed";
}
