/** So many pieces are put together at once. */
const piecesMax = 32;

/**
 * Text that grows by small pieces. The engine joins strings lazily and keeps every piece alive until somebody reads the
 * whole, so a long text drags thousands of objects through each sweep of the garbage; this one joins as it goes.
 */
export class LongText {
  readonly #joined: string[] = [];
  #pieces: string[] = [];

  add(piece: string): void {
    if (this.#pieces.push(piece) < piecesMax) return;
    this.#joined.push(this.#pieces.join(""));
    this.#pieces = [];
  }

  /** Its length in UTF-16 code units. */
  get length(): number {
    let length = 0;
    for (const joined of this.#joined) length += joined.length;
    for (const piece of this.#pieces) length += piece.length;
    return length;
  }

  /** In UTF-8 between two texts, without ever being one text. */
  toBytes(before: string, after: string): Uint8Array<ArrayBuffer> {
    const parts = [before, ...this.#joined, ...this.#pieces, after];
    const bytes = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0));
    let at = 0;
    for (const part of parts) at += bytes.write(part, at);
    return bytes;
  }

  toString(): string {
    return this.#joined.join("") + this.#pieces.join("");
  }
}
