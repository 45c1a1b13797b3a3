import { expect, test } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { sqliteCostQuery } from "../costs/cost-query.sqlite.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { createSqliteLedger } from "../usage/ledger.sqlite.ts";
import { seedPrices } from "../usage/ledger-fixture.ts";
import { keptFromOf } from "./kept-from.ts";
import { describeRetention } from "./retention.contract.ts";

describeRetention("SQLite", async (now) => {
  const { store, threads } = memoryStore(now);
  seedPrices(store.db);
  const opened = sqliteStore(threads);
  return {
    store: opened,
    other: opened,
    ledger: createSqliteLedger(threads),
    query: sqliteCostQuery(threads),
    close: async () => store.db.close(),
  };
});

test.each([
  ["2026-11-21T08:00:00Z", 1, "2026-10-01T00:00:00Z"],
  ["2026-11-01T00:00:00Z", 12, "2025-11-01T00:00:00Z"],
  ["2026-03-31T23:59:59.999Z", 13, "2025-02-01T00:00:00Z"],
  ["2026-01-01T00:00:00Z", 1_200, "1970-01-01T00:00:00Z"],
])("at %s with %i whole months records are kept from %s", (now, months, from) => {
  expect(keptFromOf(Date.parse(now), months)).toBe(Date.parse(from));
});
