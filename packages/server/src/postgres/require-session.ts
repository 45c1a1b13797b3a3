import pg from "pg";
import { UnusableDatabase } from "./migrate.ts";
import { sessionOptions } from "./pool.ts";
import { serverRole } from "./row-security.ts";

const protocolViolation = "08P01";

/**
 * Refuses a way to the database on which sessions do not work as the server's role, or wait without end: a pooler may
 * refuse what a session begins with, or have been told to leave it out.
 */
export async function requireSession(url: string): Promise<void> {
  const client = new pg.Client(sessionOptions(url));
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ isBegun: boolean }>(
      `SELECT current_user::text = $1 AND current_setting('statement_timeout') <> '0' AS "isBegun"`,
      [serverRole],
    );
    if (rows[0]?.isBegun !== true) throw refusedSession();
  } catch (error) {
    throw error instanceof pg.DatabaseError && error.code === protocolViolation ? refusedSession() : error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const refusedSession = (): UnusableDatabase =>
  new UnusableDatabase(
    "a pooler on the way does not pass on what a session begins with, its role and its time limits: connect to PostgreSQL itself, or see the guide to several processes",
  );
