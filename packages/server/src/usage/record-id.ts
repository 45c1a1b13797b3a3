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
const notADigit = 16;
/** Values of hexadecimal digits by their character code. */
const digitValues = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? notADigit : value;
});
const digitAt = (text: string, at: number): number => digitValues[text.charCodeAt(at)] ?? notADigit;

/** The bytes of a UUID; undefined for other text. Digit by digit, which is faster than the calls that decode. */
function uuidBytes(text: string): Uint8Array | undefined {
  if (text.length !== 36 || text.charCodeAt(8) !== hyphen || text.charCodeAt(13) !== hyphen) return undefined;
  if (text.charCodeAt(18) !== hyphen || text.charCodeAt(23) !== hyphen) return undefined;
  const bytes = new Uint8Array(16);
  let at = 0;
  for (let index = 0; index < 16; index += 1) {
    if (at === 8 || at === 13 || at === 18 || at === 23) at += 1;
    const high = digitAt(text, at);
    const low = digitAt(text, at + 1);
    if (high === notADigit || low === notADigit) return undefined;
    bytes[index] = high * 16 + low;
    at += 2;
  }
  return bytes;
}

/** An id as its caller wrote it. */
export function formatRecordId(bytes: Uint8Array, externalId: string | null): string {
  return externalId ?? formatUuid(bytes);
}

/** The first 16 bytes of the content's SHA-256, of text in UTF-8. Through text of a character a byte, which is faster than asking for bytes. */
export function digest16(content: string | Uint8Array): Uint8Array {
  const digest = hash("sha256", content, "binary");
  const bytes = new Uint8Array(16);
  for (let at = 0; at < 16; at += 1) bytes[at] = digest.charCodeAt(at);
  return bytes;
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
