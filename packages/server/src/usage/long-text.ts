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

  toString(): string {
    return this.#joined.join("") + this.#pieces.join("");
  }
}
