import { afterAll, beforeAll } from "vitest";
import { type PostgresUnderTest, startPostgres } from "../postgres/postgres-fixture.ts";
import { describeCorrections } from "./corrections.contract.ts";
import { seedPostgresPrices } from "./ledger-fixture.ts";
import { postgresWithLedger } from "./store-with-ledger-fixture.ts";

let server: PostgresUnderTest;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

async function open() {
  const url = await server.database();
  await seedPostgresPrices(url);
  return postgresWithLedger(url, () => Date.UTC(2026, 5, 1));
}

describeCorrections("PostgreSQL", open, 40);
