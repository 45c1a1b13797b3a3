/** https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4: signature, no flags, no header extension. */
const header = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const trailer = -1;
const absent = -1;
const shortText = 40;
const twoTo32 = 0x1_0000_0000;

/** Rows in PostgreSQL's binary COPY format, laid out in one buffer that grows. The order of fields is the column list's. */
export class CopyRows {
  #buffer: Buffer;
  #view: DataView;
  #length = header.length;
  #rows = 0;

  constructor(bytes = 64 * 1024) {
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
    this.#view = viewOf(this.#buffer);
    header.copy(this.#buffer);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes that it can hold before it grows. */
  get capacity(): number {
    return this.#buffer.length;
  }

  startRow(fields: number): void {
    this.#rows += 1;
    this.#reserve(2);
    this.#view.setInt16(this.#length, fields);
    this.#length += 2;
  }

  null(): void {
    this.#reserve(4);
    this.#view.setInt32(this.#length, absent);
    this.#length += 4;
  }

  int2(value: number): void {
    this.#reserve(6);
    this.#view.setInt32(this.#length, 2);
    this.#view.setInt16(this.#length + 4, value);
    this.#length += 6;
  }

  /** A whole number that is safe, or null. */
  int8(value: number | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#reserve(12);
    const view = this.#view;
    const at = this.#length;
    // Two halves: a bigint for each would be an object for each.
    const high = Math.floor(value / twoTo32);
    view.setInt32(at, 8);
    view.setInt32(at + 4, high);
    view.setUint32(at + 8, value - high * twoTo32);
    this.#length = at + 12;
  }

  text(value: string | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#reserve(4 + value.length * 3);
    const start = this.#length + 4;
    const bytes = this.#write(value, start);
    this.#view.setInt32(this.#length, bytes);
    this.#length = start + bytes;
  }

  /** Short ASCII character by character, which costs less than the call that writes any text. */
  #write(value: string, start: number): number {
    const { length } = value;
    const buffer = this.#buffer;
    if (length > shortText) return buffer.write(value, start);
    for (let at = 0; at < length; at += 1) {
      const code = value.charCodeAt(at);
      if (code > 0x7f) return buffer.write(value, start);
      buffer[start + at] = code;
    }
    return length;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(4 + value.length);
    this.#view.setInt32(this.#length, value.length);
    const buffer = this.#buffer;
    const start = this.#length + 4;
    if (value.length > shortText) buffer.set(value, start);
    else for (let at = 0; at < value.length; at += 1) buffer[start + at] = value[at] as number;
    this.#length = start + value.length;
  }

  /** The whole message; nothing can be added after, until it is emptied. */
  end(): Buffer {
    this.#reserve(2);
    this.#view.setInt16(this.#length, trailer);
    this.#length += 2;
    return this.#buffer.subarray(0, this.#length);
  }

  /** Begins anew in the same memory: what `end` gave must be sent. */
  empty(): void {
    this.#length = header.length;
    this.#rows = 0;
  }

  #reserve(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, wanted));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
    this.#view = viewOf(larger);
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
