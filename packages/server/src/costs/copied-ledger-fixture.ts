/** Copies the embedded store's ledger to PostgreSQL, row by row as it is, for tests and benchmarks that compare both. */
import { once } from "node:events";
import type { DatabaseSync } from "node:sqlite";
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { scopeSetting } from "../postgres/row-security.ts";

const rollups = ["rollup_hourly", "rollup_daily", "rollup_user_daily", "rollup_days", "settled_series"] as const;
const chunkChars = 256 * 1024;

/** Replaces series, records and rollups in PostgreSQL. The client is the schema's owner and no user of row-level security. */
export async function copyLedger(db: DatabaseSync, client: Client): Promise<void> {
  await client.query(`BEGIN; SET LOCAL ${scopeSetting} = 'installation'; SET LOCAL synchronous_commit = off`);
  for (const table of ["series", "records", "record_keys", ...rollups]) await client.query(`DELETE FROM ${table}`);
  const months = db.prepare("SELECT DISTINCT strftime('%Y-%m', occurred_at / 1000, 'unixepoch') AS month FROM records");
  for (const { month } of months.all() as unknown as { month: string }[]) {
    await client.query("SELECT make_records_partition($1)", [Date.parse(`${month}-01T00:00:00Z`)]);
  }
  for (const table of ["series", "records", ...rollups]) await copyTable(db, client, table);
  await client.query(`INSERT INTO record_keys (organization_id, id, occurred_at, entry, fingerprint)
    SELECT organization_id, id, occurred_at, entry, fingerprint FROM records`);
  await client.query("COMMIT");
}

async function copyTable(db: DatabaseSync, client: Client, table: string): Promise<void> {
  const columns = (db.prepare(`PRAGMA table_info(${table})`).all() as unknown as { name: string }[]).map(
    ({ name }) => name,
  );
  const target = client.query(copyFrom(`COPY ${table} (${columns.join(", ")}) FROM STDIN`));
  const select = db.prepare(`SELECT ${columns.join(", ")} FROM ${table}`);
  select.setReturnArrays(true);
  select.setReadBigInts(true);
  let chunk = "";
  for (const row of select.iterate() as unknown as Iterable<readonly unknown[]>) {
    chunk += `${row.map(field).join("\t")}\n`;
    if (chunk.length < chunkChars) continue;
    if (!target.write(chunk)) await once(target, "drain");
    chunk = "";
  }
  target.end(chunk);
  await once(target, "finish");
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function field(value: unknown): string {
  if (value === null) return "\\N";
  if (value instanceof Uint8Array) return `\\\\x${Buffer.from(value).toString("hex")}`;
  return typeof value === "string" ? value.replace(/[\\\t\n\r]/g, (char) => escapes[char] ?? char) : String(value);
}
