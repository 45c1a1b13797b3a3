const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const escapePattern = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const isWhite = (char: string | undefined): boolean => char === " " || char === "\t" || char === "\n" || char === "\r";

/**
 * The position at which text stops being JSON, its length where it only ends too early. Used after `JSON.parse` refused
 * the text, whose own message gives no position. Iterative, so depth costs no stack.
 */
export function jsonErrorAt(text: string): number {
  return new JsonScanner(text).findError();
}

class JsonScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  findError(): number {
    const closers: string[] = [];
    for (;;) {
      const opener = this.#next();
      if (opener === "{" || opener === "[") {
        this.#at += 1;
        closers.push(opener === "{" ? "}" : "]");
        if (this.#next() !== closers.at(-1)) {
          if (opener === "{" && !this.#takeKey()) return this.#at;
          continue;
        }
      } else if (!this.#takeScalar()) {
        return this.#at;
      }
      if (!this.#takeEnds(closers)) return this.#at;
    }
  }

  /** After a value: closes what closes, up to the comma before another value. False at an error or the end. */
  #takeEnds(closers: string[]): boolean {
    for (;;) {
      const char = this.#next();
      const closer = closers.at(-1);
      if (closer === undefined) return false;
      if (char !== closer && char !== ",") return false;
      this.#at += 1;
      if (char === ",") {
        this.#next();
        return closer === "]" || this.#takeKey();
      }
      closers.pop();
    }
  }

  /** Skips white space and returns the character behind it. */
  #next(): string | undefined {
    while (isWhite(this.#text[this.#at])) this.#at += 1;
    return this.#text[this.#at];
  }

  #takeKey(): boolean {
    if (!this.#takeString() || this.#next() !== ":") return false;
    this.#at += 1;
    return true;
  }

  #takeScalar(): boolean {
    return this.#text[this.#at] === '"' ? this.#takeString() : this.#take(scalar);
  }

  /** Takes a string; false with the position where it breaks. */
  #takeString(): boolean {
    if (this.#text[this.#at] !== '"') return false;
    this.#at += 1;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || char < " ") return false;
      if (char === "\\") {
        if (!this.#take(escapePattern)) return false;
        continue;
      }
      this.#at += 1;
      if (char === '"') return true;
    }
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }
}
