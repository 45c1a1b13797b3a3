import type { Client } from "pg";
import { grantPartitions } from "./partitions.ts";
import { makeRateLimitTables } from "./rate-limit-tables.ts";
import { scopeSetting, serverRole } from "./row-security.ts";
import { appendOnlyTables, postgresMigrations } from "./schema.ts";

/** Any number that no other program is likely to lock by: "cost" in ASCII. */
const migrationLock = 0x636f7374;

/**
 * Brings the schema up to date in one transaction, one process at a time, and lets the server's role use it. The user of
 * the connection must be allowed to create tables, and roles unless `cost_ops_server` exists. Throws where the database
 * is newer than this program.
 */
export async function migratePostgres(client: Client): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [migrationLock]);
    await client.query(`SET LOCAL ${scopeSetting} = 'installation'`);
    await client.query("CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)");
    const { rows } = await client.query<{ version: number | null }>(
      "SELECT CAST(max(version) AS INTEGER) AS version FROM schema_version",
    );
    const present = rows[0]?.version ?? 0;
    const latest = postgresMigrations.at(-1)?.id ?? 0;
    if (present > latest) {
      throw new Error(`the database has schema ${present}, newer than this program's ${latest}: use a newer version`);
    }
    for (const migration of postgresMigrations) {
      if (migration.id <= present) continue;
      await client.query(migration.sql);
      await client.query("INSERT INTO schema_version VALUES ($1)", [migration.id]);
    }
    const isWithNewLimits = await makeRateLimitTables(client);
    if (present < latest || isWithNewLimits) await grantToServer(client);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

async function grantToServer(client: Client): Promise<void> {
  const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [serverRole]);
  if (rowCount === 0) await client.query(`CREATE ROLE ${serverRole} NOLOGIN NOINHERIT NOBYPASSRLS`);
  await client.query(`GRANT ${serverRole} TO CURRENT_USER`);
  await client.query(`GRANT USAGE ON SCHEMA public TO ${serverRole}`);
  await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${serverRole}`);
  await client.query(grantPartitions);
  await client.query(`REVOKE INSERT, UPDATE, DELETE ON schema_version FROM ${serverRole}`);
  await client.query(`REVOKE UPDATE, DELETE ON ${appendOnlyTables.join(", ")} FROM ${serverRole}`);
}
