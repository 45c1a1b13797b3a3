import pg from "pg";
import type { CopyRows } from "./copy-rows.ts";

/** So much data goes into one message: the server works on one while the next arrives. */
const messageBytesMax = 64 * 1024;
const dataByte = 0x64;
const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);

/**
 * Statements with the data of their COPYs, all sent before the first is answered, in the simple query protocol: the server
 * takes them one after the other and, after an error, ignores the rest.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
 * The driver calls its methods. (A stream of data would wait for the server, and can outlive a statement that was refused.)
 */
class TripStatement {
  readonly text: string;
  /** Of the driver, which puts one in its place that ends its wait for an answer. */
  callback: ((error?: Error) => void) | undefined;
  readonly #data: readonly Buffer[];
  readonly #settle: (error?: Error) => void;

  constructor(text: string, data: readonly Buffer[], settle: (error?: Error) => void) {
    this.text = text;
    this.#data = data;
    this.#settle = settle;
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection;
    stream.cork();
    connection.query(this.text);
    for (const data of this.#data) {
      for (let at = 0; at < data.length; at += messageBytesMax) {
        const some = data.subarray(at, at + messageBytesMax);
        const head = Buffer.allocUnsafe(5);
        head[0] = dataByte;
        head.writeInt32BE(some.length + 4, 1);
        stream.write(head);
        stream.write(some);
      }
      stream.write(copyDone);
    }
    stream.uncork();
  }

  handleRowDescription(): void {}

  handleDataRow(): void {}

  handleCopyInResponse(): void {}

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#end();
  }

  handleError(error: Error): void {
    this.#end(error);
  }

  #end(error?: Error): void {
    this.callback?.(error);
    this.#settle(error);
  }
}

/**
 * What goes to the server in one message and needs one answer: whoever is busy when a statement ends does not keep the next
 * one waiting, nor the locks that the transaction holds.
 */
export class OneTrip {
  readonly #statements: string[] = [];
  readonly #data: Buffer[] = [];

  /** Statements without places. What they return is not read. */
  add(...statements: readonly string[]): this {
    this.#statements.push(...statements);
    return this;
  }

  /** Sends rows to a table by COPY, whose columns are in the order of the rows' fields. */
  copy(table: string, columns: readonly string[], rows: CopyRows): this {
    return rows.rows === 0 ? this : this.copyData(`${table} (${columns.join(", ")})`, rows.end());
  }

  /** Binary data, header and end included; `table` is followed by its columns in parentheses. */
  copyData(table: string, data: Buffer): this {
    this.#statements.push(`COPY ${table} FROM STDIN WITH (FORMAT binary)`);
    this.#data.push(data);
    return this;
  }

  /** Rejects with the first statement's error; those behind it did nothing. A transaction that is open then stays open. */
  send(client: pg.ClientBase): Promise<void> {
    if (this.#statements.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => (error === undefined ? resolve() : reject(error));
      client.query(new TripStatement(this.#statements.join(";\n"), this.#data, settle));
    });
  }
}

/** The ends of a whole connection, as SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const endsOfConnection = /^(08|57P|25P0[34])/;

/** Whether the server refused a statement and lives: then what came behind it, a COMMIT as well, did not happen. */
export const isRefusedStatement = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && !endsOfConnection.test(error.code ?? "08");
