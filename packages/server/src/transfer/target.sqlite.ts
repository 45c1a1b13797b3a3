import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { openWriter } from "../sqlite/connection.ts";
import { storageRefusal } from "../sqlite/storage-failure.ts";
import {
  type CarriedColumn,
  type CarriedTable,
  embeddedTables,
  latestSchema,
  makeSchema,
  rowsOfNewSchema,
} from "./carried-tables.ts";
import { absent, fromField } from "./row-text.ts";
import type { InstallationSource, LoadOptions, TableBlock } from "./table-block.ts";
import { damaged, inUse, TransferError } from "./transfer-error.ts";

/**
 * Puts a source in the place of an embedded database: into a file beside it, which takes its place when it is whole and
 * on disk. Whenever the work ends, there is the old database or the new one.
 * @throws TransferError where something stands in the way.
 */
export async function loadIntoSqlite(
  path: string,
  source: InstallationSource,
  { isReplacing = false, signal }: LoadOptions = {},
): Promise<void> {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const place = claimPlace(path, isReplacing);
  const beside = join(folder, `${basename(path)}${besideMark}${process.pid}-${randomUUID()}`);
  try {
    removeLeftOvers(path);
    closeSync(openSync(beside, "wx", 0o600));
    await fill(beside, source, signal);
    // Later migrations, and the format of the write-ahead log.
    openWriter(beside).close();
    syncPath(beside);
    if (place.isDamaged) removeLog(path);
    renameSync(beside, path);
    syncPath(folder);
  } catch (error) {
    const failure = storageRefusal(error)?.message.replace(/^nothing was written: /, "");
    throw failure === undefined ? error : new TransferError("database", `${path}: ${failure}`, { cause: error });
  } finally {
    place.release();
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${beside}${suffix}`, { force: true });
  }
}

const besideMark = ".restoring-";

/** Removes what a killed restore left beside the database. */
function removeLeftOvers(path: string): void {
  const start = `${basename(path)}${besideMark}`;
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(start)) continue;
    const pid = Number.parseInt(name.slice(start.length), 10);
    if (!isRunning(pid)) rmSync(join(dirname(path), name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

interface Place {
  /** Whether what is there cannot be read any more; its log, which cannot be moved into it, is then worth nothing. */
  readonly isDamaged: boolean;
  release(): void;
}

/**
 * Looks whether the database may be replaced and holds it until it is. What still stands in its write-ahead file is moved
 * into it, for a new database must not find an old log beside it; that takes that nobody else has it open.
 */
function claimPlace(path: string, isReplacing: boolean): Place {
  if (!existsSync(path)) {
    // An empty one is left by whoever only read.
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
    if (log !== undefined && log.size > 0) {
      throw new TransferError(
        "place",
        `there is no database at ${path}, but its write-ahead file ${path}-wal: move that away, or put its database back`,
      );
    }
    removeLog(path);
    return { isDamaged: false, release: () => undefined };
  }
  let db: DatabaseSync | undefined;
  try {
    if (!isReplacing) refuseUsed(path);
    db = new DatabaseSync(path, { timeout: 1_000 });
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
    const held = db;
    return { isDamaged: false, release: () => held.close() };
  } catch (error) {
    db?.close();
    if (error instanceof TransferError) throw error;
    const code = Number((error as { errcode?: unknown }).errcode) & 0xff;
    if (code === sqliteBusy) {
      throw new TransferError("place", `${path} is open in another process: stop its server first`, { cause: error });
    }
    if (isReplacing && damagedCodes.has(code)) return { isDamaged: true, release: () => undefined };
    throw new TransferError("place", `${path} cannot be replaced: ${(error as Error).message}`, { cause: error });
  }
}

const sqliteBusy = 5;
/** Malformed, and no database at all: what a restore is often wanted for. */
const damagedCodes: ReadonlySet<number> = new Set([11, 26]);

/** A write-ahead log would be replayed into whichever database it finds beside it. */
function removeLog(path: string): void {
  for (const suffix of ["-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
}

/** Only reads: what is refused stays as it is. */
function refuseUsed(path: string): void {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
  try {
    refuseRows(db, path);
  } finally {
    db.close();
  }
}

function refuseRows(db: DatabaseSync, path: string): void {
  const fresh = rowsOfNewSchema(latestSchema);
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  for (const { name } of tables) {
    const { rows } = db.prepare(`SELECT count(*) AS rows FROM "${String(name)}"`).get() as { rows: number };
    if (rows > (fresh.get(String(name)) ?? 0)) throw inUse(path, String(name), rows);
  }
}

async function fill(path: string, source: InstallationSource, signal: AbortSignal | undefined): Promise<void> {
  const db = new DatabaseSync(path);
  try {
    // Until it is whole it is nobody's database: a crash leaves a file to be deleted, and it is synced once, at the end.
    db.exec(`
      PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
      PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536;
    `);
    makeSchema(db, source.schema);
    const tables = embeddedTables(source.schema);
    for (const { name } of tables) db.exec(`DELETE FROM ${name}`);
    const indexes = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").all();
    // An index is made faster at once than row by row.
    for (const { name } of indexes) db.exec(`DROP INDEX ${String(name)}`);
    const inserts = new Map(tables.map((table) => [table.name, rowInserter(db, table)]));
    db.exec("BEGIN");
    for await (const block of source.blocks()) {
      signal?.throwIfAborted();
      const insert = inserts.get(block.table);
      if (insert === undefined) throw noPlaceFor(block);
      insert(block);
    }
    for (const { sql } of indexes) db.exec(String(sql));
    db.exec("COMMIT");
  } finally {
    db.close();
  }
}

const noPlaceFor = ({ table }: TableBlock): TransferError =>
  new TransferError("place", `the embedded store has no table ${table}`);

function rowInserter(db: DatabaseSync, { name, columns }: CarriedTable): (block: TableBlock) => void {
  // Whole numbers arrive as text, of which the database makes exact ones, or refuses.
  const places = columns.map(({ type }) => (type === "integer" ? "CAST(? AS INTEGER)" : "?"));
  const names = columns.map((column) => column.name).join(", ");
  const insert: StatementSync = db.prepare(`INSERT INTO ${name} (${names}) VALUES (${places.join(", ")})`);
  return ({ rows, bytes }) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
    let count = 0;
    for (let from = 0; from < text.length; ) {
      const end = text.indexOf("\n", from);
      if (end === -1) throw damaged(`a row of ${name} has no end`);
      const fields = text.slice(from, end).split("\t");
      if (fields.length !== columns.length) throw damaged(`a row of ${name} has ${fields.length} fields`);
      insert.run(
        ...fields.map((field, at) => fromCarried(name, columns[at] as CarriedTable["columns"][number], field)),
      );
      from = end + 1;
      count += 1;
    }
    if (count !== rows) throw damaged(`a block of ${name} has ${count} rows, not ${rows}`);
  };
}

function fromCarried(table: string, { name, type }: CarriedColumn, field: string): string | Uint8Array | null {
  if (field === absent) return null;
  const wrong = (): TransferError => damaged(`${table}.${name} has a value that is no ${type}`);
  switch (type) {
    case "text": {
      const text = fromField(field);
      if (text === undefined) throw wrong();
      return text;
    }
    case "integer":
      if (!isWhole(field)) throw wrong();
      return field;
    case "bytes":
      if (!/^\\\\x(?:[0-9a-f]{2})*$/.test(field)) throw wrong();
      return Buffer.from(field.slice(3), "hex");
    default:
      return type satisfies never;
  }
}

const int64Digits = 19;

/** Whether a text is a whole number of 64 bits; 18 digits always are. */
function isWhole(text: string): boolean {
  if (!/^-?\d{1,19}$/.test(text)) return false;
  return text.length < int64Digits || BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

function syncPath(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
