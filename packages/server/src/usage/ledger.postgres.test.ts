import { afterAll } from "vitest";
import { openPostgres } from "../postgres/postgres-store.ts";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { checkLedgerOperation } from "./check-ledger.sql.ts";
import { describeLedger, type LedgerUnderTest } from "./ledger.contract.ts";
import { startPostgresLedger } from "./ledger.postgres.ts";
import { seedPostgresPrices } from "./ledger-fixture.ts";
import { getUsage } from "./operations.sql.ts";

const server = sharedPostgres();
afterAll(() => server.drop());

async function openOn(url: string): Promise<LedgerUnderTest> {
  const store = await openPostgres({ url, poolSize: 2, now: Date.now });
  const ledger = await startPostgresLedger({ url });
  const close = async (): Promise<void> => {
    await ledger.close();
    await store.close();
  };
  return {
    ledger,
    get: (organizationId, id) => store.run(getUsage, { organizationId, id }),
    check: () => store.run(checkLedgerOperation, {}),
    restart: async () => {
      await close();
      return openOn(url);
    },
    close,
  };
}

describeLedger("PostgreSQL", async () => {
  const url = await server.databaseWithSchema();
  await seedPostgresPrices(url);
  return openOn(url);
});
