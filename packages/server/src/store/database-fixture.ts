import { randomUUID } from "node:crypto";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** The address of the server's PostgreSQL where this run is about that store; undefined on the embedded store. */
    readonly postgresUrl: string | undefined;
    /** The database of that server from which others are copied that are to have the schema already. */
    readonly postgresTemplate: string | undefined;
  }
}

/**
 * `DATABASE_URL` of a new, empty database on the store that this run of the tests is about. Whatever file takes its
 * database from here runs once on each store (`vitest.config.ts`).
 */
export async function newDatabase(folder: string): Promise<{ readonly DATABASE_URL: string }> {
  return createDatabase(folder, undefined);
}

/** The same with the schema in it where that takes time: for tests that open a database of their own each. */
export async function newDatabaseWithSchema(folder: string): Promise<{ readonly DATABASE_URL: string }> {
  return createDatabase(folder, inject("postgresTemplate"));
}

async function createDatabase(folder: string, template: string | undefined) {
  const server = inject("postgresUrl");
  if (server === undefined) return { DATABASE_URL: `sqlite:${join(folder, "cost-ops.db")}` };
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await onServer(server, `CREATE DATABASE ${name} ${template === undefined ? "" : `TEMPLATE ${template}`}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { DATABASE_URL: url.href };
}

/** Takes the room of a database back before the server of all tests goes; one in a file goes with its folder. */
export async function dropDatabase({ DATABASE_URL }: { readonly DATABASE_URL: string }): Promise<void> {
  const server = inject("postgresUrl");
  if (server === undefined) return;
  await onServer(server, `DROP DATABASE ${new URL(DATABASE_URL).pathname.slice(1)} WITH (FORCE)`);
}

async function onServer(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** The store that this run is about. */
export const testedStore = (): "sqlite" | "postgres" => (inject("postgresUrl") === undefined ? "sqlite" : "postgres");
