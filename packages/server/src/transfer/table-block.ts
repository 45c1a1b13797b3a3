import { createHash, type Hash } from "node:crypto";

/**
 * Some whole rows of one table, in PostgreSQL's text format of COPY: a line a row, ended by \n; fields divided by tabs,
 * in the order of the table's columns; `\N` for what is absent; backslash, tab, newline and their like escaped; bytes as
 * `\\x` and hexadecimal. https://www.postgresql.org/docs/current/sql-copy.html
 */
export interface TableBlock {
  readonly table: string;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** A block is closed once it has this many bytes; one row may make it longer. */
export const blockBytes = 1 << 20;

/** No row is longer, so that memory has a limit whatever an archive says of itself. */
export const blockBytesMax = 1 << 30;

/** What a table holds, told by as little as proves it. */
export interface TableContent {
  readonly rows: number;
  /** SHA-256 of all its rows' bytes, in hexadecimal. */
  readonly sha256: string;
}

export type Contents = Readonly<Record<string, TableContent>>;

/** Where rows come from: a table after the other, each in the order of its key. */
export interface InstallationSource {
  readonly schema: number;
  blocks(): AsyncIterable<TableBlock>;
  close(): Promise<void>;
}

/** An installation in a database, which can be asked about the same snapshot too. */
export interface DatabaseSource extends InstallationSource {
  /** The rows of a statement that runs on every store and casts all that it selects to text. */
  texts(sql: string): Promise<readonly (readonly (string | null)[])[]>;
}

export interface LoadOptions {
  /** Whether what is there already goes. */
  readonly isReplacing?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Counts and digests the blocks that pass through it. */
export interface ContentMeter {
  add(block: TableBlock): void;
  /** Of every table that was named, those without rows included. */
  contents(): Contents;
}

export function createContentMeter(tables: readonly { readonly name: string }[]): ContentMeter {
  const meters = new Map<string, { rows: number; hash: Hash }>(
    tables.map(({ name }) => [name, { rows: 0, hash: createHash("sha256") }]),
  );
  return {
    add({ table, rows, bytes }) {
      const meter = meters.get(table);
      if (meter === undefined) throw new Error(`rows of the table ${table}, which nobody named`);
      meter.rows += rows;
      meter.hash.update(bytes);
    },
    contents: () =>
      Object.fromEntries(
        [...meters].map(([name, { rows, hash }]) => [name, { rows, sha256: hash.copy().digest("hex") }]),
      ),
  };
}

/** The same source, whose blocks are counted and digested as they are read. */
export const metered = (source: InstallationSource, meter: ContentMeter): InstallationSource => ({
  schema: source.schema,
  async *blocks() {
    for await (const block of source.blocks()) {
      meter.add(block);
      yield block;
    }
  },
  close: source.close,
});
