import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { type Store, storeRead } from "../store/operation.ts";
import { seedPostgresPrices } from "../usage/ledger-fixture.ts";
import { settleDays } from "../usage/settle-days.sql.ts";
import { batchOf, postgresWithLedger, type StoreWithLedger } from "../usage/store-with-ledger-fixture.ts";
import { always } from "./cost-filter.ts";
import { postgresCostQuery } from "./cost-query.postgres.ts";
import type { AggregateQuestion } from "./cost-query.ts";
import { bytesOf, SettledDayMemory } from "./settled-day-memory.ts";
import { settledDaysKey } from "./settled-days.postgres.ts";

const organizationId = "acme";
const server = sharedPostgres();
afterAll(() => server.drop());

let tested: StoreWithLedger;
beforeEach(async () => {
  const url = await server.databaseWithSchema();
  await seedPostgresPrices(url);
  tested = await postgresWithLedger(url, () => Date.parse("2026-06-01T12:00:00Z"));
});
afterEach(() => tested.close());

/** The store, and how many settled days came over the network since it was asked last. */
function counting(state = new Map<symbol, unknown>()): { readonly store: Store; readonly copied: () => number } {
  let rows = 0;
  return {
    copied: () => {
      const count = rows;
      rows = 0;
      return count;
    },
    store: {
      run: (operation, args) =>
        tested.store.run(
          {
            ...operation,
            run: (connection, given) => {
              const copied: typeof connection.copied = (sql, take, ...values) => {
                const counted: typeof take = (fields) => {
                  rows += 1;
                  take(fields);
                };
                return connection.copied?.(sql, counted, ...values) ?? Promise.resolve();
              };
              return operation.run({ ...connection, state, copied }, given);
            },
          },
          args,
        ),
    },
  };
}

const append = async (...days: readonly number[]): Promise<void> => {
  await tested.ledger.append(
    organizationId,
    batchOf(
      days.map((day) => ({
        ...{ provider: "openai", model: "gpt-4o", input_tokens: 10, output_tokens: day, user_id: `user-${day % 3}` },
        occurred_at: `2026-05-${String(day).padStart(2, "0")}T10:00:00Z`,
      })),
    ),
  );
};
const settle = async (): Promise<void> => {
  while ((await tested.store.run(settleDays, {})) > 0);
};

const question = (groupBy: AggregateQuestion["groupBy"]): AggregateQuestion => ({
  period: { ...always, zone: "UTC" },
  filter: { dimensions: {}, tags: [] },
  groupBy,
  metrics: ["sum", "count"],
});

const sumsOfDays = storeRead("test.sumsOfDays", async (connection, asked: { readonly organizationId: string }) =>
  connection.all<{ readonly sums: Uint8Array }>(
    "SELECT sums FROM settled_series WHERE organization_id = ?",
    asked.organizationId,
  ),
);

it("a settled day comes over the network once, and again when it was written to", async () => {
  const { store, copied } = counting();
  const query = postgresCostQuery(store);
  const requests = async (groupBy: AggregateQuestion["groupBy"] = []): Promise<number | undefined> => {
    const { totals } = await query.aggregate(organizationId, question(groupBy));
    return totals[0]?.total_requests;
  };
  await append(3, 4, 5, 9, 9);
  expect([await requests(), copied()]).toEqual([5, 0]);
  await settle();
  expect([await requests(), copied()]).toEqual([5, 4]);
  expect([await requests(["day", "model"]), copied()]).toEqual([5, 0]);
  // Those of users are values of their own.
  expect([await requests(["user"]), copied()]).toEqual([5, 4]);
  expect([await requests(["user", "day"]), copied()]).toEqual([5, 0]);

  await append(4, 4, 20);
  expect([await requests(), copied()]).toEqual([8, 0]);
  await settle();
  expect([await requests(["day"]), copied()]).toEqual([8, 2]);
  expect([await requests(["user"]), copied()]).toEqual([8, 2]);
  expect([await requests(["day", "user"]), copied()]).toEqual([8, 0]);
});

it("questions that are asked together bring a day once", async () => {
  const { store, copied } = counting();
  const query = postgresCostQuery(store);
  await append(3, 4, 5, 9);
  await settle();
  const days = (from: number, to: number): AggregateQuestion => ({
    ...question(["model"]),
    period: { fromMs: Date.UTC(2026, 4, from), toMs: Date.UTC(2026, 4, to), zone: "UTC" },
  });
  const answers = await query.aggregateAll(organizationId, [
    days(3, 5),
    days(4, 10),
    days(1, 31),
    days(9, 10),
    days(10, 12),
  ]);
  expect(answers.map(({ totals }) => totals[0]?.total_requests)).toEqual([2, 3, 4, 1, undefined]);
  expect(copied()).toBe(4);
});

it("a question about more days than there is room for keeps half of it, and finds that again", async () => {
  const days = [3, 4, 5, 6, 7, 8, 9, 10];
  await append(...days);
  await settle();
  const sizes = (await tested.store.run(sumsOfDays, { organizationId })).map(({ sums }) => bytesOf(sums));
  const memory = new SettledDayMemory(Math.max(...sizes) * 4);
  const { store, copied } = counting(new Map<symbol, unknown>([[settledDaysKey, memory]]));
  const query = postgresCostQuery(store);
  for (const count of [8, 6, 6]) {
    expect((await query.aggregate(organizationId, question([]))).totals[0]?.total_requests).toBe(days.length);
    expect(copied()).toBe(count);
  }
});

it("one organization's days are not another's, also where their bytes are the same", async () => {
  const { store, copied } = counting();
  const query = postgresCostQuery(store);
  await append(3, 4);
  await settle();
  expect((await query.aggregate(organizationId, question([]))).totals[0]?.total_requests).toBe(2);
  copied();
  expect((await query.aggregate("another", question([]))).totals).toEqual([]);
  expect(copied()).toBe(0);
});
