import { afterAll, beforeAll } from "vitest";
import { type PostgresUnderTest, startPostgres } from "../postgres/postgres-fixture.ts";
import { postgresWithLedger, sqliteWithLedger } from "../usage/store-with-ledger-fixture.ts";
import { describeRepricing } from "./repricing.contract.ts";

let server: PostgresUnderTest;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

describeRepricing("SQLite", async (now) => sqliteWithLedger(now));
describeRepricing("PostgreSQL", async (now) => postgresWithLedger(await server.database(), now));
