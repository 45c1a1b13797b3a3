import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { createGunzip, type Gunzip } from "node:zlib";
import { limits } from "@llm-cost-ops/contract";
import { Refusal } from "../refusal.ts";
import type { SlowBodies } from "./slow-bodies.ts";

const empty = new Uint8Array(0);

/** So many chunks in a row are put into one: a body sent byte by byte must not cost a hundred bytes of memory a byte. */
const tinyChunksMax = 1_024;

/** A sender who delivers this much has earned the time for as much again; dribbling earns nothing. */
const progressBytes = 65_536;

const tooLarge = (): Refusal =>
  new Refusal("PAYLOAD_TOO_LARGE", `The body is larger than ${limits.bodyBytes} bytes, counted unzipped.`, {
    details: { limit_bytes: limits.bodyBytes },
  });
const tooSlow = (): Refusal => new Refusal("INVALID_REQUEST", "The body arrived too slowly.");
const unreadable = (zipped: boolean): Refusal =>
  new Refusal(
    "INVALID_REQUEST",
    zipped ? "The body is not the gzip data that Content-Encoding promises." : "The connection ended before the body.",
  );

/** Whether the body is zipped; refuses every other encoding. */
function isZipped(message: IncomingMessage): boolean {
  const encoding = message.headers["content-encoding"];
  if (encoding === undefined || encoding === "" || encoding === "identity") return false;
  if (/^(x-)?gzip$/i.test(encoding)) return true;
  throw new Refusal("UNSUPPORTED_MEDIA_TYPE", "Content-Encoding must be gzip or absent.");
}

/**
 * Reads a whole body of at most `limits.bodyBytes`, unzipped if need be; no more than that is ever held, however far
 * a zip would expand. Refuses with PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE or INVALID_REQUEST.
 */
export function readBody(message: IncomingMessage, slow: SlowBodies): Promise<Uint8Array> {
  const announced = message.headers["content-length"];
  if (announced === "0" || (announced === undefined && message.headers["transfer-encoding"] === undefined))
    return Promise.resolve(empty);
  const zipped = isZipped(message);
  if (announced !== undefined && Number(announced) > limits.bodyBytes) throw tooLarge();
  const source = zipped ? unzip(message) : message;
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    let merged = 0;
    let renewedAt = 0;
    const fail = (refusal: Refusal): void => {
      slow.end(message);
      source.removeListener("data", onData);
      if (zipped) source.destroy();
      reject(refusal);
    };
    const expire = (): void => fail(tooSlow());
    const onData = (chunk: Uint8Array): void => {
      length += chunk.byteLength;
      chunks.push(chunk);
      if (length - renewedAt >= progressBytes) {
        renewedAt = length;
        slow.begin(message, expire);
      }
      if (length > limits.bodyBytes) {
        fail(tooLarge());
      } else if (chunks.length - merged >= tinyChunksMax) {
        const tail = chunks.splice(merged);
        chunks.push(joined(tail));
        merged += 1;
      }
    };
    source.on("data", onData);
    source.on("end", () => {
      slow.end(message);
      resolve(chunks.length === 1 ? (chunks[0] as Uint8Array) : joined(chunks));
    });
    source.on("error", () => fail(unreadable(zipped)));
    message.on("close", () => {
      if (!message.complete) fail(unreadable(false));
    });
    slow.begin(message, expire);
  });
}

/** One buffer in memory of its own, never a slice of Node's shared pool, so that it can be handed to another thread. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** Not `pipeline`: that would destroy the connection on a broken zip, before the refusal could be sent on it. */
function unzip(message: IncomingMessage): Gunzip {
  const gunzip = createGunzip();
  message.on("close", () => {
    if (!message.complete) gunzip.destroy(unreadable(false));
  });
  return message.pipe(gunzip);
}

/**
 * The body as it arrives, unzipped if need be, with backpressure and without a limit on its length. A sender may pause
 * only as long as `slow` allows; a reader may take its time.
 */
export function openBody(message: IncomingMessage, slow: SlowBodies): Readable {
  return Readable.from(bodyChunks(message, isZipped(message), slow), { objectMode: false, highWaterMark: 65_536 });
}

async function* bodyChunks(message: IncomingMessage, zipped: boolean, slow: SlowBodies): AsyncGenerator<Uint8Array> {
  const source = zipped ? unzip(message) : message;
  const expired = (): void => {
    source.destroy(tooSlow());
  };
  try {
    slow.begin(message, expired);
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      slow.end(message);
      yield chunk as Uint8Array;
      slow.begin(message, expired);
    }
  } catch (error) {
    throw error instanceof Refusal ? error : unreadable(zipped);
  } finally {
    slow.end(message);
    if (zipped) source.destroy();
  }
}
