import type { Budget, CostProjection } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runningPeriod } from "../budgets/measure-budget.ts";
import { standingFrom } from "../budgets/standing.ts";
import { ask, askJson } from "./asking-fixture.ts";
import { type FixtureRecord, plainRecord } from "./ledger-fixture.ts";
import { costRoutes } from "./routes.ts";
import { openTestedLedgers, type TestedLedgers } from "./tested-ledger-fixture.ts";

/** Three quarters into November in UTC. */
const nowMs = Date.UTC(2026, 10, 23, 12);
const dayMs = 86_400_000;

let ledgers: TestedLedgers;
beforeAll(async () => {
  ledgers = await openTestedLedgers(nowMs);
});
afterAll(() => ledgers.close());

async function serve(records: readonly Partial<FixtureRecord>[], atMs = nowMs) {
  const id = (at: number): string => `01900000-0000-7000-8000-${at.toString().padStart(12, "0")}`;
  const { query } = await ledgers.open(records.map((one, at) => ({ ...plainRecord, ...one, id: id(at) })));
  return { query, routes: costRoutes({ query, now: () => atMs }) };
}
const picos = (dollars: number): bigint => BigInt(dollars) * 1_000_000_000_000n;

test("the month leads where its pace does, of each currency by itself, and whoever has the inputs finds the same", async () => {
  const { routes } = await serve([
    { cost: picos(3), occurredAtMs: Date.UTC(2026, 10, 1) },
    { cost: 1n, occurredAtMs: Date.UTC(2026, 10, 22) },
    { cost: picos(9), currency: "EUR" },
    { cost: picos(70), occurredAtMs: Date.UTC(2026, 10, 1) - 1 },
    { cost: null },
  ]);
  const { data } = await askJson<{ data: CostProjection }>(routes, "costs.projection");
  expect(data).toEqual({
    range: { start: "2026-11-01T00:00:00.000Z", end: "2026-12-01T00:00:00.000Z", timezone: "UTC" },
    as_of: "2026-11-23T12:00:00.000Z",
    unpriced_requests: 1,
    by_currency: [
      { currency: "EUR", spent: "9", burn_rate_per_day: "0.4", projected: "12" },
      // 22.5 of 30 days: 3.000000000001 × 4/3 is 4.0000000000013…
      { currency: "USD", spent: "3.000000000001", burn_rate_per_day: "0.133333333333", projected: "4.000000000001" },
    ],
  });
});

test("a budget of the month for the same records is projected to the same digits", async () => {
  const records = [1, 7, 13].map((day) => ({ cost: picos(day) + 7n, occurredAtMs: Date.UTC(2026, 10, day, 3) }));
  for (const [zone, atMs] of [
    ["UTC", nowMs],
    ["America/New_York", Date.UTC(2026, 10, 16, 1)],
    ["Asia/Tokyo", Date.UTC(2026, 10, 30, 14, 59, 59, 999)],
  ] as const) {
    const { query, routes } = await serve(records, atMs);
    const { data } = await askJson<{ data: CostProjection }>(routes, "costs.projection", { query: { timezone: zone } });
    const budget = {
      ...{ id: "b", organization_id: "default", name: "b", amount: "1", currency: "USD", tokens: null, per: null },
      ...{ period: { kind: "month", time_zone: zone }, scope: {}, thresholds: [], created_at: "2026-01-01T00:00:00Z" },
    } as unknown as Budget;
    const { bounds } = runningPeriod(budget, atMs);
    const period = { fromMs: bounds.fromMs, toMs: bounds.toMs ?? 0, zone };
    const question = { period, filter: { dimensions: {}, tags: [] }, groupBy: [], metrics: ["sum", "count"] } as const;
    const { totals } = await query.aggregate("default", question);
    const status = standingFrom({ budget, teamProjects: undefined }, { key: "", totals }, atMs);
    expect(status.projected).not.toBeNull();
    expect(data.by_currency).toEqual([
      {
        currency: "USD",
        ...{ spent: status.spent, burn_rate_per_day: status.burn_rate_per_day, projected: status.projected },
      },
    ]);
  }
});

test("nothing is projected in the month's first instant, nor of nothing, and a filter narrows it", async () => {
  const first = Date.UTC(2026, 10, 1);
  const records = [
    { cost: picos(2), occurredAtMs: first, project: "a" },
    { cost: picos(5), occurredAtMs: first + dayMs, project: "b" },
  ];
  const early = await serve(records.slice(0, 1), first);
  const projected = async ({ routes }: Awaited<ReturnType<typeof serve>>, query = {}) =>
    (await askJson<{ data: CostProjection }>(routes, "costs.projection", { query })).data.by_currency;
  expect(await projected(early)).toEqual([{ currency: "USD", spent: "2", burn_rate_per_day: null, projected: null }]);
  const late = await serve(records, first + 15 * dayMs);
  expect(await projected(late, { project_id: "b" })).toEqual([
    { currency: "USD", spent: "5", burn_rate_per_day: "0.333333333333", projected: "10" },
  ]);
  expect(await projected(late, { project_id: "nobodys" })).toEqual([]);
  for (const query of [{ range: "last-month" }, { start_date: "2026-10-01" }, { timezone: "Mars/Olympus" }]) {
    await expect(ask(late.routes, "costs.projection", { query })).rejects.toThrow(Object.keys(query)[0]);
  }
});
