import { type AggregateResult, type CostList, type CostSummary, limits, type Pagination } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { ask, askJson, askText } from "./asking-fixture.ts";
import type { CostQuery } from "./cost-query.ts";
import { type FixtureRecord, plainRecord } from "./ledger-fixture.ts";
import { costRoutes } from "./routes.ts";
import { openTestedLedgers, type TestedLedgers } from "./tested-ledger-fixture.ts";

type List = z.infer<typeof CostList>;

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 10, 21, 15);
const varied = (count: number, vary: (n: number) => Partial<FixtureRecord> = () => ({})): FixtureRecord[] =>
  Array.from({ length: count }, (_, n) => ({
    ...plainRecord,
    id: `01900000-0000-7000-8000-${n.toString().padStart(12, "0")}`,
    occurredAtMs: nowMs - n * dayMs,
    ...vary(n),
  }));

let ledgers: TestedLedgers;
beforeAll(async () => {
  ledgers = await openTestedLedgers(nowMs);
});
afterAll(() => ledgers.close());

async function serve(records: readonly FixtureRecord[]) {
  const ledger = await ledgers.open(records);
  let now = nowMs;
  const routes = costRoutes({ query: ledger.query, now: () => now });
  return { ledger, routes, later: (ms: number) => (now += ms) };
}

describe("costs.list", () => {
  test("pages through cursors, keeping the period of the first page when midnight passes", async () => {
    const { routes, later } = await serve(varied(40));
    const query = { range: "last-30-days", limit: 7 };
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: List = await askJson(routes, "costs.list", { query: cursor === null ? query : { ...query, cursor } });
      seen.push(...page.data.map(({ id }) => id ?? ""));
      cursor = page.pagination.next_cursor;
      later(dayMs);
    } while (cursor !== null);
    expect(seen).toEqual(varied(30).map(({ id }) => id));
  });

  test("a cursor of another question, organization or list, or no cursor at all, is refused", async () => {
    const { routes } = await serve(varied(5));
    const query = { limit: 2, provider: "openai" };
    const { pagination } = await askJson<List>(routes, "costs.list", { query });
    const cursor = pagination.next_cursor ?? "";
    const refused = { code: "INVALID_REQUEST" };
    for (const other of [{ ...query, provider: "x" }, { ...query, order_by: "-total_cost" }, { limit: 2 }]) {
      await expect(ask(routes, "costs.list", { query: { ...other, cursor } })).rejects.toMatchObject(refused);
    }
    const foreign = { query: { ...query, cursor }, organizationId: "other" };
    await expect(ask(routes, "costs.list", foreign)).rejects.toMatchObject(refused);
    await expect(ask(routes, "usage.list", { query: { ...query, cursor } })).rejects.toMatchObject(refused);
    for (const text of ["", "x", "bnVsbA", Buffer.from('[1,"a"]').toString("base64url")]) {
      await expect(ask(routes, "costs.list", { query: { ...query, cursor: text } })).rejects.toMatchObject(refused);
    }
    const longer = await askJson<List>(routes, "costs.list", { query: { ...query, limit: 50, cursor } });
    expect(longer.data.length).toBe(3);
  });

  test("answers pages by number, and only the fields that are asked for, under the names that were used", async () => {
    const { routes } = await serve(varied(5));
    const query = { page: 2, per_page: 2, fields: "id,cost,tokens" };
    const { data, pagination } = await askJson<List>(routes, "costs.list", { query });
    expect(data).toEqual(
      varied(4)
        .slice(2)
        .map(({ id }) => ({ id, cost: "0.00125", tokens: 1100 })),
    );
    expect(pagination).toMatchObject<Partial<Pagination>>({ page: 2, per_page: 2, has_more: true });
    for (const wrong of [{ fields: "id,colour" }, { page: 2, cursor: "x" }, { page: 900_000 }]) {
      await expect(ask(routes, "costs.list", { query: wrong })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    }
  });

  test("finds one cost by id and says when there is none", async () => {
    const { routes } = await serve(varied(1));
    const found = await askJson<{ data: { id: string } }>(routes, "costs.get", {
      params: { id: varied(1)[0]?.id ?? "" },
    });
    expect(found.data.id).toBe(varied(1)[0]?.id);
    await expect(ask(routes, "costs.get", { params: { id: "x" } })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("costs.aggregate", () => {
  test("takes the spellings of the documents and answers in one", async () => {
    const { routes } = await serve(varied(2));
    const query = { group_by: "user_id,tier,date,tag:team", metric: "count" };
    const { data, group_by } = await askJson<AggregateResult>(routes, "costs.aggregate", { query });
    expect(group_by).toEqual(["user", "service_tier", "day", "tag:team"]);
    expect(data[0]).toEqual({
      user: "ana",
      service_tier: "standard",
      day: "2026-11-20",
      "tag:team": "web",
      currency: "USD",
      total_requests: 1,
      unpriced_requests: 0,
    });
  });

  test("of many groups the first, and the others as one, in one answer or several", async () => {
    const { routes } = await serve(varied(4, (n) => ({ user: `user-${Math.max(0, n - 1)}`, cost: n < 2 ? 10n : 1n })));
    const asked = { group_by: ["user"], top: 1 };
    const query = { group_by: "user", top: "1" };
    const one = await askJson<AggregateResult>(routes, "costs.aggregate", { query });
    expect(one.data.map(({ user, total_requests: n, other_groups: others }) => [user, n, others])).toEqual([
      ["user-0", 2, undefined],
      [null, 2, 2],
    ]);
    const several = await askJson<{ data: AggregateResult[] }>(routes, "costs.batchQuery", {
      body: { ...asked, filters: [{}] },
    });
    expect(several.data).toEqual([one]);
    for (const top of ["0", "101", "1.5", "few"]) {
      await expect(ask(routes, "costs.aggregate", { query: { ...query, top } })).rejects.toThrow(/top/);
    }
  });

  test("unknown dimensions, too many of them and names of object members are refused", async () => {
    const { routes } = await serve([]);
    for (const group of ["planet", "tag:", "constructor", "toString", "hour,day,week,month,user,model,provider"]) {
      await expect(ask(routes, "costs.aggregate", { query: { group_by: group } })).rejects.toMatchObject({
        code: "VALIDATION_ERROR",
      });
    }
  });

  test("unpriced requests are counted beside what was spent, without a cost of zero", async () => {
    const { routes } = await serve(varied(3, (n) => ({ cost: n === 0 ? null : 1n })));
    const { totals } = await askJson<AggregateResult>(routes, "costs.aggregate", { query: { metrics: "sum,count" } });
    expect(
      totals.map(({ currency, total_cost, unpriced_requests }) => [currency, total_cost, unpriced_requests]),
    ).toEqual([
      ["USD", "0.000000000002", 0],
      [null, undefined, 1],
    ]);
  });
});

test("costs.summary compares with the period before, in days of the zone", async () => {
  const { routes } = await serve(
    varied(20, (n) => ({ currency: "USD", cost: 10n, provider: n % 2 === 0 ? "a" : "b" })),
  );
  const { data } = await askJson<{ data: CostSummary }>(routes, "costs.summary", {
    query: { start_date: "2026-10-28", end_date: "2026-11-21", timezone: "America/New_York" },
  });
  expect(data.total_cost).toBe("0.0000000002");
  expect(data.by_provider.map(({ provider, total_requests }) => [provider, total_requests])).toEqual([
    ["a", 10],
    ["b", 10],
  ]);
  expect(data.range).toEqual({
    start: "2026-10-28T04:00:00.000Z",
    end: "2026-11-22T05:00:00.000Z",
    timezone: "America/New_York",
  });
  expect(data.previous.range).toMatchObject({ start: "2026-10-03T04:00:00.000Z", end: "2026-10-28T04:00:00.000Z" });
  expect(data.avg_cost_per_request).toBe("0.00000000001");
});

test("costs.summary never adds two currencies", async () => {
  const { routes } = await serve(varied(2, (n) => ({ currency: n === 0 ? "USD" : "EUR" })));
  const { data } = await askJson<{ data: CostSummary }>(routes, "costs.summary");
  expect([data.total_cost, data.currency, data.total_requests, data.by_currency.length]).toEqual([null, null, 2, 2]);
});

test("costs.batchQuery answers each filter in order and names the one that is wrong", async () => {
  const { routes } = await serve(varied(4, (n) => ({ user: n === 0 ? "ana" : "bo" })));
  const body = { filters: [{ user_id: ["bo"], days: 30 }, { user_id: ["ana"] }, {}], group_by: ["model"] };
  const { data } = await askJson<{ data: AggregateResult[] }>(routes, "costs.batchQuery", { body });
  expect(data.map(({ data: [row] }) => row?.total_requests)).toEqual([3, 1, 4]);
  const wrong = { filters: [{}, { range: "never" }] };
  await expect(ask(routes, "costs.batchQuery", { body: wrong })).rejects.toMatchObject({
    fieldErrors: { "filters.1.range": expect.any(String) },
  });
});

test("costs.batchQuery sums each filter as it says itself, and else as is said for all", async () => {
  const { routes } = await serve(varied(5, (n) => ({ user: `user-${n % 4}` })));
  const body = {
    filters: [{}, { group_by: ["day", "user"], metrics: ["count"], top: 1 }, { group_by: [] }],
    group_by: ["user"],
    metrics: ["sum", "count"],
  };
  const { data } = await askJson<{ data: AggregateResult[] }>(routes, "costs.batchQuery", { body });
  const alone = [
    { group_by: "user", metrics: "sum,count" },
    { group_by: "day,user", metrics: "count", top: "1" },
    { metrics: "sum,count" },
  ].map((query) => askJson<AggregateResult>(routes, "costs.aggregate", { query }));
  expect(data).toEqual(await Promise.all(alone));
  expect(data.map((one) => one.group_by)).toEqual([["user"], ["day", "user"], []]);
  for (const [filters, field] of [
    [[{ group_by: ["planet"] }], "filters.0.group_by"],
    [[{}], "group_by"],
  ] as const) {
    await expect(ask(routes, "costs.batchQuery", { body: { filters, group_by: ["planet"] } })).rejects.toMatchObject({
      fieldErrors: { [field]: expect.any(String) },
    });
  }
});

test("costs.batchQuery refuses more rows together than one question may have", async () => {
  const trips: number[] = [];
  const query: Partial<CostQuery> = {
    aggregateAll: async (_, questions) => {
      trips.push(questions.length);
      return questions.map(() => ({ rows: new Array(limits.groupRows / 16).fill({ currency: null }), totals: [] }));
    },
  };
  const routes = costRoutes({ query: query as CostQuery, now: () => 0 });
  const batch = (filters: number) =>
    ask(routes, "costs.batchQuery", { body: { filters: new Array(filters).fill({}) } });
  expect(await batch(16)).toMatchObject({ json: { data: { length: 16 } } });
  await expect(batch(100)).rejects.toMatchObject({
    fieldErrors: { filters: `give more than ${limits.groupRows} rows together` },
  });
  expect(trips).toEqual([8, 8, 8, 8, 8]);
});

describe("costs.stream", () => {
  test("gives every record once in any order, more than one step of them", async () => {
    const { routes } = await serve(varied(2_300, (n) => ({ occurredAtMs: n, cost: BigInt((n * 7919) % 2_300) })));
    for (const order of ["occurred_at", "-occurred_at", "total_cost", "-created_at"]) {
      const text = await askText(routes, "costs.stream", { query: { order_by: order, fields: "id,total_cost" } });
      const items = text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { id: string; total_cost: string });
      expect(new Set(items.map(({ id }) => id)).size).toBe(2_300);
      expect(items.length).toBe(2_300);
    }
    const [cheapest] = (await askText(routes, "costs.stream", { query: { order_by: "total_cost" } })).split("\n");
    expect(JSON.parse(cheapest ?? "").total_cost).toBe("0");
  });

  test("reads no further when the client has gone", async () => {
    const { routes, ledger } = await serve(varied(2_300));
    const gone = new AbortController();
    const { chunks } = await ask(routes, "costs.stream", { signal: gone.signal });
    for await (const _ of chunks ?? []) gone.abort();
    expect(ledger.runs()).toBe(1);
  });
});
