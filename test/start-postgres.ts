import pg from "pg";
import type { TestProject } from "vitest/node";
import { migratePostgres } from "../packages/server/src/postgres/migrate.ts";
import { startPostgres } from "../packages/server/src/postgres/postgres-fixture.ts";

/** One PostgreSQL for all test files that run on it, each with databases of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  const url = await server.database();
  project.provide("postgresUrl", url);
  project.provide("postgresTemplate", await makeTemplate(await server.database()));
  return () => server.stop();
}

async function makeTemplate(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await migratePostgres(client);
    const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
    process.stdout.write(`These tests run on PostgreSQL ${rows[0]?.server_version}.\n`);
  } finally {
    await client.end();
  }
  return new URL(url).pathname.slice(1);
}
