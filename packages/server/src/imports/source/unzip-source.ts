import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Refusal } from "../../refusal.ts";
import { asBuffer } from "./source-lines.ts";

/** The plain bytes of a source that may be gzipped, told by its first two bytes. A damaged archive ends in a `Refusal`. */
export async function* unzipSource(source: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  const peeked = await peekBytes(source, 2);
  if (peeked.head[0] !== 0x1f || peeked.head[1] !== 0x8b) {
    for await (const chunk of peeked.rest) yield asBuffer(chunk);
    return;
  }
  const unzipped = createGunzip();
  pipeline(Readable.from(peeked.rest, { objectMode: true, highWaterMark: 1 }), unzipped, () => {});
  try {
    for await (const chunk of unzipped) yield chunk as Buffer;
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw new Refusal("INVALID_REQUEST", `The gzip archive is damaged or cut off: ${error.message}.`);
  }
}

/** The first bytes of a source (at least `bytesMin`, or all there are) and the whole source again. */
export async function peekBytes(
  source: AsyncIterable<Uint8Array>,
  bytesMin: number,
): Promise<{ readonly head: Buffer; readonly whole: boolean; readonly rest: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let length = 0;
  let whole = false;
  while (length < bytesMin) {
    const next = await iterator.next();
    if (next.done === true) {
      whole = true;
      break;
    }
    const chunk = asBuffer(next.value);
    chunks.push(chunk);
    length += chunk.length;
  }
  const head = Buffer.concat(chunks);
  return { head, whole, rest: continueFrom(head, whole ? undefined : iterator) };
}

async function* continueFrom(head: Buffer, iterator: AsyncIterator<Uint8Array> | undefined): AsyncIterable<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    if (iterator === undefined) return;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator?.return?.();
  }
}

const isZlibError = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && "code" in error && typeof error.code === "string" && error.code.startsWith("Z_");
