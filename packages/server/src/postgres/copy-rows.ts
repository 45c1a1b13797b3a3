import { GrowingBytes } from "../store/growing-bytes.ts";

/** https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4: signature, no flags, no header extension. */
const header = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const trailer = -1;
const absent = -1;
const shortBytes = 40;
const twoTo32 = 0x1_0000_0000;

/** Rows in PostgreSQL's binary COPY format, laid out in one buffer that grows. The order of fields is the column list's. */
export class CopyRows extends GrowingBytes {
  #view: DataView;
  #rows = 0;

  constructor(bytes = 64 * 1024) {
    super(bytes);
    this.#view = viewOf(this.buffer);
    header.copy(this.buffer);
    this.at = header.length;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes that it can hold before it grows. */
  get capacity(): number {
    return this.buffer.length;
  }

  startRow(fields: number): void {
    this.#rows += 1;
    this.reserve(2);
    this.#view.setInt16(this.at, fields);
    this.at += 2;
  }

  null(): void {
    this.reserve(4);
    this.#view.setInt32(this.at, absent);
    this.at += 4;
  }

  int2(value: number): void {
    this.reserve(6);
    this.#view.setInt32(this.at, 2);
    this.#view.setInt16(this.at + 4, value);
    this.at += 6;
  }

  /** A whole number that is safe, or null. */
  int8(value: number | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.reserve(12);
    const view = this.#view;
    const { at } = this;
    // Two halves: a bigint for each would be an object for each.
    const high = Math.floor(value / twoTo32);
    view.setInt32(at, 8);
    view.setInt32(at + 4, high);
    view.setUint32(at + 8, value - high * twoTo32);
    this.at = at + 12;
  }

  text(value: string | null): void {
    if (value === null) {
      this.null();
      return;
    }
    const start = this.startText();
    this.addText(value);
    this.endText(start);
  }

  /** Begins a text that is put together by the methods for pieces; `endText` takes what this returns. */
  startText(): number {
    this.reserve(4);
    this.at += 4;
    return this.at;
  }

  endText(start: number): void {
    this.#view.setInt32(start - 4, this.at - start);
  }

  bytes(value: Uint8Array): void {
    this.reserve(4 + value.length);
    this.#view.setInt32(this.at, value.length);
    const { buffer } = this;
    const start = this.at + 4;
    if (value.length > shortBytes) buffer.set(value, start);
    else for (let at = 0; at < value.length; at += 1) buffer[start + at] = value[at] as number;
    this.at = start + value.length;
  }

  /** The whole message; nothing can be added after, until it is emptied. */
  end(): Buffer {
    this.reserve(2);
    this.#view.setInt16(this.at, trailer);
    this.at += 2;
    return this.buffer.subarray(0, this.at);
  }

  /** Begins anew in the same memory: what `end` gave must be sent. */
  empty(): void {
    this.at = header.length;
    this.#rows = 0;
  }

  protected override grow(wanted: number): void {
    super.grow(wanted);
    this.#view = viewOf(this.buffer);
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Buffer): DataView => new DataView(buffer, byteOffset, byteLength);

/** Larger ones are not kept. */
const keptBytesMax = 8 * 1024 * 1024;
const keptMax = 8;

/**
 * Memory of rows that were sent, for the next ones: megabytes that come and go make the collector of garbage look through
 * everything else again and again.
 */
export class CopyRowsMemory {
  readonly #free: CopyRows[] = [];

  /** Rows of about so many bytes: the smallest memory in which they find room. */
  take(bytes: number): CopyRows {
    const at = this.#free.findIndex(({ capacity }) => capacity >= bytes);
    return at === -1 ? new CopyRows(bytes) : (this.#free.splice(at, 1)[0] as CopyRows);
  }

  /** Only of what the server took whole: from anything else the connection may still be reading. */
  giveBack(rows: CopyRows): void {
    if (rows.capacity > keptBytesMax || this.#free.length >= keptMax) return;
    rows.empty();
    this.#free.push(rows);
    this.#free.sort((a, b) => a.capacity - b.capacity);
  }
}
