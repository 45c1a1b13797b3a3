import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { type CarriedTable, carriedRows, carriedTables, latestSchema } from "./carried-tables.ts";
import { connectAsOwner, databaseFailure, schemaOf, transferSettings } from "./postgres-session.ts";
import { blockBytes, type DatabaseSource, type TableBlock } from "./table-block.ts";
import { TransferError } from "./transfer-error.ts";

/**
 * One snapshot of an installation on PostgreSQL, which its servers do not notice.
 * @throws TransferError where there is none that this program can read.
 */
export async function openPostgresSource(url: string): Promise<DatabaseSource> {
  const client = await connectAsOwner(url);
  const close = (): Promise<void> => client.end().catch(() => undefined);
  try {
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${transferSettings}`);
    const schema = await schemaOf(client);
    if (schema === undefined) throw new TransferError("database", "the PostgreSQL database is none of cost-ops");
    if (schema > latestSchema) {
      throw new TransferError(
        "database",
        `the PostgreSQL database has schema ${schema}, newer than this program's ${latestSchema}: use a newer version`,
      );
    }
    return {
      schema,
      blocks: () => readBlocks(client, carriedTables(schema)),
      texts: async (sql) => (await client.query({ text: sql, rowMode: "array" })).rows,
      close,
    };
  } catch (error) {
    await close();
    throw databaseFailure(error);
  }
}

async function* readBlocks(client: pg.Client, tables: readonly CarriedTable[]): AsyncGenerator<TableBlock> {
  try {
    for (const table of tables) yield* readTable(client, table);
  } catch (error) {
    throw databaseFailure(error);
  }
}

/** The server writes rows in the format of the archive itself; here they are only counted and cut. */
async function* readTable(client: pg.Client, table: CarriedTable): AsyncGenerator<TableBlock> {
  const rows = client.query(copyTo(`COPY (${selectOf(table)}) TO STDOUT`));
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of rows as AsyncIterable<Buffer>) {
    parts.push(chunk);
    length += chunk.length;
    if (length < blockBytes) continue;
    const bytes = Buffer.concat(parts);
    const end = bytes.lastIndexOf(newline) + 1;
    parts = [bytes.subarray(end)];
    length -= end;
    if (end > 0) yield blockOf(table, bytes.subarray(0, end));
  }
  if (length > 0) yield blockOf(table, Buffer.concat(parts));
}

const newline = 0x0a;

function selectOf({ name, columns, key }: CarriedTable): string {
  const names = columns.map((column) => `t.${column.name}`).join(", ");
  return `SELECT ${names} FROM ${name} t ${carriedRows(name)} ORDER BY ${key.map((column) => `t.${column}`).join(", ")}`;
}

function blockOf({ name }: CarriedTable, bytes: Buffer): TableBlock {
  let rows = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) rows += 1;
  return { table: name, rows, bytes };
}
