import pg from "pg";
import { UnusableDatabase } from "../postgres/migrate.ts";
import { scopeSetting } from "../postgres/row-security.ts";
import { storageRefusal } from "../postgres/storage-failure.ts";
import { TransferError } from "./transfer-error.ts";

const connectTimeoutMs = 10_000;

/**
 * Connects as the user of the address, who owns the tables.
 * @throws TransferError where there is no way to the database.
 */
export async function connectAsOwner(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: "cost-ops transfer",
    keepAlive: true,
  });
  // A connection that breaks fails the statement that runs, or the next one.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw databaseFailure(error);
  }
}

/** Settings of a transaction in which all rows of all organizations are seen, for as long as it takes. */
export const transferSettings = `SET LOCAL ${scopeSetting} = 'installation'; SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL bytea_output = 'hex'; SET LOCAL work_mem = '128MB'`;

/** What is said of a failed database; what is no failure of it stays as it is. */
export function databaseFailure(error: unknown): unknown {
  // A refusal begins with what became of the request, which here is said by whoever shows the message.
  const reason =
    storageRefusal(error)?.message.replace(/^nothing was written: /, "") ??
    (error instanceof pg.DatabaseError ? databaseReason(error) : undefined) ??
    (error instanceof UnusableDatabase ? error.message : undefined);
  return reason === undefined ? error : new TransferError("database", `PostgreSQL: ${reason}`, { cause: error });
}

/** Whoever may only serve has no right to make or fill tables, which the message of the database does not tell. */
const databaseReason = ({ code, message }: pg.DatabaseError): string =>
  code === "42501" ? `${message}; this takes the owner of the database` : message;

/** The last migration that the database has had; undefined where it is none of ours. */
export async function schemaOf(client: pg.Client): Promise<number | undefined> {
  const { rows: tables } = await client.query<{ found: string | null }>(
    "SELECT to_regclass('schema_version') AS found",
  );
  if (tables[0]?.found == null) return undefined;
  const { rows } = await client.query<{ version: number | null }>(
    "SELECT CAST(max(version) AS INTEGER) AS version FROM schema_version",
  );
  return rows[0]?.version ?? undefined;
}
