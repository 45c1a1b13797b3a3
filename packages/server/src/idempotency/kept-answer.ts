import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { type SealingKey, seal as sealed, unseal as unsealed } from "../seal.ts";
import type { KeptAnswer } from "./attempts.ts";

const zip = promisify(gzip);
const unzip = promisify(gunzip);

const gzippedBytesMin = 2_048;
/** What is longer, gzipped, is not worth its place: the work itself can be looked up. */
export const keptBytesMax = 1_048_576;

/** What an answer is sealed with: neither part of it is stored, so the database alone does not give a secret away. */
export interface Seal {
  readonly authorization: string;
  readonly key: string;
}

/** An answer as it was sent. */
export interface SentAnswer {
  readonly status: number;
  readonly contentType: string | null;
  /** Null where it is too long to be held. */
  readonly body: Uint8Array | null;
}

/** Packs an answer for keeping, sealed where `seal` is given. */
export async function packAnswer({ status, contentType, body }: SentAnswer, seal?: Seal): Promise<KeptAnswer> {
  const isGzipped = body !== null && body.byteLength >= gzippedBytesMin;
  const packed = isGzipped ? await zip(body) : body;
  const kept = packed === null || packed.byteLength > keptBytesMax ? null : packed;
  const isSealed = seal !== undefined && kept !== null;
  return { status, contentType, body: isSealed ? sealed(kept, sealingKey(seal)) : kept, isGzipped, isSealed };
}

/** The bytes as they were sent; undefined where they were too long to keep, or were sealed for another credential. */
export async function unpackAnswer(answer: KeptAnswer, seal: Seal | undefined): Promise<Uint8Array | undefined> {
  if (answer.body === null) return undefined;
  if (answer.isSealed && seal === undefined) return undefined;
  const packed = answer.isSealed && seal !== undefined ? unsealed(answer.body, sealingKey(seal)) : answer.body;
  if (packed === undefined) return undefined;
  return answer.isGzipped ? await unzip(packed) : packed;
}

const sealingKey = ({ authorization, key }: Seal): SealingKey => ({
  secret: authorization,
  purpose: `kept answer\0${key}`,
});
