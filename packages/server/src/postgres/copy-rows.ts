/** https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4: signature, no flags, no header extension. */
const header = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const trailer = -1;
const absent = -1;
const twoTo32 = 0x1_0000_0000;

/** Rows in PostgreSQL's binary COPY format, laid out in one buffer that grows. The order of fields is the column list's. */
export class CopyRows {
  #buffer: Buffer;
  #length = header.length;
  #rows = 0;

  constructor(bytes = 64 * 1024) {
    this.#buffer = Buffer.allocUnsafe(bytes);
    header.copy(this.#buffer);
  }

  get rows(): number {
    return this.#rows;
  }

  startRow(fields: number): void {
    this.#rows += 1;
    this.#reserve(2);
    this.#length = this.#buffer.writeInt16BE(fields, this.#length);
  }

  null(): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32BE(absent, this.#length);
  }

  int2(value: number): void {
    this.#reserve(6);
    const buffer = this.#buffer;
    buffer.writeInt32BE(2, this.#length);
    this.#length = buffer.writeInt16BE(value, this.#length + 4);
  }

  /** A whole number that is safe, or null. */
  int8(value: number | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#reserve(12);
    const buffer = this.#buffer;
    const at = this.#length;
    // Two halves: a bigint for each would be an object for each.
    const high = Math.floor(value / twoTo32);
    buffer.writeInt32BE(8, at);
    buffer.writeInt32BE(high, at + 4);
    this.#length = buffer.writeUInt32BE(value - high * twoTo32, at + 8);
  }

  text(value: string | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#reserve(4 + value.length * 3);
    const start = this.#length + 4;
    const bytes = this.#buffer.write(value, start);
    this.#buffer.writeInt32BE(bytes, this.#length);
    this.#length = start + bytes;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(4 + value.length);
    const start = this.#buffer.writeInt32BE(value.length, this.#length);
    this.#buffer.set(value, start);
    this.#length = start + value.length;
  }

  /** The whole message; nothing can be added after. */
  end(): Buffer {
    this.#reserve(2);
    this.#length = this.#buffer.writeInt16BE(trailer, this.#length);
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, wanted));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
