import { isUtf8 } from "node:buffer";
import { asBuffer, lineBytesMax } from "./source-lines.ts";

/** JSON nested deeper than this is refused before it is parsed: no export of usage needs it. */
export const nestingMax = 100;

export type ValueDefect = "too_long" | "not_utf8" | "too_deep" | "truncated" | "unbalanced";

/** One JSON value of a document, as bytes. With a defect, `bytes` holds at most its beginning. */
export interface JsonSlice {
  /** The line on which it begins, counted from 1. */
  readonly line: number;
  readonly bytes: Buffer;
  readonly defect?: ValueDefect;
}

/**
 * Splits a JSON document into its values without holding it: the elements of a top-level list, the elements of a list
 * under one of `listKeys` in a top-level object (`{"records": […]}`), or else the top-level values themselves, one
 * after another. What is malformed inside a value is left to the parser; a document that ends early or closes what
 * it did not open gives one last slice with a defect.
 */
export async function* readJsonValues(
  source: AsyncIterable<Uint8Array>,
  listKeys: readonly string[],
): AsyncIterable<readonly JsonSlice[]> {
  const splitter = new JsonSplitter(listKeys);
  for await (const chunk of source) {
    const slices = splitter.push(asBuffer(chunk));
    if (slices.length > 0) yield slices;
    if (splitter.broken) return;
  }
  const rest = splitter.end();
  if (rest.length > 0) yield rest;
}

const quote = 34;
const comma = 44;
const colon = 58;
const backslash = 92;
const openList = 91;
const closeList = 93;
const openObject = 123;
const closeObject = 125;
const keyBytesMax = 64;
const defectPreviewBytes = 1_024;

const isSpace = (byte: number): boolean => byte === 32 || byte === 10 || byte === 13 || byte === 9;

export class JsonSplitter {
  readonly #listKeys: ReadonlySet<string>;
  /** Set when the rest of the document cannot be told apart any more. */
  broken = false;
  /** The list key whose elements were found, if any. */
  foundKey: string | undefined;

  #line = 1;
  #depth = 0;
  /** The depth at which elements stand: 0 top level, 1 in a top-level list, 2 in a list under a key. */
  #base = 0;
  #inString = false;
  #escaped = false;
  #started = false;

  #capturing = false;
  #captured: Buffer[] = [];
  #capturedBytes = 0;
  #capturedLine = 1;
  #deepest = 0;

  /** In a top-level object: the last string at depth 1, as long as it may be a key. */
  #key: number[] | undefined;
  #keyDone = "";
  #afterColon = false;

  constructor(listKeys: readonly string[]) {
    this.#listKeys = new Set(listKeys);
  }

  push(chunk: Buffer): JsonSlice[] {
    const slices: JsonSlice[] = [];
    let index = 0;
    if (!this.#started && chunk.length > 0) {
      this.#started = true;
      if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) index = 3;
    }
    let from = index;
    for (; index < chunk.length; index++) {
      const byte = chunk[index] as number;
      if (byte === 10) this.#line++;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) this.#endString();
        else if (this.#key !== undefined && this.#key.length <= keyBytesMax) this.#key.push(byte);
        continue;
      }
      if (isSpace(byte)) {
        if (this.#capturing && this.#depth === this.#base && this.#base === 0) {
          this.#keep(chunk, from, index);
          this.#finish(slices);
        }
        continue;
      }
      if (!this.#capturing && this.#depth === this.#base && !this.#isBetween(byte)) {
        this.#capturing = true;
        this.#capturedLine = this.#line;
        from = index;
      }
      switch (byte) {
        case quote:
          this.#inString = true;
          this.#key = this.#base === 0 && this.#depth === 1 && !this.#afterColon ? [] : undefined;
          break;
        case colon:
          this.#afterColon = this.#depth === 1;
          break;
        case comma:
          if (this.#depth === 1) this.#afterColon = false;
          if (this.#capturing && this.#depth === this.#base) {
            this.#keep(chunk, from, index);
            this.#finish(slices);
          }
          break;
        case openList:
        case openObject:
          if (this.#enterList(byte)) from = index + 1;
          this.#depth++;
          if (this.#depth - this.#base > this.#deepest) this.#deepest = this.#depth - this.#base;
          break;
        case closeList:
        case closeObject:
          if (this.#capturing && this.#depth === this.#base) {
            this.#keep(chunk, from, index);
            this.#finish(slices);
          }
          this.#depth--;
          if (this.#depth < 0) {
            this.broken = true;
            slices.push({
              line: this.#line,
              bytes: Buffer.from(chunk.subarray(index, index + 80)),
              defect: "unbalanced",
            });
            return slices;
          }
          if (this.#capturing && this.#depth === this.#base) {
            this.#keep(chunk, from, index + 1);
            this.#finish(slices);
          } else if (this.#depth < this.#base) this.#leaveList();
          break;
      }
    }
    if (this.#capturing) this.#keep(chunk, from, chunk.length);
    return slices;
  }

  end(): JsonSlice[] {
    const slices: JsonSlice[] = [];
    if (this.#capturing && this.#depth === 0 && !this.#inString) this.#finish(slices);
    else if (this.#capturing) this.#finish(slices, "truncated");
    else if (this.#depth > 0) slices.push({ line: this.#line, bytes: Buffer.alloc(0), defect: "truncated" });
    return slices;
  }

  #isBetween(byte: number): boolean {
    return (
      byte === comma ||
      byte === closeList ||
      byte === closeObject ||
      (this.#base === 0 && this.#depth === 0 && byte === openList)
    );
  }

  /** Whether this bracket opens a list whose elements are the values. */
  #enterList(byte: number): boolean {
    if (byte !== openList || this.#base !== 0) return false;
    if (this.#depth === 0) {
      this.#base = 1;
      return true;
    }
    if (this.#depth !== 1 || !this.#afterColon || !this.#listKeys.has(this.#keyDone)) return false;
    this.foundKey = this.#keyDone;
    this.#base = 2;
    this.#drop();
    return true;
  }

  #leaveList(): void {
    this.#base = 0;
    if (this.#depth === 1) this.#afterColon = false;
  }

  #endString(): void {
    this.#inString = false;
    if (this.#key === undefined) return;
    this.#keyDone = Buffer.from(this.#key).toString();
    this.#key = undefined;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    if (to <= from) return;
    this.#capturedBytes += to - from;
    if (this.#capturedBytes > lineBytesMax) {
      const first = this.#captured[0];
      if (this.#captured.length > 1 || (first !== undefined && first.length > defectPreviewBytes)) {
        this.#captured = first === undefined ? [] : [Buffer.from(first.subarray(0, defectPreviewBytes))];
      }
    } else this.#captured.push(chunk.subarray(from, to));
  }

  #drop(): void {
    this.#capturing = false;
    this.#captured = [];
    this.#capturedBytes = 0;
    this.#deepest = 0;
  }

  #finish(slices: JsonSlice[], defect?: ValueDefect): void {
    const bytes = this.#captured.length === 1 ? (this.#captured[0] as Buffer) : Buffer.concat(this.#captured);
    const found =
      this.#capturedBytes > lineBytesMax
        ? "too_long"
        : this.#deepest > nestingMax
          ? "too_deep"
          : (defect ?? (isUtf8(bytes) ? undefined : "not_utf8"));
    const line = this.#capturedLine;
    if (found === undefined) slices.push({ line, bytes });
    else slices.push({ line, bytes: bytes.subarray(0, defectPreviewBytes), defect: found });
    this.#drop();
  }
}

/** Whether a JSON text nests deeper than `nestingMax`; brackets in strings do not count. */
export function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  for (let index = 0; index < bytes.length; index++) {
    switch (bytes[index]) {
      case quote:
        for (index++; index < bytes.length && bytes[index] !== quote; index++) if (bytes[index] === backslash) index++;
        break;
      case openList:
      case openObject:
        if (++depth > nestingMax) return true;
        break;
      case closeList:
      case closeObject:
        depth--;
        break;
    }
  }
  return false;
}
