import { hash, randomFillSync } from "node:crypto";

/** The 16 bytes under which a record is stored, and the caller's own text where the bytes cannot give it back. */
export interface RecordId {
  readonly bytes: Uint8Array;
  readonly externalId: string | null;
}

const byteToHex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * Reads an id as callers send it. A UUID is its own 16 bytes, whatever its letters' case; any other text is hashed to
 * 16 bytes and kept beside them. So is a UUID that is not written in its canonical lower case.
 */
export function readRecordId(text: string): RecordId {
  const bytes = uuidBytes(text);
  if (bytes === undefined) return { bytes: digest16(text), externalId: text };
  return { bytes, externalId: text === text.toLowerCase() ? null : text };
}

const hyphen = 45;

/**
 * The bytes of a UUID; undefined for other text. Decoding stops at the first digit that is not hexadecimal, but looks only
 * at the low byte of a character: U+4E30 would be a 0. Hence the text has to be as long in UTF-8, which only ASCII is.
 */
function uuidBytes(text: string): Uint8Array | undefined {
  if (text.length !== 36 || text.charCodeAt(8) !== hyphen || text.charCodeAt(13) !== hyphen) return undefined;
  if (text.charCodeAt(18) !== hyphen || text.charCodeAt(23) !== hyphen) return undefined;
  if (Buffer.byteLength(text) !== 36) return undefined;
  const digits = text.slice(0, 8) + text.slice(9, 13) + text.slice(14, 18) + text.slice(19, 23) + text.slice(24);
  const bytes = Buffer.from(digits, "hex");
  return bytes.length === 16 ? bytes : undefined;
}

/** An id as its caller wrote it. */
export function formatRecordId(bytes: Uint8Array, externalId: string | null): string {
  return externalId ?? formatUuid(bytes);
}

/** The first 16 bytes of the text's SHA-256. Through hexadecimal text, which is twice as fast as asking for bytes. */
export function digest16(text: string): Uint8Array {
  return Buffer.from(hash("sha256", text, "hex").slice(0, 32), "hex");
}

/** Writes 16 bytes as a canonical UUID. */
export function formatUuid(bytes: Uint8Array): string {
  const hex = (from: number, to: number): string => {
    let text = "";
    for (let at = from; at < to; at += 1) text += byteToHex[bytes[at] ?? 0];
    return text;
  };
  return `${hex(0, 4)}-${hex(4, 6)}-${hex(6, 8)}-${hex(8, 10)}-${hex(10, 16)}`;
}

/** When a UUIDv7 says that it was made, in UTC milliseconds. */
export const msOfUuidV7 = (bytes: Uint8Array): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, 6).readUIntBE(0, 6);

const randomPoolBytes = 8_192;

/**
 * Makes UUIDv7 bytes (RFC 9562) that ascend within this maker, also inside one millisecond: the 12 bits after the time
 * count up, and the time borrows a millisecond when they run over. `now` is UTC milliseconds.
 */
export function uuidV7Maker(): (now: number) => Uint8Array {
  let lastMs = 0;
  let sequence = 0;
  // Each maker has random bytes of its own: two that shared them could make the same id in the same millisecond.
  const randomPool = Buffer.alloc(randomPoolBytes);
  let used = randomPoolBytes;
  return (now) => {
    if (used + 8 > randomPool.length) {
      randomFillSync(randomPool);
      used = 0;
    }
    if (now > lastMs) {
      lastMs = now;
      sequence = randomPool.readUInt16BE(used) & 0x3ff;
    } else {
      sequence += 1;
      if (sequence > 0xfff) {
        lastMs += 1;
        sequence = 0;
      }
    }
    const bytes = Buffer.allocUnsafe(16);
    bytes.writeUIntBE(lastMs, 0, 6);
    bytes.writeUInt16BE(0x7000 | sequence, 6);
    randomPool.copy(bytes, 8, used, used + 8);
    bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
    used += 8;
    return bytes;
  };
}
