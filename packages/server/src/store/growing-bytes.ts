/** From this length on the engine's own writing is faster than character by character. */
const shortText = 40;
/** The digits of 2^53. */
const digitsMax = 16;

/**
 * UTF-8 that grows by small pieces in one buffer: what is sent on as bytes never becomes a text, whose pieces the engine
 * would keep alive, join and copy.
 */
export class GrowingBytes {
  protected buffer: Buffer;
  protected at = 0;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }

  /** How many there are. */
  get length(): number {
    return this.at;
  }

  addText(text: string): void {
    const { length } = text;
    this.reserve(length * 3);
    const { buffer, at: start } = this;
    if (length > shortText) {
      this.at = start + buffer.write(text, start);
      return;
    }
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        this.at = start + buffer.write(text, start);
        return;
      }
      buffer[start + index] = code;
    }
    this.at = start + length;
  }

  /** Text that is known to be ASCII. */
  addAscii(text: string): void {
    const { length } = text;
    this.reserve(length);
    const { buffer, at: start } = this;
    for (let index = 0; index < length; index += 1) buffer[start + index] = text.charCodeAt(index);
    this.at = start + length;
  }

  /** The decimal digits of a whole number from 0 to 2^53-1. */
  addWhole(value: number): void {
    this.reserve(digitsMax);
    let digits = 1;
    for (let limit = 10; digits < digitsMax && value >= limit; limit *= 10) digits += 1;
    const { buffer } = this;
    let rest = value;
    for (let at = this.at + digits - 1; at >= this.at; at -= 1) {
      const tens = Math.floor(rest / 10);
      buffer[at] = 48 + (rest - tens * 10);
      rest = tens;
    }
    this.at += digits;
  }

  /** Begins anew in the same memory. */
  clear(): void {
    this.at = 0;
  }

  /** The bytes as they lie here: what is added later overwrites them. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  /** A copy in memory of its own, which can be moved to another thread. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const bytes = Buffer.allocUnsafeSlow(this.at);
    this.buffer.copy(bytes, 0, 0, this.at);
    return bytes;
  }

  toString(): string {
    return this.buffer.toString("utf8", 0, this.at);
  }

  protected reserve(bytes: number): void {
    const wanted = this.at + bytes;
    if (wanted > this.buffer.length) this.grow(wanted);
  }

  protected grow(wanted: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, wanted));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}
