import { openWriter } from "../sqlite/connection.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { startSqliteThreads } from "../sqlite/threads.ts";
import { checkLedgerOperation } from "./check-ledger.sql.ts";
import { describeLedger, type LedgerUnderTest } from "./ledger.contract.ts";
import { createSqliteLedger } from "./ledger.sqlite.ts";
import { seedPrices, temporaryFolder } from "./ledger-fixture.ts";
import { getUsage } from "./operations.sql.ts";

type Folder = ReturnType<typeof temporaryFolder>;

async function openOn(folder: Folder, preparedBytesMin: number): Promise<LedgerUnderTest> {
  const threads = await startSqliteThreads({ path: folder.file, preparedBytesMin });
  return {
    ledger: createSqliteLedger(threads),
    get: (organizationId, id) => sqliteStore(threads).run(getUsage, { organizationId, id }),
    check: () => sqliteStore(threads).run(checkLedgerOperation, { integrity: true }),
    restart: async () => {
      await threads.close();
      return openOn(folder, preparedBytesMin);
    },
    close: async () => {
      await threads.close();
      folder.remove();
    },
  };
}

const openNew = (preparedBytesMin: number) => async (): Promise<LedgerUnderTest> => {
  const folder = temporaryFolder();
  const db = openWriter(folder.file);
  seedPrices(db);
  db.close();
  return openOn(folder, preparedBytesMin);
};

describeLedger("SQLite, bodies read by the writer", openNew(Number.POSITIVE_INFINITY));
describeLedger("SQLite, bodies read by the preparer", openNew(0));
