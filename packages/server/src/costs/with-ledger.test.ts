/** The answers over what the real ledgers wrote, on their real threads. */
import type { CostRecord } from "@llm-cost-ops/contract";
import { afterAll, expect, test } from "vitest";
import { openPostgres } from "../postgres/postgres-store.ts";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { openWriter } from "../sqlite/connection.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { startSqliteThreads } from "../sqlite/threads.ts";
import { startPostgresLedger } from "../usage/ledger.postgres.ts";
import { createSqliteLedger } from "../usage/ledger.sqlite.ts";
import { seedPostgresPrices, seedPrices, temporaryFolder } from "../usage/ledger-fixture.ts";
import { updateLabels, voidRecord } from "../usage/operations.sql.ts";
import { always, type RecordFilter } from "./cost-filter.ts";
import { sqliteCostQuery } from "./cost-query.sqlite.ts";
import { readOrder } from "./list-order.ts";
import { startPostgresQuestions } from "./question-threads.postgres.ts";
import { walkCosts } from "./walk-costs.ts";
import { describeWrittenLedger, type WrittenLedger } from "./with-ledger.contract.ts";

const server = sharedPostgres();
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
  await server.drop();
});

async function openSqlite(): Promise<WrittenLedger> {
  const folder = temporaryFolder();
  const db = openWriter(folder.file);
  seedPrices(db);
  db.close();
  const threads = await startSqliteThreads({ path: folder.file });
  closing.push(folder.remove, () => threads.close());
  return { ledger: createSqliteLedger(threads), query: sqliteCostQuery(threads), store: sqliteStore(threads) };
}

async function openOnPostgres(): Promise<WrittenLedger> {
  const url = await server.databaseWithSchema();
  await seedPostgresPrices(url);
  const store = await openPostgres({ url, poolSize: 2, now: Date.now });
  const ledger = await startPostgresLedger({ url });
  const questions = await startPostgresQuestions({ url });
  closing.push(store.close, () => ledger.close(), questions.close);
  return { ledger, query: questions.query, store };
}

describeWrittenLedger("SQLite", openSqlite);
describeWrittenLedger("PostgreSQL", openOnPostgres);

/** Repeats itself anywhere: the same numbers on every run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const dayMs = 86_400_000;
const fromMs = Date.UTC(2026, 7, 20);
const models = ["gpt-4o", "gpt-4o-mini", "nobody-prices-this"];

function call(n: number, pick: (below: number) => number): Readonly<Record<string, unknown>> {
  const input = pick(200_000);
  return {
    id:
      n % 3 === 0
        ? `call-${n}`
        : `0190${n.toString(16).padStart(4, "0")}-0000-7000-8000-${pick(2 ** 31)
            .toString(16)
            .padStart(12, "0")}`,
    provider: n % 4 === 0 ? "anthropic" : "openai",
    model: n % 4 === 0 ? "claude-sonnet-4-5" : models[pick(models.length)],
    input_tokens: input,
    output_tokens: pick(5_000),
    cached_tokens: pick(input + 1),
    user_id: pick(4) === 0 ? null : `user-${pick(40)}`,
    project_id: ["search", "chat", "Ärger", null][pick(4)],
    tags: pick(3) === 0 ? {} : { team: ["web", "ml", "a:b=c"][pick(3)], [`key-${pick(5)}`]: String(pick(9)) },
    usage_status: ["partial", "estimated"][n % 6],
    occurred_at: new Date(fromMs + pick(93 * dayMs)).toISOString(),
  };
}

/** When a record arrived is the one thing that the stores cannot agree about. */
const withoutArrival = (value: unknown): string =>
  JSON.stringify(value, (key, inner) =>
    key === "created_at" || key === "updated_at" || key === "received_at" ? undefined : inner,
  );

test("both stores answer with the same bytes over the same events, with duplicates and disorder", async () => {
  const pick = sequence(20_261_121);
  const calls = Array.from({ length: 1_200 }, (_, n) => call(n, pick));
  const stores = [await openSqlite(), await openOnPostgres()];
  for (const { ledger, store } of stores) {
    const order = sequence(7);
    for (let sent = 0; sent < 10; sent += 1) {
      // Each body has some calls of the one before again, and one of them twice.
      const body = Array.from({ length: 160 }, (_, at) => calls[(sent * 120 + at) % calls.length]);
      body.push(body[order(160)]);
      body.sort(() => order(3) - 1);
      const bytes = new TextEncoder().encode(JSON.stringify(body));
      await ledger.append("default", { shape: "batch", entry: "usage", bytes, source: "api", requirePrice: false });
    }
    for (const n of [3, 6, 300, 303]) await store.run(voidRecord, { organizationId: "default", id: `call-${n}` });
    for (const n of [9, 12]) {
      await store.run(updateLabels, { organizationId: "default", id: `call-${n}`, tags: { team: "moved" } });
    }
  }
  const filters: RecordFilter[] = [
    { dimensions: {}, tags: [] },
    { dimensions: { project_id: ["Ärger"] }, tags: [] },
    { dimensions: { cost_status: ["void", "unpriced"] }, tags: [] },
    { dimensions: { usage_status: ["partial"] }, tags: [] },
    { dimensions: {}, tags: [], models: ["gpt-4o"], userIds: ["user-7", "user-8"] },
    { dimensions: {}, tags: [[{ key: "team", value: "moved" }]] },
    { dimensions: {}, tags: [], ids: ["call-3", "call-9", "call-15"] },
  ];
  const groupings = [
    ["day", "model"],
    ["user"],
    ["month", "tag:team"],
    ["hour", "cost_status"],
    ["usage_status"],
  ] as const;
  const periods = [
    { ...always, zone: "UTC" },
    { fromMs: fromMs + 5 * dayMs + 1_234_567, toMs: fromMs + 80 * dayMs + 7, zone: "America/New_York" },
  ];
  for (const order of [["-occurred_at"], ["total_cost"]]) {
    const walk = async ({ query }: WrittenLedger): Promise<string> => {
      const question = {
        period: { ...always, zone: "UTC" },
        filter: { dimensions: {}, tags: [] },
        order: readOrder(order),
      };
      const items: CostRecord[] = [];
      const { signal } = new AbortController();
      for await (const step of walkCosts(query, "default", question, signal)) items.push(...step);
      return withoutArrival(items);
    };
    const [sqlite, postgres] = await Promise.all(stores.map(walk));
    expect(JSON.parse(sqlite ?? "[]")).toHaveLength(calls.length - 4);
    expect(postgres).toBe(sqlite);
  }
  let compared = 0;
  for (const filter of filters) {
    for (const period of periods) {
      const ask = async ({ query }: WrittenLedger): Promise<string> => {
        const answers: unknown[] = [];
        for (const groupBy of groupings) {
          answers.push(await query.aggregate("default", { period, filter, groupBy, metrics: ["sum", "count", "avg"] }));
        }
        const list = { period, filter, order: readOrder(["-total_cost", "occurred_at"]), limit: 200 };
        answers.push(await query.listCosts("default", list));
        answers.push(await query.listCosts("default", { ...list, order: readOrder(undefined) }));
        answers.push(await query.listUsage("default", { ...list, order: readOrder(["occurred_at"]) }));
        answers.push(await query.summarize("default", { period, previous: period, filter }));
        return withoutArrival(answers);
      };
      const [sqlite, postgres] = await Promise.all(stores.map(ask));
      expect(postgres).toBe(sqlite);
      compared += sqlite?.length ?? 0;
    }
  }
  expect(compared).toBeGreaterThan(500_000);
}, 120_000);
