import type { Actor } from "../audit/actor.ts";

/** What a statement's place takes. Instants are UTC milliseconds, yes and no are 1 and 0, JSON is text. */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** At once on the embedded store, whose statements run on the thread that asks; later on a store behind a network. */
export type Awaitable<T> = T | Promise<T>;

/**
 * A connection in the middle of a transaction, as an operation finds it. Statements are written once for every store:
 *
 * - places are `?` in order, or `?1`, `?2` where one value stands twice; a place whose type nothing tells is cast
 *   (`CAST(? AS TEXT) IS NULL`);
 * - `ON CONFLICT (columns) DO …` names its columns, and columns of the stored row are written with their table;
 * - text is compared byte by byte; an order by what may be NULL says `NULLS FIRST` or `NULLS LAST`;
 * - whole numbers beyond 2^53 come back as bigint, all others as number; bytes as `Uint8Array`.
 */
export interface StoreConnection {
  readonly dialect: "sqlite" | "postgres";
  /** UTC milliseconds. */
  readonly now: () => number;
  /** What operations keep from transaction to transaction, one entry each: the thread's or, behind a network, the process's. */
  readonly state: Map<symbol, unknown>;
  /** Whom the audit trail names, in an operation that leaves entries there; undefined for the process itself. */
  readonly actor?: Actor | undefined;
  all<Row>(sql: string, ...values: readonly SqlValue[]): Awaitable<readonly Row[]>;
  /** Of a store that processes share: the change is answered when none of them trusts what it remembered before the commit. */
  readonly takesAccess?: (() => void) | undefined;
  /** The first row, if any. */
  get<Row>(sql: string, ...values: readonly SqlValue[]): Awaitable<Row | undefined>;
  /** The number of rows that were changed. */
  run(sql: string, ...values: readonly SqlValue[]): Awaitable<number>;
  /** Of PostgreSQL: tells each row of a SELECT as it comes. For large values of bytes. */
  readonly copied?: (
    sql: string,
    take: (fields: CopiedFields) => void,
    ...values: readonly (string | number)[]
  ) => Promise<void>;
}

/**
 * The fields of one row in the order of its columns, as the database sends them in binary: whole numbers with their highest byte
 * first; undefined is NULL. They are overwritten when the next rows come.
 */
export type CopiedFields = readonly (Buffer | undefined)[];
