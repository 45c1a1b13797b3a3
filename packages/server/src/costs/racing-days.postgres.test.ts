import { parseMoney } from "@llm-cost-ops/core";
import { afterAll, expect, test } from "vitest";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { seedPostgresPrices } from "../usage/ledger-fixture.ts";
import { voidRecord } from "../usage/operations.sql.ts";
import { settleDays } from "../usage/settle-days.sql.ts";
import { batchOf, postgresWithLedger } from "../usage/store-with-ledger-fixture.ts";
import { always } from "./cost-filter.ts";
import { postgresCostQuery } from "./cost-query.postgres.ts";
import type { AggregateQuestion } from "./cost-query.ts";

const organizationId = "acme";
const dayMs = 86_400_000;
const [firstMs, lastMs] = [Date.UTC(2026, 4, 1), Date.UTC(2026, 4, 31)];
/** More for a longer look: `RACE_MS=60000`. */
const raceMs = Number(process.env["RACE_MS"] ?? 2_500);

const server = sharedPostgres();
afterAll(() => server.drop());

const below = (count: number): number => Math.floor(Math.random() * count);
const hoursOfWeek = (isAsked: (hour: number) => boolean): readonly number[] =>
  Array.from({ length: 168 }, (_, hour) => hour).filter((hour) => isAsked(hour % 24));

interface Asked {
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly zone?: string;
  readonly hours?: readonly number[];
}

const ask = (
  groupBy: AggregateQuestion["groupBy"],
  { fromMs = always.fromMs, toMs = always.toMs, zone = "UTC", hours }: Asked = {},
): AggregateQuestion => ({
  period: { fromMs, toMs, zone },
  filter: { dimensions: {}, tags: [], ...(hours && { hours }) },
  groupBy,
  metrics: ["sum", "count"],
});

/** Several ways to the same sum: those in one list are its parts. */
function waysTo(cutMs: number): readonly (readonly AggregateQuestion[])[] {
  return [
    [ask(["model"])],
    [ask(["user"], { zone: "America/New_York" })],
    [ask(["day", "user"])],
    [ask(["tag:team"], { toMs: cutMs }), ask(["tag:team"], { fromMs: cutMs })],
    [ask(["day"], { zone: "Asia/Kolkata" })],
    [ask(["day"], { hours: hoursOfWeek((hour) => hour < 13) }), ask([], { hours: hoursOfWeek((hour) => hour >= 13) })],
  ];
}

test("while days are written to and settled, all ways to a sum agree in each snapshot", async () => {
  const url = await server.databaseWithSchema();
  await seedPostgresPrices(url);
  const now = () => Date.parse("2026-06-01T12:00:00Z");
  const [writer, settler, reader] = await Promise.all([1, 2, 3].map(() => postgresWithLedger(url, now)));
  if (writer === undefined || settler === undefined || reader === undefined) throw new Error("three are opened");
  // Those who ask share what the process remembers.
  const query = postgresCostQuery(reader.store);
  const counts = { written: 0, settled: 0, asked: 0 };
  const endMs = performance.now() + raceMs;
  const untilEnd = async (work: () => Promise<void>): Promise<void> => {
    while (performance.now() < endMs) await work();
  };

  const write = async (): Promise<void> => {
    const calls = Array.from({ length: 1 + below(4) }, () => {
      counts.written += 1;
      return {
        id: `call-${counts.written}`,
        ...{ provider: "openai", model: below(2) === 0 ? "gpt-4o" : "gpt-4o-mini", input_tokens: 10, output_tokens: 1 },
        ...(below(3) > 0 && { user_id: `user-${below(5)}` }),
        tags: { team: `team-${below(3)}` },
        occurred_at: new Date(firstMs + Math.random() * (lastMs - firstMs)).toISOString(),
      };
    });
    await writer.ledger.append(organizationId, batchOf(calls));
    const [first] = calls;
    if (below(5) === 0) await writer.store.run(voidRecord, { organizationId, id: first?.id ?? "" });
  };
  const settle = async (): Promise<void> => {
    counts.settled += await settler.store.run(settleDays, {});
  };
  const check = async (): Promise<void> => {
    const ways = waysTo(firstMs + dayMs * below(31) + below(2) * below(dayMs));
    const answers = [...(await query.aggregateAll(organizationId, ways.flat()))];
    const sums = ways.map((parts) => {
      const totals = answers.splice(0, parts.length).flatMap(({ totals: some }) => some);
      return [
        totals.reduce((sum, { total_requests = 0 }) => sum + total_requests, 0),
        totals.reduce((sum, { total_cost }) => sum + (parseMoney(total_cost ?? "0") ?? 0n), 0n),
      ];
    });
    expect(sums).toEqual(ways.map(() => sums[0]));
    counts.asked += 1;
  };
  await Promise.all([write, write, settle, check, check].map(untilEnd));
  expect(Object.values(counts).every((count) => count > 0)).toBe(true);
  await Promise.all([writer, settler, reader].map(({ close }) => close()));
});
