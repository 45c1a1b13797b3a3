import { DatabaseSync } from "node:sqlite";
import { migrations } from "../sqlite/schema.ts";

/** How a column's values are written: text as it is, whole numbers in decimal, bytes in hexadecimal. */
export type CarriedType = "text" | "integer" | "bytes";

export interface CarriedColumn {
  readonly name: string;
  readonly type: CarriedType;
}

/** A table as every store has it. Its rows are carried in the order of `key`, compared byte by byte. */
export interface CarriedTable {
  readonly name: string;
  readonly columns: readonly CarriedColumn[];
  readonly key: readonly string[];
}

/**
 * The ids of records that retention dropped. On PostgreSQL the same table holds the ids of all records, which `records`
 * says too: only those of dropped ones are carried. Schemas before retention have it on PostgreSQL alone.
 */
export const droppedKeys: CarriedTable = {
  name: "record_keys",
  columns: [
    { name: "organization_id", type: "text" },
    { name: "id", type: "bytes" },
    { name: "occurred_at", type: "integer" },
    { name: "entry", type: "integer" },
    { name: "fingerprint", type: "bytes" },
  ],
  key: ["organization_id", "id"],
};

/** Which rows `t` of a table are carried, as a condition that every store reads. */
export const carriedRows = (table: string): string =>
  table === droppedKeys.name
    ? `WHERE NOT EXISTS (SELECT 1 FROM records r
        WHERE r.organization_id = t.organization_id AND r.occurred_at = t.occurred_at AND r.id = t.id)`
    : "";

/** Tables of PostgreSQL that hold nothing of an installation, each with the reason why it stays behind. */
export const notCarried: Readonly<Record<string, string>> = {
  schema_version: "the archive names its schema; the migrations of the target write this table",
  rate_limit_buckets_1: "how fast callers asked in the last minutes; a crash empties it too",
  rate_limit_processes_1: "which processes run now",
};

const types: Readonly<Record<string, CarriedType>> = {
  TEXT: "text",
  INTEGER: "integer",
  BLOB: "bytes",
  // The one column of this type, a setting's value, is a whole number, as which PostgreSQL declares it.
  ANY: "integer",
};

export const latestSchema: number = migrations.at(-1)?.id ?? 0;

/** Makes the tables of a schema, with what its migrations put into them. */
export function makeSchema(db: DatabaseSync, schema: number): void {
  for (const { id, sql } of migrations) {
    if (id <= schema) db.exec(sql);
  }
  db.exec(`PRAGMA user_version = ${schema}`);
}

/**
 * The tables of a schema, read off a database that its migrations have just made, so that a new table or column is
 * carried without being named here. Throws where one could not be carried exactly.
 */
export function carriedTables(schema: number): readonly CarriedTable[] {
  const tables = embeddedTables(schema);
  return tables.some(({ name }) => name === droppedKeys.name) ? tables : [...tables, droppedKeys];
}

/** Those that the embedded store has. */
export const embeddedTables = (schema: number): readonly CarriedTable[] =>
  onNewSchema(schema, (db) => tableNames(db).map((name) => describe(db, name)));

/** How many rows each table has before anybody used it. */
export const rowsOfNewSchema = (schema: number): ReadonlyMap<string, number> =>
  onNewSchema(
    schema,
    (db) =>
      new Map(
        tableNames(db).map((name) => {
          const row = db.prepare(`SELECT count(*) AS rows FROM ${name}`).get() as { rows: number };
          return [name, row.rows];
        }),
      ),
  );

function onNewSchema<T>(schema: number, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(":memory:");
  try {
    makeSchema(db, schema);
    return work(db);
  } finally {
    db.close();
  }
}

const tableNames = (db: DatabaseSync): readonly string[] =>
  db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .all()
    .map(({ name }) => String(name));

function describe(db: DatabaseSync, table: string): CarriedTable {
  const found = db.prepare("SELECT name, type, pk FROM pragma_table_xinfo(?) ORDER BY cid").all(table);
  const columns = found.map(({ name, type }) => {
    const carried = types[String(type)];
    if (carried === undefined) throw new Error(`${table}.${name} is ${type}, which cannot be carried exactly`);
    return { name: String(name), type: carried };
  });
  const key = found
    .filter(({ pk }) => Number(pk) > 0)
    .sort((a, b) => Number(a["pk"]) - Number(b["pk"]))
    .map(({ name }) => String(name));
  if (key.length === 0) throw new Error(`${table} has no primary key to order its rows by`);
  return { name: table, columns, key };
}
