import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migratePostgres } from "../postgres/migrate.ts";
import { type PostgresUnderTest, startPostgres } from "../postgres/postgres-fixture.ts";
import { openPostgres } from "../postgres/postgres-store.ts";
import { migrations } from "../sqlite/schema.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { carriedTables, droppedKeys, latestSchema, makeSchema, notCarried } from "./carried-tables.ts";
import { backUp, migrateStore, restore } from "./index.ts";
import {
  bytesWritable,
  makeFullInstallation,
  postgresAt,
  readableOf,
  rowsOfEach,
  sqliteAt,
} from "./installation-fixture.ts";

const unpack = promisify(zstdDecompress);
const now = 0;
const folder = temporaryFolder();
const full = sqliteAt(folder.file);
const fileNamed = (name: string) => sqliteAt(join(folder.path, name));
let server: PostgresUnderTest;

beforeAll(async () => {
  server = await startPostgres();
  makeFullInstallation(folder.file);
}, 60_000);
afterAll(async () => {
  await server.stop();
  folder.remove();
});

async function archiveOf(address: Parameters<typeof backUp>[0]): Promise<Buffer> {
  const { output, bytes } = bytesWritable();
  await backUp(address, output, { now });
  return bytes();
}

/** What an archive says. How Zstandard cuts it depends on how fast it arrives. */
const saidBy = async (address: Parameters<typeof backUp>[0]): Promise<string> =>
  (await unpack(await archiveOf(address))).toString();

async function onDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A database whose owner is nobody special: row-level security holds for it. */
async function ownedDatabase(): Promise<string> {
  const url = await server.database();
  const owned = new URL(url);
  owned.username = "plain_owner";
  owned.password = "plain";
  await onDatabase(url, async (client) => {
    await client.query(`DO $$ BEGIN
      IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'plain_owner') THEN
        CREATE ROLE plain_owner LOGIN PASSWORD 'plain' CREATEROLE;
      END IF;
    END $$`);
    await client.query(`ALTER DATABASE ${owned.pathname.slice(1)} OWNER TO plain_owner`);
    await client.query("ALTER SCHEMA public OWNER TO plain_owner");
  });
  return String(owned);
}

test("an installation comes back byte for byte by an archive", async () => {
  const archive = await archiveOf(full);
  const copy = fileNamed("copy.db");
  const read = await restore(readableOf(archive), copy, {});
  expect(read.contents["records"]?.rows).toBe(rowsOfEach);
  expect(await saidBy(copy)).toBe(await saidBy(full));
});

test("an installation comes back byte for byte from PostgreSQL, whose owner is nobody special", async () => {
  const postgres = postgresAt(await ownedDatabase());
  const report = await migrateStore(full, postgres);
  expect(report.agrees).toBe(true);
  expect(report.tables.every(({ isSameContent }) => isSameContent === true)).toBe(true);
  expect(report.sums.filter(({ source }) => source?.table === "records").length).toBeGreaterThan(0);
  const archive = await archiveOf(postgres);
  const back = fileNamed("back.db");
  await restore(readableOf(archive), back, {});
  expect(await saidBy(back)).toBe(await saidBy(full));
  expect(await saidBy(postgres)).toBe(await saidBy(full));
});

test("every table and column of PostgreSQL is carried, or it is said why not", async () => {
  const url = await server.database();
  await onDatabase(url, async (client) => {
    await migratePostgres(client);
    // But for columns that the database makes of the others.
    const { rows } = await client.query<{ name: string; columns: string[] }>(
      `SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attname) AS columns
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
       GROUP BY 1`,
    );
    const found = Object.fromEntries(rows.map(({ name, columns }) => [name, columns]));
    for (const name of Object.keys(notCarried)) delete found[name];
    const carried = carriedTables(latestSchema).map(({ name, columns }) => [
      name,
      columns.map((column) => column.name).sort(),
    ]);
    expect(found).toEqual(Object.fromEntries(carried));
  });
});

test("ids that retention dropped stay known on their way between the stores", async () => {
  const url = await server.database();
  await migrateStore(full, postgresAt(url));
  await onDatabase(url, (client) => client.query("DELETE FROM records WHERE occurred_at < 1000000000000"));
  const archive = await archiveOf(postgresAt(url));
  const other = postgresAt(await server.database());
  const { contents } = await restore(readableOf(archive), other, {});
  const dropped = contents[droppedKeys.name]?.rows ?? 0;
  expect(dropped).toBeGreaterThan(0);
  expect(contents["records"]?.rows).toBe(rowsOfEach - dropped);
  expect(await saidBy(other)).toBe(await saidBy(postgresAt(url)));
  const less = fileNamed("less.db");
  expect((await restore(readableOf(archive), less, {})).contents[droppedKeys.name]?.rows).toBe(dropped);
  const back = postgresAt(await server.database());
  const toPostgres = await migrateStore(less, back);
  expect(await saidBy(back)).toBe(await saidBy(other));
  const toEmbedded = await migrateStore(back, fileNamed("less-again.db"));
  const compared = { table: droppedKeys.name, sourceRows: dropped, targetRows: dropped, isSameContent: true };
  for (const { tables, agrees } of [toPostgres, toEmbedded]) {
    expect(tables.filter(({ table }) => table === droppedKeys.name)).toEqual([compared]);
    expect(agrees).toBe(true);
  }
});

describe("an older installation is brought up to date on its way", () => {
  const oldest = migrations[0]?.id ?? 0;
  let old: Buffer;

  beforeAll(async () => {
    const source = fileNamed("old.db");
    const db = new DatabaseSync(source.path);
    makeSchema(db, oldest);
    db.exec("INSERT INTO api_keys VALUES ('default', 'key_1', 'old', 'sk_live_abc', x'0102', 5, NULL, NULL)");
    db.close();
    old = await archiveOf(source);
  });

  test.each(["the embedded store", "PostgreSQL"])("to %s", async (store) => {
    const target = store === "PostgreSQL" ? postgresAt(await server.database()) : fileNamed("upgraded.db");
    const { manifest } = await restore(readableOf(old), target, {});
    expect(manifest.schema).toBe(oldest);
    const again = fileNamed(`again-${store.length}.db`);
    const upgraded = await restore(readableOf(await archiveOf(target)), again, {});
    expect(upgraded.manifest.schema).toBe(latestSchema);
    expect(upgraded.contents["api_keys"]?.rows).toBe(1);
    const db = new DatabaseSync(again.path);
    expect(db.prepare("SELECT name, scopes FROM api_keys").get()).toEqual({ name: "old", scopes: null });
    db.close();
  });

  test("and both sides agree", async () => {
    const report = await migrateStore(fileNamed("old.db"), postgresAt(await server.database()));
    expect(report.tables.find(({ table }) => table === "api_keys")).toMatchObject({ sourceRows: 1, targetRows: 1 });
  });
});

describe("what is there is not lost by mistake", () => {
  test("an installation is replaced only if that was asked for", async () => {
    const archive = await archiveOf(full);
    const url = await server.database();
    for (const target of [fileNamed("used.db"), postgresAt(url)]) {
      await restore(readableOf(archive), target, {});
      await expect(restore(readableOf(archive), target, {})).rejects.toThrow(/is not empty \(\w+: \d+\): .*--replace/);
      await restore(readableOf(archive), target, { isReplacing: true });
      expect(await saidBy(target)).toBe(await saidBy(full));
    }
  });

  test("a restore that fails leaves the old one as it was", async () => {
    const archive = await archiveOf(full);
    const broken = archive.subarray(0, Math.floor(archive.length / 2));
    for (const target of [fileNamed("kept.db"), postgresAt(await server.database())]) {
      await restore(readableOf(archive), target, {});
      await expect(restore(readableOf(broken), target, { isReplacing: true })).rejects.toThrow(/damaged/);
      expect(await saidBy(target)).toBe(await saidBy(full));
    }
  });

  test("a damaged database is replaced, and its log is not replayed into the new one", async () => {
    const archive = await archiveOf(full);
    const spoiled = fileNamed("spoiled.db");
    const log = `${spoiled.path}-wal`;
    writeFileSync(spoiled.path, "nothing that SQLite could read, and longer than its header ".repeat(4));
    writeFileSync(log, "an old log");
    await expect(restore(readableOf(archive), spoiled, {})).rejects.toThrow(/cannot be replaced: .*not a database/);
    expect(existsSync(log)).toBe(true);
    await restore(readableOf(archive), spoiled, { isReplacing: true });
    expect(existsSync(log)).toBe(false);
    expect(await saidBy(spoiled)).toBe(await saidBy(full));
    const orphan = fileNamed("orphan.db");
    writeFileSync(`${orphan.path}-wal`, "a log whose database is elsewhere");
    await expect(restore(readableOf(archive), orphan, { isReplacing: true })).rejects.toThrow(/its write-ahead file/);
  });

  test("a database that a server has open is left alone", async () => {
    const archive = await archiveOf(full);
    const held = fileNamed("held.db");
    await restore(readableOf(archive), held, {});
    const db = new DatabaseSync(held.path);
    db.prepare("SELECT count(*) FROM records").get();
    await expect(restore(readableOf(archive), held, { isReplacing: true })).rejects.toThrow(/open in another process/);
    db.close();
    const url = await server.database();
    const store = await openPostgres({ url, poolSize: 1, now: () => 0 });
    await store.run(
      {
        name: "look",
        access: "read",
        scope: "installation",
        run: (connection) => connection.get("SELECT 1") as Promise<unknown>,
      },
      {},
    );
    await expect(restore(readableOf(archive), postgresAt(url), {})).rejects.toThrow(/a server is connected/);
    await store.close();
    await restore(readableOf(archive), postgresAt(url), {});
  });

  test("a source that is written to during the move is told", async () => {
    const source = fileNamed("moving.db");
    await restore(readableOf(await archiveOf(full)), source, {});
    const moving = migrateStore(source, postgresAt(await server.database()));
    const db = new DatabaseSync(source.path);
    // The snapshot is taken before anything is awaited.
    db.exec("DELETE FROM imports");
    db.close();
    const report = await moving;
    expect(report.agrees).toBe(false);
    expect(report.tables.filter(({ sourceRows, targetRows }) => sourceRows !== targetRows)).toEqual([
      { table: "imports", sourceRows: 0, targetRows: rowsOfEach, isSameContent: true },
    ]);
  });
});

test("what cannot be read is told in a sentence", async () => {
  await expect(archiveOf(fileNamed("missing.db"))).rejects.toThrow(/there is no database at .*missing\.db/);
  await expect(archiveOf(postgresAt(await server.database()))).rejects.toThrow(/none of cost-ops/);
  await expect(archiveOf(postgresAt("postgresql://x:y@127.0.0.1:1/z"))).rejects.toThrow(
    /PostgreSQL: .*cannot be reached/,
  );
  await expect(migrateStore(full, full)).rejects.toThrow(/the same database/);
});
