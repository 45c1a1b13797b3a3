/**
 * How long questions take on a ledger of N records (first argument, 1,000,000 if absent), each beside its floor from
 * the same run: a bare SELECT that touches the same rows and does nothing else. Then the same questions to the same
 * records on PostgreSQL, each beside the embedded store, with a check that both answer with the same bytes.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { copyLedger } from "../../packages/server/src/costs/copied-ledger-fixture.ts";
import { sqliteCostQuery } from "../../packages/server/src/costs/cost-query.sqlite.ts";
import type { AggregateQuestion, CostQuery, ListQuestion } from "../../packages/server/src/costs/cost-query.ts";
import { readOrder } from "../../packages/server/src/costs/list-order.ts";
import { startPostgresQuestions } from "../../packages/server/src/costs/question-threads.postgres.ts";
import { tagCandidates } from "../../packages/server/src/costs/tag-term.ts";
import { startPostgres } from "../../packages/server/src/postgres/postgres-fixture.ts";
import { openPostgres } from "../../packages/server/src/postgres/postgres-store.ts";
import { openReader, openWriter } from "../../packages/server/src/sqlite/connection.ts";
import type { StoreThread } from "../../packages/server/src/sqlite/operation.ts";
import { startSqliteThreads } from "../../packages/server/src/sqlite/threads.ts";
import { fillLedger, ledgerDays, settleLedger } from "./query-ledger.ts";

const dayMs = 86_400_000;
const endMs = Date.UTC(2026, 10, 21);
const startMs = endMs - ledgerDays * dayMs;
const runs = 7;

const records = Number(process.argv[2] ?? 1_000_000);
const folder = mkdtempSync(join(tmpdir(), "bench-queries-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(1));
process.on("SIGTERM", () => process.exit(1));

const path = join(folder, "ledger.db");
const writer = openWriter(path);
const began = performance.now();
const written = fillLedger(writer, records, endMs);
await settleLedger(writer);
writer.exec("PRAGMA wal_checkpoint(TRUNCATE)");
writer.close();
const gigabytes = (statSync(path).size / 1e9).toFixed(2);
console.log(`${written} records, ${gigabytes} GB, made in ${((performance.now() - began) / 1_000).toFixed(0)} s\n`);

const db = openReader(path);
const store: StoreThread = { db, now: () => endMs, state: new Map() };
const embedded = sqliteCostQuery({ read: async (operation, args) => operation.run(store, args) });

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const middle = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;

async function median(work: () => unknown): Promise<number> {
  const [ms] = await medians(work, () => undefined);
  return ms;
}

/** The medians of two works that are done by turns, each once before it is timed. */
async function medians(one: () => unknown, other: () => unknown): Promise<[number, number]> {
  await one();
  await other();
  const times: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run += 1) {
    times[0].push(await timed(one));
    times[1].push(await timed(other));
  }
  return [middle(times[0]), middle(times[1])];
}

const columns = [
  "requests",
  "input_tokens",
  "output_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
];
const sums = [...columns, "cost_milli", "cost_pico"].map((column) => `sum(${column})`).join(", ");
const bareSum = (table: string, unit: string, from: number, to: number) => () =>
  db
    .prepare(`SELECT ${sums} FROM ${table} WHERE organization_id = 'default' AND ${unit} >= ? AND ${unit} < ?`)
    .get(from, to);
const barePage = () =>
  db
    .prepare("SELECT id FROM records WHERE organization_id = 'default' ORDER BY occurred_at DESC, id DESC LIMIT 100")
    .all();

const aggregate =
  (groupBy: AggregateQuestion["groupBy"], vary: Partial<AggregateQuestion> = {}) =>
  (query: CostQuery) =>
    query.aggregate("default", {
      period: { fromMs: startMs, toMs: endMs, zone: "UTC" },
      filter: { dimensions: {}, tags: [] },
      groupBy,
      metrics: ["sum", "count", "avg"],
      ...vary,
    });
const list =
  (vary: Partial<ListQuestion> = {}) =>
  (query: CostQuery) =>
    query.listCosts("default", {
      period: { fromMs: startMs, toMs: endMs, zone: "UTC" },
      filter: { dimensions: {}, tags: [] },
      order: readOrder(undefined),
      limit: 100,
      ...vary,
    });
const days = (count: number) => bareSum("rollup_daily", "day", endMs / dayMs - count, endMs / dayMs);
const monthAgo = { fromMs: endMs - 30 * dayMs, toMs: endMs, zone: "UTC" };
const rareTags = {
  dimensions: { project_id: ["labs"] },
  tags: [tagCandidates("env:development"), tagCandidates("feature")],
};

interface Question {
  readonly name: string;
  readonly work: (query: CostQuery) => Promise<unknown>;
  readonly floor: () => unknown;
  readonly targetMs?: number;
}

const questions: readonly Question[] = [
  {
    name: "90 days by day, provider, model",
    work: aggregate(["day", "provider", "model"]),
    floor: days(90),
    targetMs: 150,
  },
  { name: "90 days by provider, model", work: aggregate(["provider", "model"]), floor: days(90), targetMs: 150 },
  {
    name: "90 days of one tag by provider",
    work: aggregate(["provider"], { filter: { dimensions: {}, tags: [tagCandidates("team:ml")] } }),
    floor: days(90),
    targetMs: 300,
  },
  {
    name: "summary of 30 days and the 30 before",
    work: (query) =>
      query.summarize("default", {
        period: monthAgo,
        previous: { fromMs: endMs - 60 * dayMs, toMs: monthAgo.fromMs, zone: "UTC" },
        filter: { dimensions: {}, tags: [] },
      }),
    floor: days(60),
    targetMs: 100,
  },
  {
    name: "90 days of New York by day, provider",
    work: aggregate(["day", "provider"], { period: { fromMs: startMs, toMs: endMs, zone: "America/New_York" } }),
    floor: days(90),
  },
  {
    name: "7 days by hour, provider",
    work: aggregate(["hour", "provider"], { period: { fromMs: endMs - 7 * dayMs, toMs: endMs, zone: "UTC" } }),
    floor: bareSum("rollup_hourly", "hour", endMs / 3_600_000 - 168, endMs / 3_600_000),
  },
  {
    name: "30 days by user",
    work: aggregate(["user"], { period: monthAgo }),
    floor: bareSum("rollup_user_daily", "day", endMs / dayMs - 30, endMs / dayMs),
  },
  { name: "first page of the list", work: list(), floor: barePage },
  {
    name: "a page in the middle of the list",
    work: list({ after: { values: [String(endMs - 45 * dayMs)], id: "0".repeat(32) } }),
    floor: barePage,
  },
  { name: "first page of rare tags", work: list({ filter: rareTags }), floor: barePage },
];

const pad = (text: string, width: number): string => text.padStart(width);
console.log(`${"question".padEnd(40)}${pad("ms", 10)}${pad("floor ms", 10)}${pad("ratio", 8)}${pad("target ms", 11)}`);
for (const { name, work, floor, targetMs } of questions) {
  const floorMs = await median(floor);
  const ms = await median(() => work(embedded));
  const target = targetMs === undefined ? "" : `${targetMs}${ms <= targetMs ? " ok" : " missed"}`;
  const figures = [
    pad(ms.toFixed(1), 10),
    pad(floorMs.toFixed(1), 10),
    pad((ms / floorMs).toFixed(1), 8),
    pad(target, 11),
  ];
  console.log(name.padEnd(40) + figures.join(""));
}

/** The target on PostgreSQL: within this many times the embedded store. */
const ratioMax = 2;
const server = await startPostgres({ outlivesTheMachine: true });
try {
  const url = await server.database();
  const opened = await openPostgres({ url, poolSize: 1, now: () => endMs });
  await opened.close();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const copying = performance.now();
  await copyLedger(db, client);
  await client.query("VACUUM ANALYZE");
  await client.end();
  console.log(`\nPostgreSQL, copied in ${((performance.now() - copying) / 1_000).toFixed(0)} s\n`);
  const questionsThere = await startPostgresQuestions({ url });
  // Answers of either store cross from a thread to the one that asks, as in a server.
  const threads = await startSqliteThreads({ path });
  const questionsHere = sqliteCostQuery(threads);
  console.log(`${"question".padEnd(40)}${pad("ms", 10)}${pad("SQLite ms", 10)}${pad("ratio", 8)}${pad("bytes", 11)}`);
  for (const { name, work } of questions) {
    // By turns, so that whatever else the machine does meets both.
    const [ms, beside] = await medians(
      () => work(questionsThere.query),
      () => work(questionsHere),
    );
    const same = JSON.stringify(await work(questionsThere.query)) === JSON.stringify(await work(questionsHere));
    const ratio = ms / beside;
    const figures = [ms.toFixed(1), beside.toFixed(1)].map((text) => pad(text, 10)).join("");
    const verdict = ratio <= ratioMax ? "ok" : "missed";
    console.log(
      `${name.padEnd(40)}${figures}${pad(ratio.toFixed(1), 8)}${pad(same ? "the same" : "DIFFERENT", 11)} ${verdict}`,
    );
  }
  await questionsThere.close();
  await threads.close();
} finally {
  await server.stop();
}
db.close();
