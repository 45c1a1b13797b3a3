import { afterAll, beforeAll, expect, test } from "vitest";
import { storeWrite } from "../store/operation.ts";
import { always } from "./cost-filter.ts";
import { plainRecord } from "./ledger-fixture.ts";
import { readOrder } from "./list-order.ts";
import { openTestedLedgers, type TestedLedgers } from "./tested-ledger-fixture.ts";

let ledgers: TestedLedgers;
beforeAll(async () => {
  ledgers = await openTestedLedgers(Date.UTC(2026, 10, 21));
});
afterAll(() => ledgers.close());

/** Says of each day that it has so many records, without their having to be written. */
const countAs = storeWrite(
  "test.countAs",
  async (connection, { organizationId, requests }: { organizationId: string; requests: number }) => {
    await connection.run("UPDATE rollup_daily SET requests = ? WHERE organization_id = ?", requests, organizationId);
  },
  "a test's own",
);

test("an order that no index has is refused where the period is too long for it, by the names of what to change", async () => {
  const { store, query } = await ledgers.open([plainRecord]);
  const dayMs = 86_400_000;
  const fromMs = Math.floor(plainRecord.occurredAtMs / dayMs) * dayMs;
  const filter = { dimensions: {}, tags: [] };
  const ask = (orderBy: string, period = { fromMs, toMs: fromMs + dayMs, zone: "UTC" }) =>
    query.listCosts("default", { period, filter, order: readOrder([orderBy]), limit: 10 });
  await store.run(countAs, { organizationId: "default", requests: 2_000_000 });
  expect((await ask("-total_cost")).items).toHaveLength(1);
  await store.run(countAs, { organizationId: "default", requests: 2_000_001 });
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  await expect(ask("-total_cost")).rejects.toMatchObject({
    code: "VALIDATION_ERROR",
    message: expect.stringMatching(
      new RegExp(`total_cost sorts at most 2000000 .* ${day(fromMs)}T.* to ${day(fromMs + dayMs)}T.* has 2000001`),
    ),
    fieldErrors: { order_by: expect.stringContaining("2000000"), start_date: expect.stringContaining("2000001") },
  });
  await expect(ask("-total_cost", { ...always, zone: "UTC" })).rejects.toMatchObject({
    message: expect.stringContaining("the period asked for has 2000001"),
  });
  // By time the index has the order, however many there are.
  expect((await ask("-occurred_at")).items).toHaveLength(1);
  const later = { fromMs: fromMs + dayMs, toMs: fromMs + 2 * dayMs, zone: "UTC" };
  expect((await ask("-total_cost", later)).items).toHaveLength(0);
});
