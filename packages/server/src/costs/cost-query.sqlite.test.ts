import { describeCostQuery } from "./cost-query.contract.ts";
import { sqliteCostQuery } from "./cost-query.sqlite.ts";
import { fixtureLedger } from "./ledger-fixture.ts";
import { settleMost } from "./settled-ledger-fixture.ts";

describeCostQuery("SQLite", 250, async () => {
  const ledger = fixtureLedger();
  return {
    query: sqliteCostQuery(ledger.threads),
    add: async (records) => {
      ledger.add(records);
      await settleMost(ledger);
    },
  };
});
