import type { DatabaseSync } from "node:sqlite";
import { Readable, Writable } from "node:stream";
import { PostgresAddress, SqliteAddress } from "../database-address.ts";
import { openWriter } from "../sqlite/connection.ts";
import { type CarriedColumn, carriedTables, droppedKeys, latestSchema } from "./carried-tables.ts";

export const rowsOfEach = 7;
const largest = 2n ** 63n - 1n;
/** Columns that are small numbers on PostgreSQL. */
const small: ReadonlySet<string> = new Set(["entry", "state", "usage_status", "is_error", "is_stream"]);
const awkward = "\t\n\r\b\v\f\\ \\N \\. \\\\x00 'quoted' \"twice\" äöü € 😀 \u{10ffff}";
/** Of the first and last partitions of records, and of both ends of one month. */
const instants = ["1975-05-05", "2060-06-06", "2026-03-01", "2026-03-31T23:59:59.999Z", "2026-04-01", "2024-02-29"];

/** Makes an installation whose every table has rows, with the values that are most easily spoiled on a journey. */
export function makeFullInstallation(path: string): void {
  const db = openWriter(path);
  for (const { name, columns } of carriedTables(latestSchema)) {
    if (name === droppedKeys.name) continue;
    const nullable = nullableColumns(db, name);
    const insert = db.prepare(
      `INSERT INTO ${name} (${columns.map((column) => column.name).join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
    );
    for (let row = 0; row < rowsOfEach; row += 1) {
      insert.run(
        ...columns.map((column) =>
          row % 3 === 2 && nullable.has(column.name) ? null : awkwardValue(name, column, row),
        ),
      );
    }
  }
  db.close();
}

function nullableColumns(db: DatabaseSync, table: string): ReadonlySet<string> {
  const columns = db.prepare('SELECT name FROM pragma_table_xinfo(?) WHERE "notnull" = 0 AND pk = 0').all(table);
  return new Set(columns.map(({ name }) => String(name)));
}

function awkwardValue(table: string, { name, type }: CarriedColumn, row: number): string | bigint | Uint8Array {
  switch (type) {
    case "text":
      // Byte by byte, capitals come before small letters and before what is not ASCII.
      return `${["b", "B", "ä", "a", "Z", "_", "é"][row]}${row}${row < 4 ? awkward : ""}`;
    case "bytes":
      return Uint8Array.from([255 - row, 0, 10, 92, 9, row]);
    case "integer":
      if (table === "records" && name === "occurred_at") {
        return BigInt(Date.parse(instants[row % instants.length] as string));
      }
      if (small.has(name)) return BigInt(row % 3);
      return row === 0 ? largest : row === 1 ? -largest - 1n : BigInt(row);
    default:
      return type satisfies never;
  }
}

export const sqliteAt = (path: string): SqliteAddress => new SqliteAddress(path);
export const postgresAt = (url: string): PostgresAddress => new PostgresAddress(url);

/** Keeps what is written. */
export function bytesWritable(): { readonly output: Writable; readonly bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  const output = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { output, bytes: () => Buffer.concat(chunks) };
}

/** Bytes in pieces, as they come from a file or a pipe. */
export const readableOf = (bytes: Buffer, pieceBytes = 4096): Readable =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
    })(),
  );
