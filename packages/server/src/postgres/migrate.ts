import pg, { type Client } from "pg";
import { grantPartitions } from "./partitions.ts";
import { hasRateLimitTables, makeRateLimitTables } from "./rate-limit-tables.ts";
import { scopeSetting, serverRole } from "./row-security.ts";
import { appendOnlyTables, postgresMigrations } from "./schema.ts";

/** Any number that no other program is likely to lock by: "cost" in ASCII. */
const migrationLock = 0x636f7374;
const latestVersion = postgresMigrations.at(-1)?.id ?? 0;

/** A database that this program cannot use as it is: a sentence without its end that says why, and what helps. */
export class UnusableDatabase extends Error {
  override readonly name = "UnusableDatabase";
}

/**
 * Brings the schema up to date in one transaction, one process at a time, and lets the server's role use it. The user of
 * the connection must be allowed to create tables, and roles unless it is a member of `cost_ops_server` already. Throws
 * `UnusableDatabase` where it may not, where row-level security would not hold for that role, and where the database is
 * newer than this program or too old.
 */
export async function migratePostgres(client: Client): Promise<void> {
  await requireVersion(client);
  await requireBoundRole(client);
  // A server's user need not be able to change the schema where there is nothing to change.
  if (await isUpToDate(client)) return;
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [migrationLock]);
    await client.query(`SET LOCAL ${scopeSetting} = 'installation'`);
    await client.query("CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)");
    const present = await presentVersion(client);
    if (present > latestVersion) {
      throw new UnusableDatabase(
        `the database has schema ${present}, newer than this program's ${latestVersion}: use a newer version`,
      );
    }
    for (const migration of postgresMigrations) {
      if (migration.id <= present) continue;
      await client.query(migration.sql);
      await client.query("INSERT INTO schema_version VALUES ($1)", [migration.id]);
    }
    const isWithNewLimits = await makeRateLimitTables(client);
    if (present < latestVersion || isWithNewLimits) await grantToServer(client);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

const oldestVersion = 15;

async function requireVersion(client: Client): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string }>("SHOW server_version_num");
  const major = Math.floor(Number(rows[0]?.server_version_num) / 10_000);
  if (major < oldestVersion)
    throw new UnusableDatabase(`PostgreSQL ${major} is too old; ${oldestVersion} or newer is needed`);
}

/** Asks for nothing that the server's role may not see. */
async function isUpToDate(client: Client): Promise<boolean> {
  const { rows } = await client.query("SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL");
  return rows.length > 0 && (await presentVersion(client)) === latestVersion && (await hasRateLimitTables(client));
}

async function presentVersion(client: Client): Promise<number> {
  const { rows } = await client.query<{ version: number | null }>(
    "SELECT CAST(max(version) AS INTEGER) AS version FROM schema_version",
  );
  return rows[0]?.version ?? 0;
}

interface Unbound {
  readonly role: string;
  readonly reason: "bypasses" | "makesRoles" | "owns";
  readonly isServer: boolean;
}

/** What such a role may do, and what takes it from the server's role itself. */
const unboundBy: Readonly<Record<Unbound["reason"], { readonly what: string; readonly deed: string }>> = {
  bypasses: {
    what: "bypasses row-level security",
    deed: `ALTER ROLE ${serverRole} NOSUPERUSER NOBYPASSRLS`,
  },
  // Until PostgreSQL 16 it may make itself a member of any role but superusers, the owner's too.
  makesRoles: {
    what: "may grant roles, and with them what they own",
    deed: `ALTER ROLE ${serverRole} NOCREATEROLE`,
  },
  owns: {
    what: "owns tables, and with them their row-level security",
    deed: `REASSIGN OWNED BY ${serverRole} TO the owner of the database`,
  },
};

/**
 * Refuses a server's role for which row-level security would not hold: by what it is, by what it owns, or by another role
 * that it can become. Whoever made it may have made it so.
 */
async function requireBoundRole(client: Client): Promise<void> {
  const { rows } = await client.query<Unbound>(
    `SELECT quote_ident(other.rolname) AS role, other.oid = server.oid AS "isServer",
       CASE WHEN other.rolsuper OR other.rolbypassrls THEN 'bypasses' WHEN other.rolcreaterole THEN 'makesRoles' ELSE 'owns' END AS reason
     FROM pg_roles server JOIN pg_roles other ON other.oid = server.oid OR pg_has_role(server.oid, other.oid, 'MEMBER')
     WHERE server.rolname = $1 AND (other.rolsuper OR other.rolbypassrls OR other.rolcreaterole OR EXISTS (
       SELECT FROM pg_class WHERE relowner = other.oid AND relnamespace = to_regnamespace('public')))
     ORDER BY "isServer" DESC, other.oid LIMIT 1`,
    [serverRole],
  );
  const [unbound] = rows;
  if (unbound === undefined) return;
  const { role, reason, isServer } = unbound;
  const { what, deed } = unboundBy[reason];
  if (!isServer)
    throw new UnusableDatabase(
      `${serverRole} can act as ${role}, which ${what}: let an administrator of PostgreSQL run REVOKE ${role} FROM ${serverRole}`,
    );
  throw new UnusableDatabase(`the role ${serverRole} ${what}: let an administrator of PostgreSQL run ${deed}`);
}

async function grantToServer(client: Client): Promise<void> {
  await joinServerRole(client);
  await client.query(`GRANT USAGE ON SCHEMA public TO ${serverRole}`);
  await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${serverRole}`);
  await client.query(grantPartitions);
  await client.query(`REVOKE INSERT, UPDATE, DELETE ON schema_version FROM ${serverRole}`);
  await client.query(`REVOKE UPDATE, DELETE ON ${appendOnlyTables.join(", ")} FROM ${serverRole}`);
}

const makeRole = `CREATE ROLE ${serverRole} NOLOGIN NOINHERIT NOBYPASSRLS`;

/**
 * Has the user of the connection work as the server's role, which is one for the whole cluster: an administrator may have
 * made it and granted it, or the owner of another database, who alone can grant it then.
 */
async function joinServerRole(client: Client): Promise<void> {
  const { rows } = await client.query<{ major: number; user: string; isThere: boolean }>(
    `SELECT current_setting('server_version_num')::integer / 10000 AS major, quote_ident(CURRENT_USER) AS "user",
       EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS "isThere"`,
    [serverRole],
  );
  const { major, user, isThere } = rows[0] as (typeof rows)[0];
  try {
    if (!isThere) await client.query(makeRole);
    // Until 15 every member may act as the role; from then on that is a right of its own.
    const right = major < 16 ? "MEMBER" : "SET";
    const held = await client.query<{ may: boolean }>("SELECT pg_has_role(CURRENT_USER, $1, $2) AS may", [
      serverRole,
      right,
    ]);
    if (held.rows[0]?.may !== true) await client.query(`GRANT ${serverRole} TO CURRENT_USER`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== "42501") throw error;
    const deeds = `${isThere ? "" : `${makeRole}; `}GRANT ${serverRole} TO ${user}`;
    throw new UnusableDatabase(`${error.message}: let an administrator of PostgreSQL run ${deeds}`);
  }
}
