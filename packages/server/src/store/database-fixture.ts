import { randomUUID } from "node:crypto";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** The address of the server's PostgreSQL where this run is about that store; undefined on the embedded store. */
    readonly postgresUrl: string | undefined;
  }
}

/**
 * `DATABASE_URL` of a new, empty database on the store that this run of the tests is about. Whatever file takes its
 * database from here runs once on each store (`vitest.config.ts`).
 */
export async function newDatabase(folder: string): Promise<{ readonly DATABASE_URL: string }> {
  const server = inject("postgresUrl");
  if (server === undefined) return { DATABASE_URL: `sqlite:${join(folder, "cost-ops.db")}` };
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { DATABASE_URL: url.href };
}

/** The store that this run is about. */
export const testedStore = (): "sqlite" | "postgres" => (inject("postgresUrl") === undefined ? "sqlite" : "postgres");
