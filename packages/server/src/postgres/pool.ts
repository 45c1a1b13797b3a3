import pg from "pg";
import type { SqlValue, StoreConnection } from "../store/connection.ts";
import { copyRowsOut } from "./copied-rows.ts";
import { serverRole } from "./row-security.ts";
import { withLiterals } from "./statement-text.ts";

/** How long a request waits for a free connection, a lock and a statement before it is refused. */
export const connectTimeoutMs = 5_000;
const lockTimeoutMs = 10_000;
const statementTimeoutMs = 60_000;
/** A database that ends no statement that takes too long either, because it is frozen or cut off, is silent after this. */
const patience = statementTimeoutMs + 5_000;

/** Whole numbers as numbers where these hold them exactly, else as bigint. */
function readWhole(text: string): number | bigint | string {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  return /^-?\d+$/.test(text) ? BigInt(text) : text;
}

const ownTypes = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, readWhole],
  [pg.types.builtins.NUMERIC, readWhole],
]);
/** How values of columns are read. */
export const types = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    (format === "binary" ? undefined : ownTypes.get(oid)) ??
    pg.types.getTypeParser(oid, format as "text")) as typeof pg.types.getTypeParser,
};

export interface PoolOptions {
  /** `postgresql://user:password@host:port/database?sslmode=…` */
  readonly url: string;
  /** Connections at most. */
  readonly size: number;
  /** Told of connections that broke while nobody used them; they are replaced. */
  readonly onBroken?: ((error: Error) => void) | undefined;
  /** Settings of every session, by name. */
  readonly session?: Readonly<Record<string, string>> | undefined;
  /** How long an answer is waited for, in milliseconds; a bit more than a statement may take if absent. */
  readonly silentAfterMs?: number | undefined;
  /** Whether the database looks, while it works on a statement, if whoever asked is still there, and ends it if not. */
  readonly endsWithClient?: boolean | undefined;
}

/** Settings of a connection that works as the server's role, for which row-level security holds, and waits for nothing without end. */
export function sessionOptions(url: string, session: PoolOptions["session"] = {}): pg.ClientConfig {
  const settings = {
    // The role is part of the start-up packet: no statement of ours ever runs as the user of the address.
    role: serverRole,
    lock_timeout: lockTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    ...session,
  };
  return {
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    // A server that vanished without a word is noticed by the operating system.
    keepAlive: true,
    application_name: "llm-cost-ops",
    types,
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(" "),
  };
}

export function createPool(options: PoolOptions): pg.Pool {
  const { url, size, onBroken, session, silentAfterMs = patience, endsWithClient = false } = options;
  const ending = endsWithClient ? { onConnect: heedClient } : {};
  const pool = new pg.Pool({ ...sessionOptions(url, session), ...ending, query_timeout: silentAfterMs, max: size });
  pool.on("error", (error) => onBroken?.(error));
  // One that breaks while it works fails what it works on; without a listener it would end the process as well.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** Not among the settings that a session begins with: a database on Windows cannot look, and would refuse the session. */
const heedClient = (client: pg.ClientBase): Promise<unknown> =>
  client.query("SET client_connection_check_interval = 500").catch(() => undefined);

/** What all connections of a process have in common. */
export interface ProcessParts extends Pick<StoreConnection, "now" | "state"> {
  readonly textOf: (sql: string) => string;
}

/** A client in the middle of a transaction as operations know it. */
export function connectionOf(client: pg.ClientBase, { textOf, now, state }: ProcessParts): StoreConnection {
  const query = async (sql: string, values: readonly SqlValue[]): Promise<pg.QueryResult<Record<string, unknown>>> =>
    client.query(textOf(sql), values.map(toParameter));
  return {
    dialect: "postgres",
    now,
    state,
    all: async <Row>(sql: string, ...values: readonly SqlValue[]) =>
      (await query(sql, values)).rows as unknown as readonly Row[],
    get: async <Row>(sql: string, ...values: readonly SqlValue[]) =>
      (await query(sql, values)).rows[0] as unknown as Row | undefined,
    run: async (sql, ...values) => (await query(sql, values)).rowCount ?? 0,
    copied: (sql, take, ...values) => copyRowsOut(client, withLiterals(sql, values), take),
  };
}

function toParameter(value: SqlValue): string | number | Buffer | null {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value;
}
