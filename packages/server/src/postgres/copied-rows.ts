import type pg from "pg";
import type { CopiedFields } from "../store/connection.ts";

/** https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4: signature, flags, length of what extends the header. */
const signatureBytes = 11;
const extensionAt = signatureBytes + 4;
const headerBytes = extensionAt + 4;
const trailer = -1;
const absent = -1;
/** Of rows that nobody takes any more so many are read to the end; of more the connection is given up. */
const passedBytesMax = 1024 * 1024;

/**
 * A COPY to the client in PostgreSQL's binary format, whose rows are told as they come. The driver calls its methods. (A stream
 * that somebody leaves before its end would keep the connection in the middle of a COPY; and the driver makes a text of what
 * other statements bring, of bytes their digits.)
 */
class CopyStatement {
  readonly text: string;
  /** Of the driver, which puts one in its place that ends its wait for an answer. */
  callback: ((error?: Error) => void) | undefined;
  readonly #take: (fields: CopiedFields) => void;
  readonly #settle: (error?: unknown) => void;
  #connection: pg.Connection | undefined;
  #isFirst = true;
  #problem: { readonly error: unknown } | undefined;
  #passedBytes = 0;

  constructor(text: string, take: (fields: CopiedFields) => void, settle: (error?: unknown) => void) {
    this.text = text;
    this.#take = take;
    this.#settle = settle;
  }

  submit(connection: pg.Connection): void {
    this.#connection = connection;
    connection.query(this.text);
  }

  /** The server sends each row as one message, the header with the first. */
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    if (this.#problem !== undefined) {
      this.#pass(chunk);
      return;
    }
    try {
      const at = this.#isFirst ? headerBytes + chunk.readInt32BE(extensionAt) : 0;
      this.#isFirst = false;
      if (at < chunk.length) this.#row(chunk, at);
    } catch (error) {
      // The rest is still on its way, and the transaction goes on behind it.
      this.#problem = { error };
    }
  }

  #pass({ length }: Buffer): void {
    this.#passedBytes += length;
    if (this.#passedBytes > passedBytesMax) this.#connection?.stream.destroy();
  }

  #row(chunk: Buffer, start: number): void {
    const count = chunk.readInt16BE(start);
    if (count === trailer) return;
    const fields: (Buffer | undefined)[] = [];
    let at = start + 2;
    for (let field = 0; field < count; field += 1) {
      const length = chunk.readInt32BE(at);
      at += 4;
      fields.push(length === absent ? undefined : chunk.subarray(at, at + length));
      if (length !== absent) at += length;
    }
    this.#take(fields);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.callback?.();
    this.#settle(this.#problem?.error);
  }

  handleError(error: Error): void {
    this.callback?.(error);
    this.#settle(this.#problem?.error ?? error);
  }
}

/**
 * Tells each row of a SELECT without places as it comes; resolves behind the last. Rejects with the server's error, or with the
 * first that `take` throws, behind which no row is told; a transaction that is open stays open, unless so much was to come that
 * the connection was given up.
 */
export function copyRowsOut(
  client: pg.ClientBase,
  select: string,
  take: (fields: CopiedFields) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
    client.query(new CopyStatement(`COPY (${select}) TO STDOUT (FORMAT binary)`, take, settle));
  });
}
