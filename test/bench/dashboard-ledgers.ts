/** The ledgers that the dashboard is measured on: one of N records, and beside it one that is as good as empty. */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { copyLedger } from "../../packages/server/src/costs/copied-ledger-fixture.ts";
import type { PostgresUnderTest } from "../../packages/server/src/postgres/postgres-fixture.ts";
import { openPostgres } from "../../packages/server/src/postgres/postgres-store.ts";
import { openReader, openWriter } from "../../packages/server/src/sqlite/connection.ts";
import { fillLedger, ledgerDays, settleLedger } from "./query-ledger.ts";

/** One an hour: every picture has all its places and series, and the database has next to nothing to do. */
export const floorRecords = ledgerDays * 24;

const dayMs = 86_400_000;

/** The file of a ledger whose last day is this one. One that is in the folder already is brought up to date alone. */
export async function ledgerFile(folder: string, records: number): Promise<string> {
  const file = join(folder, `ledger-${records}.db`);
  if (existsSync(file)) {
    const kept = openWriter(file);
    await settleLedger(kept);
    kept.close();
    return file;
  }
  mkdirSync(folder, { recursive: true });
  const unfinished = `${file}.part`;
  const writer = openWriter(unfinished);
  fillLedger(writer, records, Math.ceil(Date.now() / dayMs) * dayMs);
  await settleLedger(writer);
  writer.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  writer.close();
  renameSync(unfinished, file);
  return file;
}

/** The same ledger on PostgreSQL; answers its address. */
export async function ledgerInPostgres(postgres: PostgresUnderTest, file: string): Promise<string> {
  const url = await postgres.database();
  const opened = await openPostgres({ url, poolSize: 1, now: Date.now });
  await opened.close();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const db = openReader(file);
  await copyLedger(db, client);
  db.close();
  await client.query("VACUUM ANALYZE");
  await client.end();
  return url;
}
