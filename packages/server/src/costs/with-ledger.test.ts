/** The answers over what the real ledger wrote, on the real threads. */
import { formatMoney, parseMoney } from "@llm-cost-ops/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWriter } from "../sqlite/connection.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { type RunningSqliteThreads, startSqliteThreads } from "../sqlite/threads.ts";
import { createSqliteLedger } from "../usage/ledger.sqlite.ts";
import { seedPrices, temporaryFolder } from "../usage/ledger-fixture.ts";
import { updateLabels, voidRecord } from "../usage/operations.sql.ts";
import { always, type RecordFilter } from "./cost-filter.ts";
import { sqliteCostQuery } from "./cost-query.sqlite.ts";
import { readOrder } from "./list-order.ts";
import { tagCandidates } from "./tag-term.ts";

const folder = temporaryFolder();
let threads: RunningSqliteThreads;

beforeAll(async () => {
  const db = openWriter(folder.file);
  seedPrices(db);
  db.close();
  threads = await startSqliteThreads({ path: folder.file });
});
afterAll(async () => {
  await threads.close();
  folder.remove();
});

const calls = Array.from({ length: 200 }, (_, n) => ({
  id: `call-${n}`,
  provider: n % 3 === 0 ? "anthropic" : "openai",
  model: n % 3 === 0 ? "claude-sonnet-4-5" : n % 7 === 0 ? "nobody-prices-this" : "gpt-4o-mini",
  input_tokens: 1_000 + n,
  output_tokens: 10 + n,
  cached_tokens: n,
  user_id: n % 4 === 0 ? null : `user-${n % 5}`,
  tags: { team: n % 2 === 0 ? "web" : "ml" },
  occurred_at: new Date(Date.UTC(2026, 10, 1) + n * 3_333_333).toISOString(),
}));

const everything = { period: { ...always, zone: "UTC" }, filter: { dimensions: {}, tags: [] } as RecordFilter };

test("lists, sums by every dimension and users agree after voiding and relabelling", async () => {
  const ledger = createSqliteLedger(threads);
  const bytes = new TextEncoder().encode(JSON.stringify(calls));
  await ledger.append("default", { shape: "batch", entry: "usage", bytes, source: "api", requirePrice: false });
  const query = sqliteCostQuery(threads);

  const check = async (): Promise<{ requests: number; cost: string }> => {
    const { items } = await query.listCosts("default", {
      ...everything,
      order: readOrder(["total_cost"]),
      limit: 1_000,
    });
    const cost = formatMoney(items.reduce((sum, { total_cost }) => sum + (parseMoney(total_cost ?? "0") ?? 0n), 0n));
    for (const groupBy of [[], ["user"], ["model", "day"], ["tag:team", "user"], ["hour", "cost_status"]] as const) {
      for (const zone of ["UTC", "Asia/Kolkata"]) {
        const { rows, totals } = await query.aggregate("default", {
          ...everything,
          period: { ...always, zone },
          groupBy,
          metrics: ["sum", "count", "avg"],
        });
        const usd = totals.find(({ currency }) => currency === "USD");
        expect(usd?.total_cost).toBe(cost);
        expect(totals.reduce((sum, { total_requests = 0 }) => sum + total_requests, 0)).toBe(items.length);
        expect(rows.reduce((sum, { total_requests = 0 }) => sum + total_requests, 0)).toBe(items.length);
      }
    }
    return { requests: items.length, cost };
  };

  const before = await check();
  expect(before.requests).toBe(200);
  for (const id of ["call-0", "call-1", "call-7", "call-8"]) {
    await sqliteStore(threads).run(voidRecord, { organizationId: "default", id });
  }
  await sqliteStore(threads).run(updateLabels, {
    organizationId: "default",
    id: "call-2",
    tags: { team: "art:school" },
  });
  const after = await check();
  expect(after.requests).toBe(196);
  expect(after.cost).not.toBe(before.cost);

  const art = { ...everything, filter: { dimensions: {}, tags: [tagCandidates("team:art:school")] } };
  const found = await query.listCosts("default", { ...art, order: readOrder(undefined), limit: 10 });
  expect(found.items.map(({ id }) => id)).toEqual(["call-2"]);
  const voided = { ...everything, filter: { dimensions: { cost_status: ["void"] }, tags: [] } };
  const gone = await query.listCosts("default", { ...voided, order: readOrder(["occurred_at"]), limit: 10 });
  expect(gone.items.map(({ id, total_cost }) => [id, total_cost === null ? null : Number(total_cost)])).toEqual([
    ["call-0", 0],
    ["call-1", 0],
    ["call-7", null],
    ["call-8", 0],
  ]);
});
