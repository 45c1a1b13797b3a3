import { afterEach, beforeEach, expect, it } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { describeCorrections } from "./corrections.contract.ts";
import { createSqliteLedger } from "./ledger.sqlite.ts";
import { seedPrices } from "./ledger-fixture.ts";
import { correctionsOfRepricing, pricedRecords, waitingRecords } from "./rating-walk.sql.ts";

const open = async () => {
  const { store, threads } = memoryStore(() => Date.UTC(2026, 5, 1));
  seedPrices(store.db);
  const ledger = createSqliteLedger(threads);
  return {
    store: sqliteStore(threads),
    append: async (organizationId: string, records: readonly unknown[]) => {
      const bytes = new TextEncoder().encode(JSON.stringify(records));
      await ledger.append(organizationId, {
        shape: "batch",
        entry: "usage",
        source: "api",
        requirePrice: false,
        bytes,
      });
    },
    close: async () => store.db.close(),
  };
};

describeCorrections("SQLite", open, 150);

let db: ReturnType<typeof memoryStore>["store"]["db"];
beforeEach(() => {
  ({ db } = memoryStore(Date.now).store);
});
afterEach(() => db.close());

it.each([
  [
    "the corrections of a repricing",
    correctionsOfRepricing,
    "c USING INDEX records_by_repricing (organization_id=? AND repricing_id=? AND id>?)",
  ],
  [
    "what waits for a price",
    waitingRecords,
    "r USING INDEX records_waiting (organization_id=? AND (series_id,id)>(?,?))",
  ],
  [
    "priced records",
    pricedRecords("sqlite"),
    "r USING INDEX records_by_time (organization_id=? AND (occurred_at,id)>(?,?) AND occurred_at<?)",
  ],
])("reads %s from their index, in its order, without sorting", (_, sql, search) => {
  const plan = db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail));
  expect(plan[0]).toContain(`SEARCH ${search}`);
  expect(plan.join("\n")).not.toContain("TEMP B-TREE");
});
