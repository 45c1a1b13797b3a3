import { isUtf8 } from "node:buffer";

/** A longer line is rejected without being kept, so that a file without line ends cannot fill the memory. */
export const lineBytesMax = 16 * 1024 * 1024;

export type LineDefect = "too_long" | "not_utf8";

/** One line without its line end. With a defect, `bytes` holds at most its beginning. */
export interface SourceLine {
  /** Counted from 1. */
  readonly line: number;
  readonly bytes: Buffer;
  readonly defect?: LineDefect;
}

const lineFeed = 10;
const carriageReturn = 13;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const defectPreviewBytes = 1_024;

/**
 * Splits bytes into lines, a list for each chunk that came. LF and CRLF end a line; a byte order mark is dropped; blank
 * lines are counted but not given. Holds at most one line.
 */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncIterable<readonly SourceLine[]> {
  const splitter = new LineSplitter();
  for await (const chunk of source) {
    const lines = splitter.push(asBuffer(chunk));
    if (lines.length > 0) yield lines;
  }
  const rest = splitter.end();
  if (rest.length > 0) yield rest;
}

export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

class LineSplitter {
  #line = 1;
  #parts: Buffer[] = [];
  #length = 0;
  #overflown = false;

  push(chunk: Buffer): SourceLine[] {
    const lines: SourceLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      this.#keep(chunk.subarray(start, end));
      this.#finish(lines);
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  end(): SourceLine[] {
    const lines: SourceLine[] = [];
    if (this.#length > 0) this.#finish(lines);
    return lines;
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#overflown) return;
    if (this.#length > lineBytesMax) {
      this.#overflown = true;
      this.#parts = [Buffer.from(Buffer.concat([...this.#parts, part]).subarray(0, defectPreviewBytes))];
    } else if (part.length > 0) this.#parts.push(part);
  }

  #finish(lines: SourceLine[]): void {
    const line = this.#line++;
    let bytes = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    const overflown = this.#overflown;
    this.#parts = [];
    this.#length = 0;
    this.#overflown = false;
    if (overflown) {
      lines.push({ line, bytes, defect: "too_long" });
      return;
    }
    if (bytes.at(-1) === carriageReturn) bytes = bytes.subarray(0, -1);
    if (line === 1 && bytes.subarray(0, 3).equals(byteOrderMark)) bytes = bytes.subarray(3);
    if (isBlank(bytes)) return;
    if (isUtf8(bytes)) lines.push({ line, bytes });
    else lines.push({ line, bytes: bytes.subarray(0, defectPreviewBytes), defect: "not_utf8" });
  }
}

function isBlank(bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte !== 32 && byte !== 9 && byte !== carriageReturn) return false;
  }
  return true;
}
