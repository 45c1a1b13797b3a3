import { afterEach, beforeEach, expect, it } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { describeCorrections } from "./corrections.contract.ts";
import { seedPrices } from "./ledger-fixture.ts";
import { correctionsOfRepricing, pricedRecords, waitingRecords } from "./rating-walk.sql.ts";
import { sqliteWithLedger } from "./store-with-ledger-fixture.ts";

describeCorrections(
  "SQLite",
  async () => {
    const { db, ...tested } = sqliteWithLedger(() => Date.UTC(2026, 5, 1));
    seedPrices(db);
    return tested;
  },
  150,
);

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
    "r USING INDEX records_by_time (organization_id=? AND (occurred_at,id)>(?,?) AND (occurred_at,id)<(?,?))",
  ],
])("reads %s from their index, in its order, without sorting", (_, sql, search) => {
  const plan = db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail));
  expect(plan[0]).toContain(`SEARCH ${search}`);
  expect(plan.join("\n")).not.toContain("TEMP B-TREE");
});
