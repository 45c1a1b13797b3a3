import { createHash, type Hash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { errorAnswer } from "../http/error-answer.ts";
import type { Caller, Reply } from "../http/route.ts";
import { Refusal, unknownOutcome } from "../refusal.ts";
import { type Attempt, type Attempts, type ClaimAnswer, type KeptAnswer, leaseMs } from "./attempts.ts";
import { keptBytesMax, packAnswer, type Seal, type SentAnswer, unpackAnswer } from "./kept-answer.ts";

const jsonType = "application/json; charset=utf-8";

/** Their work is decided by the ids of records, or is none: after a crash they may simply run again. */
const runsAgain: ReadonlySet<string> = new Set([
  "usage.create",
  "usage.batchCreate",
  "costs.create",
  "costs.bulkCreate",
  "costs.batchQuery",
  "catalogue.preview",
  "imports.create",
  "otlp.traces",
  "audit.verify",
  "audit.checkpoint",
]);

/** Answers of these groups hold no secrets. All others are sealed, so that one that does is never stored readable. */
const plainTags: ReadonlySet<string> = new Set([
  "Usage",
  "Costs",
  "Prices",
  "Repricing",
  "Imports",
  "Exports",
  "OpenTelemetry",
]);

/** They say who asked, how often, or what a budget had left, not what is wrong with the request, which deserves another look. */
const forgottenStatuses: ReadonlySet<number> = new Set([401, 402, 403, 408, 429]);

/** A request that carries a key. */
export interface KeyedRequest {
  readonly key: string;
  readonly caller: Caller;
  readonly operation: { readonly id: string; readonly tag: string; readonly successStatus: number };
  /** Path and query, which belong to what is asked as much as the body. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly requestId: string;
  readonly body: Uint8Array | Readable;
}

export interface Once {
  /** Answers by `run`, or with what an earlier request of the same key was answered. */
  answer(request: KeyedRequest, run: (body: Uint8Array | Readable) => Promise<Reply>): Promise<Reply>;
}

/** Whoever may see another part of the records is another asker: the answer of one is not repeated to the other. */
const keyText = ({ key, caller: { records } }: KeyedRequest): string =>
  records === undefined ? key : `${key}\n${JSON.stringify(records)}`;

/** Runs each request with an `Idempotency-Key` once, and gives its repetitions the same answer. */
export function createOnce(parts: {
  readonly attempts: Attempts;
  /** UTC milliseconds. */
  readonly clock: () => number;
  /** Told where an answer that is sent could not be kept. */
  readonly onFailure?: (error: unknown) => void;
}): Once {
  const { attempts, clock } = parts;
  const running = new Set<Attempt>();
  let renewal: NodeJS.Timeout | undefined;

  const begin = (attempt: Attempt): void => {
    running.add(attempt);
    renewal ??= setInterval(() => {
      for (const one of running) {
        // A renewal that fails is made up for by the next one, or the lease runs out as it should.
        attempts.renew(one, clock()).catch(() => undefined);
      }
    }, leaseMs / 3).unref();
  };
  const end = (attempt: Attempt): void => {
    running.delete(attempt);
    if (running.size > 0) return;
    clearInterval(renewal);
    renewal = undefined;
  };

  /**
   * The answer that is there already is the true one, whether it can be repeated or not: the failure to keep it must not
   * take its place and say that nothing was written. The key then stays taken, as after a crash.
   */
  const settle = async (attempt: Attempt, kept: Promise<void>): Promise<void> => {
    try {
      await kept;
    } catch (error) {
      parts.onFailure?.(error);
    } finally {
      end(attempt);
    }
  };
  const finish = (attempt: Attempt, bodyHash: Uint8Array, answer: KeptAnswer): Promise<void> =>
    settle(attempt, attempts.finish(attempt, bodyHash, answer));
  const release = (attempt: Attempt): Promise<void> => settle(attempt, attempts.release(attempt));

  /** Runs the attempt whose key was just taken, and keeps its answer before it is sent. */
  const perform = async (
    attempt: Attempt,
    request: KeyedRequest,
    body: HashedBody,
    run: (body: Uint8Array | Readable) => Promise<Reply>,
  ): Promise<Reply> => {
    const keep = async (answer: SentAnswer): Promise<void> => {
      const bodyHash = body.hash();
      // Of a body that did not arrive whole nobody can tell whether the next one is the same.
      if (bodyHash === undefined || answer.status >= 500 || forgottenStatuses.has(answer.status)) {
        return release(attempt);
      }
      return finish(attempt, bodyHash, await packAnswer(answer, sealOf(request)));
    };
    begin(attempt);
    let reply: Reply;
    try {
      reply = await run(body.source);
    } catch (error) {
      if (mayBeDone(error) && !runsAgain.has(request.operation.id)) {
        // With the key free again the next request would do it twice. It stays taken, as after a crash.
        end(attempt);
        throw error;
      }
      const { status, body: refusal } = errorAnswer(error, request.requestId);
      await keep({ status, contentType: jsonType, body: Buffer.from(JSON.stringify(refusal)) });
      throw error;
    }
    const status = reply.status ?? request.operation.successStatus;
    if (reply.chunks !== undefined) {
      const contentType = reply.contentType ?? null;
      const keepText = (text: Uint8Array | null): Promise<void> => keep({ status, contentType, body: text });
      return { ...reply, chunks: recorded(reply.chunks, keepText, () => release(attempt)) };
    }
    const isJson = reply.bytes === undefined && reply.json !== undefined;
    const given = isJson ? JSON.stringify(reply.json) : (reply.bytes ?? "");
    const bytes = typeof given === "string" ? Buffer.from(given) : given;
    await keep({ status, contentType: reply.contentType ?? (isJson ? jsonType : null), body: bytes });
    return reply;
  };

  return {
    async answer(request, run) {
      const body = hashedBody(request);
      const attempt: Attempt = {
        organizationId: request.caller.organizationId,
        keyHash: createHash("sha256").update(keyText(request)).digest(),
        attemptId: randomBytes(16),
      };
      const operation = request.operation.id;
      const claimed = await attempts.claim({
        ...attempt,
        operation,
        bodyHash: body.hash() ?? null,
        runsAgain: runsAgain.has(operation),
        nowMs: clock(),
      });
      if (claimed.kind === "run") return perform(attempt, request, body, run);
      if (claimed.kind !== "answered") throw refusalOf(claimed, request, clock());
      const bodyHash = await body.readToEnd();
      if (Buffer.compare(claimed.bodyHash, bodyHash) !== 0) {
        throw refusalOf({ kind: "other_request" }, request, clock());
      }
      return replayed(request, claimed.answer);
    },
  };
}

const mayBeDone = (error: unknown): boolean =>
  error instanceof Refusal && error.details?.["outcome"] === unknownOutcome.outcome;

async function replayed(request: KeyedRequest, answer: KeptAnswer): Promise<Reply> {
  const body = await unpackAnswer(answer, sealOf(request));
  if (body === undefined) {
    const why = answer.isSealed
      ? "its answer may hold a secret and is given again only to the credential that asked first"
      : "its answer was too long to keep";
    throw new Refusal(
      "IDEMPOTENCY_002",
      `The request was carried out (status ${answer.status}), but ${why}. Nothing was done now; look up what it made.`,
      { details: { outcome: "done", operation: request.operation.id, answer_status: answer.status } },
    );
  }
  const headers = { "idempotent-replayed": "true" };
  if (body.byteLength === 0) return { status: answer.status, headers };
  return {
    status: answer.status,
    headers,
    bytes: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    ...(answer.contentType === null ? {} : { contentType: answer.contentType }),
  };
}

function refusalOf(
  claimed: Exclude<ClaimAnswer, { kind: "run" | "answered" }>,
  { operation }: KeyedRequest,
  nowMs: number,
): Refusal {
  switch (claimed.kind) {
    case "other_request":
      return new Refusal("IDEMPOTENCY_001", "This Idempotency-Key belongs to another request; nothing was done.");
    case "in_flight":
      return new Refusal("IDEMPOTENCY_002", "The first request with this Idempotency-Key is still under way.", {
        details: {
          outcome: "in_flight",
          retry_after_seconds: 1,
          // A crashed server holds its key no longer than this.
          lease_seconds: Math.max(1, Math.ceil((claimed.leasedUntilMs - nowMs) / 1_000)),
        },
      });
    case "unknown_outcome":
      return new Refusal(
        "IDEMPOTENCY_002",
        "The server ended while it worked on the first request with this Idempotency-Key, so whether that took effect " +
          "is unknown. Read what it would have made or changed with GET; if it is not there, send it with a new key.",
        {
          details: {
            outcome: "unknown",
            operation: operation.id,
            started_at: new Date(claimed.startedAtMs).toISOString(),
            key_expires_at: new Date(claimed.expiresAtMs).toISOString(),
          },
        },
      );
    default:
      return claimed satisfies never;
  }
}

function sealOf({ operation, authorization, key }: KeyedRequest): Seal | undefined {
  if (plainTags.has(operation.tag)) return undefined;
  return { authorization: authorization ?? "", key };
}

interface HashedBody {
  /** The body to be read in the request's place. */
  readonly source: Uint8Array | Readable;
  /** Undefined until the body was read to its end. */
  hash(): Uint8Array | undefined;
  /** Reads what is left. */
  readToEnd(): Promise<Uint8Array>;
}

function hashedBody({ body, url }: KeyedRequest): HashedBody {
  const hash = createHash("sha256").update(url).update("\0");
  if (!(body instanceof Readable)) {
    const digest = hash.update(body).digest();
    return { source: body, hash: () => digest, readToEnd: async () => digest };
  }
  const ended: { digest?: Uint8Array } = {};
  const chunks = hashedChunks(body, hash, (digest) => {
    ended.digest = digest;
  });
  const source = Readable.from(chunks, { objectMode: false, highWaterMark: 65_536 });
  return {
    source,
    hash: () => ended.digest,
    readToEnd: async () => {
      for await (const _ of source);
      return ended.digest as Uint8Array;
    },
  };
}

async function* hashedChunks(
  body: Readable,
  hash: Hash,
  onEnd: (digest: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    hash.update(chunk as Uint8Array);
    yield chunk as Uint8Array;
  }
  onEnd(hash.digest());
}

/** Passes chunks on and keeps them, up to what is kept; an answer that breaks off gives its key back. */
async function* recorded(
  chunks: AsyncIterable<string | Uint8Array>,
  keep: (text: Uint8Array | null) => Promise<void>,
  giveUp: () => Promise<void>,
): AsyncGenerator<string | Uint8Array> {
  let held: Buffer[] | undefined = [];
  let bytes = 0;
  let isWhole = false;
  try {
    for await (const chunk of chunks) {
      const copy = Buffer.from(chunk as Uint8Array);
      bytes += copy.byteLength;
      if (bytes > keptBytesMax) held = undefined;
      held?.push(copy);
      yield chunk;
    }
    isWhole = true;
    await keep(held === undefined ? null : Buffer.concat(held));
  } finally {
    if (!isWhole) await giveUp();
  }
}
