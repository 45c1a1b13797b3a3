import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type CarriedTable, embeddedTables, latestSchema } from "./carried-tables.ts";
import { absent, toField } from "./row-text.ts";
import { blockBytes, type DatabaseSource, type TableBlock } from "./table-block.ts";
import { TransferError } from "./transfer-error.ts";

const busyTimeoutMs = 10_000;

/**
 * One snapshot of an embedded database, also while a server writes to it, which it does not hold up. The write-ahead file
 * grows for as long as the snapshot is read.
 * @throws TransferError where there is none that this program can read.
 */
export function openSqliteSource(path: string): DatabaseSource {
  if (!existsSync(path)) throw new TransferError("database", `there is no database at ${path}`);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs, returnArrays: true });
    db.exec("PRAGMA cache_size = -32768; PRAGMA mmap_size = 268435456; BEGIN");
    // The transaction has its snapshot with the first read.
    const [schema] = db.prepare("PRAGMA user_version").get() as unknown as [number];
    if (schema === 0) throw new TransferError("database", `${path} is no database of cost-ops`);
    if (schema > latestSchema) {
      throw new TransferError(
        "database",
        `${path} has schema ${schema}, newer than this program's ${latestSchema}: use a newer version`,
      );
    }
    const opened = db;
    return {
      schema,
      blocks: () => readBlocks(opened, path, embeddedTables(schema)),
      texts: async (sql) => opened.prepare(sql).all() as unknown as readonly (readonly (string | null)[])[],
      close: async () => opened.close(),
    };
  } catch (error) {
    db?.close();
    throw error instanceof TransferError ? error : unreadable(path, error);
  }
}

const unreadable = (path: string, error: unknown): TransferError =>
  new TransferError("database", `${path} cannot be read: ${(error as Error).message}`, { cause: error });

async function* readBlocks(
  db: DatabaseSync,
  path: string,
  tables: readonly CarriedTable[],
): AsyncGenerator<TableBlock> {
  for (const table of tables) {
    const blocks = readTable(db, table);
    for (;;) {
      let next: IteratorResult<TableBlock, void>;
      try {
        next = blocks.next();
      } catch (error) {
        throw unreadable(path, error);
      }
      if (next.done === true) break;
      yield next.value;
    }
  }
}

function* readTable(db: DatabaseSync, table: CarriedTable): Generator<TableBlock> {
  const { name, key } = table;
  const { expressions, isText } = fieldExpressions(table);
  const rows = db.prepare(`SELECT ${expressions.join(", ")} FROM ${name} ORDER BY ${key.join(", ")}`).iterate();
  let text = "";
  let count = 0;
  for (const row of rows as unknown as Iterable<readonly (string | null)[]>) {
    for (let at = 0; at < isText.length; at += 1) {
      if (at > 0) text += "\t";
      const value = row[at] as string | null;
      text += value === null ? absent : isText[at] ? toField(value) : value;
    }
    text += "\n";
    count += 1;
    // Characters, of which a byte each is the least.
    if (text.length >= blockBytes) {
      yield { table: name, rows: count, bytes: Buffer.from(text) };
      text = "";
      count = 0;
    }
  }
  if (count > 0) yield { table: name, rows: count, bytes: Buffer.from(text) };
}

/**
 * What to select of a table. Whole numbers and bytes become their text in the database, and those that stand side by side
 * one text, for crossing into JavaScript is what takes the time.
 */
function fieldExpressions({ columns }: CarriedTable): {
  readonly expressions: readonly string[];
  readonly isText: readonly boolean[];
} {
  const expressions: string[] = [];
  const isText: boolean[] = [];
  for (const { name, type } of columns) {
    if (type === "text") {
      expressions.push(name);
      isText.push(true);
      continue;
    }
    const value = type === "integer" ? `CAST(${name} AS TEXT)` : `'\\\\x' || lower(hex(${name}))`;
    const field = `CASE WHEN ${name} IS NULL THEN '${absent}' ELSE ${value} END`;
    if (isText.at(-1) === false) expressions[expressions.length - 1] += ` || char(9) || ${field}`;
    else {
      expressions.push(field);
      isText.push(false);
    }
  }
  return { expressions, isText };
}
