import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

/** Databases on the PostgreSQL of all tests, which is started once for a run; one for each file takes seconds. */
export interface SharedPostgres {
  /** Makes a database of its own and gives its address. */
  database(): Promise<string>;
  /** The same with the schema in it. */
  databaseWithSchema(): Promise<string>;
  /** Drops them: the server looks after each database there is. */
  drop(): Promise<void>;
}

/**
 * For files about that store alone, which run with its tests (`vitest.config.ts`). A file that stops the server, changes
 * its roles or looks at everybody's connections starts one of its own.
 */
export function sharedPostgres(): SharedPostgres {
  const server = inject("postgresUrl");
  if (server === undefined) throw new Error("this run of the tests has no PostgreSQL");
  const names: string[] = [];
  const create = async (template: string): Promise<string> => {
    const name = `test_${randomUUID().replaceAll("-", "")}`;
    await onServer(server, [`CREATE DATABASE ${name} ${template}`]);
    names.push(name);
    const url = new URL(server);
    url.pathname = `/${name}`;
    return url.href;
  };
  return {
    database: () => create(""),
    databaseWithSchema: () => create(`TEMPLATE ${inject("postgresTemplate")}`),
    drop: () =>
      onServer(
        server,
        names.splice(0).map((name) => `DROP DATABASE ${name} WITH (FORCE)`),
      ),
  };
}

async function onServer(server: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    for (const sql of statements) await client.query(sql);
  } finally {
    await client.end();
  }
}
