import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { DatabaseAddress } from "../database-address.ts";
import { migratePostgres } from "../postgres/migrate.ts";
import { openWriter } from "../sqlite/connection.ts";
import { latestSchema } from "./carried-tables.ts";
import { connectAsOwner, databaseFailure, schemaOf } from "./postgres-session.ts";
import { TransferError } from "./transfer-error.ts";

/** The last migration that a database had had, if any, and the last one that it has had now. */
export interface PreparedDatabase {
  readonly schemaBefore: number | null;
  readonly schema: number;
}

/**
 * Makes the tables of a database, or brings them up to date; does nothing where they are.
 * @throws TransferError where that cannot be done.
 */
export async function prepareDatabase(address: DatabaseAddress): Promise<PreparedDatabase> {
  if (address.store === "sqlite") return prepareSqlite(address.path);
  const client = await connectAsOwner(address.url.reveal());
  try {
    const schemaBefore = (await schemaOf(client)) ?? null;
    await migratePostgres(client);
    return { schemaBefore, schema: latestSchema };
  } catch (error) {
    throw databaseFailure(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function prepareSqlite(path: string): PreparedDatabase {
  try {
    const schemaBefore = existsSync(path) ? sqliteSchema(path) : null;
    if (schemaBefore !== latestSchema) {
      mkdirSync(dirname(path), { recursive: true });
      if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
      openWriter(path).close();
    }
    return { schemaBefore, schema: latestSchema };
  } catch (error) {
    throw new TransferError("database", `the database ${path} cannot be opened: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function sqliteSchema(path: string): number | null {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const row = db.prepare("PRAGMA user_version").get() as { user_version: number };
    return row.user_version === 0 ? null : row.user_version;
  } finally {
    db.close();
  }
}
