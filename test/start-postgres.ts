import type { TestProject } from "vitest/node";
import { startPostgres } from "../packages/server/src/postgres/postgres-fixture.ts";

/** One PostgreSQL for all test files that run on it, each with databases of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  project.provide("postgresUrl", await server.database());
  return () => server.stop();
}
