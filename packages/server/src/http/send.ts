import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { ErrorAnswer } from "./error-answer.ts";
import type { Reply } from "./route.ts";

/** Headers of every answer: nothing here is to be cached, framed, sniffed or run. */
const securityHeaders: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
};

const jsonType = "application/json; charset=utf-8";

/** Sends what a route answered. Streams wait for their first chunk, so that an early failure still has its own status. */
export async function sendReply(reply: FastifyReply, answer: Reply, successStatus: number): Promise<void> {
  reply.code(answer.status ?? successStatus).headers(securityHeaders);
  if (answer.headers !== undefined) reply.headers(answer.headers);
  if (answer.chunks !== undefined) {
    const chunks = answer.chunks[Symbol.asyncIterator]();
    const first = await chunks.next();
    reply.type(answer.contentType ?? "application/octet-stream");
    if (reply.request.method === "HEAD") {
      await chunks.return?.();
      reply.send();
    } else {
      const body = Readable.from(resumed(first, chunks), { objectMode: false, highWaterMark: 65_536 });
      answer.cut?.addEventListener("abort", () => body.destroy(), { once: true });
      reply.send(body);
    }
  } else if (answer.bytes !== undefined) {
    reply.type(answer.contentType ?? "application/octet-stream").send(answer.bytes);
  } else if (answer.json !== undefined) {
    reply.type(answer.contentType ?? jsonType).send(JSON.stringify(answer.json));
  } else {
    reply.send();
  }
}

export function sendError(reply: FastifyReply, answer: ErrorAnswer): void {
  reply
    .code(answer.status)
    .headers(securityHeaders)
    .headers(answer.headers)
    .type(jsonType)
    .send(JSON.stringify(answer.body));
}

type Chunk = string | Uint8Array;

async function* resumed(first: IteratorResult<Chunk>, rest: AsyncIterator<Chunk>): AsyncGenerator<Chunk> {
  try {
    for (let step = first; !step.done; step = await rest.next()) if (step.value.length > 0) yield step.value;
  } finally {
    await rest.return?.();
  }
}
