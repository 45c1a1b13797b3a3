/** What the hours of the week leave of every answer, asked as a client asks. */
import type { AggregateResult, CostList, CostSummary, Export, Pagination } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { z } from "zod";
import { exportStore } from "../exports/exports.sql.ts";
import { exportRoutes } from "../exports/routes.ts";
import { ask, askJson, askText } from "./asking-fixture.ts";
import { type FixtureRecord, plainRecord } from "./ledger-fixture.ts";
import { costRoutes } from "./routes.ts";
import { openTestedLedgers, type TestedLedgers } from "./tested-ledger-fixture.ts";

type List = z.infer<typeof CostList> & { readonly pagination: Pagination };

const hourMs = 3_600_000;
const nowMs = Date.UTC(2026, 10, 21, 15);
/** A call at the half of every hour of four weeks, the last of them on Friday 20 November. */
const calls: readonly FixtureRecord[] = Array.from({ length: 28 * 24 }, (_, n) => ({
  ...plainRecord,
  id: `01900000-0000-7000-8000-${n.toString().padStart(12, "0")}`,
  occurredAtMs: Date.UTC(2026, 10, 20, 23, 30) - n * hourMs,
  user: n % 2 === 0 ? "ana" : "bo",
  cost: 1_000_000n,
}));

let ledgers: TestedLedgers;
beforeAll(async () => {
  ledgers = await openTestedLedgers(nowMs);
});
afterAll(() => ledgers.close());

async function serve() {
  const ledger = await ledgers.open(calls);
  const routes = costRoutes({ query: ledger.query, now: () => nowMs });
  return { routes, ledger };
}

const whole = { start_date: "2026-10-24", end_date: "2026-11-20" };

test("sums, summaries and batches are of these hours alone, in the zone asked for", async () => {
  const { routes } = await serve();
  const requests = async (query: object): Promise<number> =>
    (await askJson<AggregateResult>(routes, "costs.aggregate", { query: { ...whole, ...query } })).totals[0]
      ?.total_requests ?? 0;
  expect(await requests({ hours: "mon 09" })).toBe(4);
  expect(await requests({ hours: ["mon 09", "tue 10-12"] })).toBe(12);
  expect(await requests({ hours: "mon-fri 09-18,sat" })).toBe(20 * 9 + 4 * 24);
  // A half-hour zone cuts each UTC hour in two; in Berlin the clocks go back on 25 October, and two o'clock is there twice.
  expect(await requests({ hours: "sun 02", timezone: "Europe/Berlin" })).toBe(5);
  expect(await requests({ hours: "mon 15", timezone: "Asia/Kolkata" })).toBe(4);
  expect(await requests({ hours: "mon 09", user_id: "ana" })).toBe(
    4 - (await requests({ hours: "mon 09", user_id: "bo" })),
  );
  const { data } = await askJson<{ data: CostSummary }>(routes, "costs.summary", {
    query: { ...whole, hours: "mon 09" },
  });
  expect([data.total_requests, data.by_provider[0]?.total_requests]).toEqual([4, 4]);
  const batch = await askJson<{ data: AggregateResult[] }>(routes, "costs.batchQuery", {
    body: { filters: [{ ...whole, hours: ["mon 09"] }, whole], group_by: ["day"], top: 1 },
  });
  expect(batch.data.map(({ totals }) => totals[0]?.total_requests)).toEqual([4, 28 * 24]);
  expect(batch.data[0]?.data.map(({ day }) => day).toSorted()).toEqual([
    "2026-10-26",
    "2026-11-02",
    "2026-11-09",
    "2026-11-16",
  ]);
});

test("a batch is refused by the question whose hours make it more than thirty thousand stretches of time", async () => {
  const ledger = await ledgers.open([
    { ...plainRecord, id: "01900000-0000-7000-8000-000000000001", occurredAtMs: nowMs - 24 * 7 * 24 * hourMs },
    { ...plainRecord, id: "01900000-0000-7000-8000-000000000002", occurredAtMs: nowMs - hourMs },
  ]);
  const routes = costRoutes({ query: ledger.query, now: () => nowMs });
  const everyOther = Array.from({ length: 12 }, (_, n) => `mon-sun ${String(2 * n).padStart(2, "0")}`);
  const years = { start_date: "2020-01-01", end_date: "2026-11-20" };
  const filters = [years, ...new Array(15).fill({ ...years, hours: everyOther })];
  // 84 hours a week, in 25 weeks from the first record to the last: the fifteenth filter that has hours is one too many.
  await expect(ask(routes, "costs.batchQuery", { body: { filters } })).rejects.toMatchObject({
    code: "VALIDATION_ERROR",
    fieldErrors: { "filters.15.hours": "cut the batch's periods into more than 30000 parts" },
  });
});

test("lists page through them by cursor and by number in every order, and a cursor is of its hours", async () => {
  const { routes } = await serve();
  for (const order_by of ["-occurred_at", "occurred_at", "total_cost"]) {
    const found: string[] = [];
    let cursor: string | null | undefined;
    do {
      const query = { hours: "mon 09-12", limit: 5, order_by, ...(cursor && { cursor }) };
      const page = await askJson<List>(routes, "costs.list", { query });
      found.push(...page.data.map(({ occurred_at }) => occurred_at ?? ""));
      cursor = page.pagination.next_cursor;
      if (cursor) {
        const other = { ...query, cursor, hours: "tue" };
        await expect(ask(routes, "costs.list", { query: other })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
      }
    } while (cursor);
    expect(found).toHaveLength(12);
    expect(found.every((text) => new Date(text).getUTCDay() === 1 && /T(09|10|11):30/.test(text))).toBe(true);
    if (order_by !== "total_cost")
      expect(found).toEqual(order_by === "occurred_at" ? found.toSorted() : found.toSorted().reverse());
    const numbered = await askJson<List>(routes, "costs.list", {
      query: { hours: "mon 09-12", per_page: 5, page: 3, order_by },
    });
    expect(numbered.data.map(({ occurred_at }) => occurred_at)).toEqual(found.slice(10));
  }
  const usage = await askJson<List>(routes, "usage.list", { query: { hours: "sun 00", user_id: "bo,ana" } });
  expect(usage.data).toHaveLength(4);
  const lines = await askText(routes, "costs.stream", { query: { hours: "sun 00-02" } });
  expect(lines.trim().split("\n")).toHaveLength(8);
});

test("an export of records or of sums keeps them", async () => {
  const { ledger } = await serve();
  let now = nowMs;
  const routes = exportRoutes({ query: ledger.query, exports: exportStore(ledger.store), now: () => now++ });
  for (const [more, rows] of [
    [{}, 4],
    [{ group_by: ["user"] }, undefined],
  ] as const) {
    const body = { format: "jsonl", timezone: "Asia/Kolkata", hours: ["mon 15"], ...more };
    const { data } = await askJson<{ data: Export }>(routes, "exports.create", { body });
    const text = await askText(routes, "exports.download", { params: { id: data.id } });
    const made = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { total_requests?: number });
    if (rows === undefined) expect(made.reduce((sum, row) => sum + (row.total_requests ?? 0), 0)).toBe(4);
    else expect(made).toHaveLength(rows);
  }
});

test("what cuts a long time into too many parts, and what is no hour, is refused by field", async () => {
  const { ledger, routes } = await serve();
  const everyOther = Array.from({ length: 12 }, (_, n) => String(n * 2).padStart(2, "0")).join(",");
  const long = { start_date: "2023-01-01", end_date: "2026-11-20", hours: everyOther };
  expect((await askJson<AggregateResult>(routes, "costs.aggregate", { query: long })).totals[0]?.total_requests).toBe(
    336,
  );
  await ledger.add([{ ...plainRecord, id: "long-ago", occurredAtMs: Date.UTC(2015, 0, 1) }]);
  const { start_date: _, ...ever } = long;
  for (const [operation, query] of [
    ["costs.aggregate", ever],
    ["costs.list", { hours: everyOther }],
  ] as const) {
    await expect(ask(routes, operation, { query })).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
      fieldErrors: { hours: expect.any(String) },
    });
  }
  await expect(ask(routes, "costs.list", { query: { hours: "fri 22-06" } })).rejects.toThrow(/hours/);
  await expect(ask(routes, "costs.projection", { query: { hours: "mon" } })).rejects.toThrow(/hours/);
});
