import { openWriter } from "../sqlite/connection.ts";
import { startSqliteThreads } from "../sqlite/threads.ts";
import { describeLedger, type LedgerUnderTest } from "./ledger.contract.ts";
import { createSqliteLedger } from "./ledger.sqlite.ts";
import { seedPrices, temporaryFolder } from "./ledger-fixture.ts";
import { checkLedgerOperation, getUsage } from "./operations.sqlite.ts";

async function openOn(folder: ReturnType<typeof temporaryFolder>): Promise<LedgerUnderTest> {
  const threads = await startSqliteThreads({ path: folder.file });
  return {
    ledger: createSqliteLedger(threads),
    get: (organizationId, id) => threads.read(getUsage, { organizationId, id }),
    check: () => threads.read(checkLedgerOperation, { integrity: true }),
    restart: async () => {
      await threads.close();
      return openOn(folder);
    },
    close: async () => {
      await threads.close();
      folder.remove();
    },
  };
}

describeLedger("SQLite", async () => {
  const folder = temporaryFolder();
  const db = openWriter(folder.file);
  seedPrices(db);
  db.close();
  return openOn(folder);
});
