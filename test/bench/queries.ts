/**
 * How long questions take on a ledger of N records (first argument, 1,000,000 if absent), each beside its floor from
 * the same run: a bare SELECT that touches the same rows and does nothing else.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteCostQuery } from "../../packages/server/src/costs/cost-query.sqlite.ts";
import type { AggregateQuestion, ListQuestion } from "../../packages/server/src/costs/cost-query.ts";
import { readOrder } from "../../packages/server/src/costs/list-order.ts";
import { tagCandidates } from "../../packages/server/src/costs/tag-term.ts";
import { openReader, openWriter } from "../../packages/server/src/sqlite/connection.ts";
import type { StoreThread } from "../../packages/server/src/sqlite/operation.ts";
import { fillLedger, ledgerDays } from "./query-ledger.ts";

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
writer.exec("PRAGMA wal_checkpoint(TRUNCATE)");
writer.close();
const gigabytes = (statSync(path).size / 1e9).toFixed(2);
console.log(`${written} records, ${gigabytes} GB, made in ${((performance.now() - began) / 1_000).toFixed(0)} s\n`);

const db = openReader(path);
const store: StoreThread = { db, now: () => endMs, state: new Map() };
const query = sqliteCostQuery({ read: async (operation, args) => operation.run(store, args) });

async function median(work: () => unknown): Promise<number> {
  await work();
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
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
  () =>
    query.aggregate("default", {
      period: { fromMs: startMs, toMs: endMs, zone: "UTC" },
      filter: { dimensions: {}, tags: [] },
      groupBy,
      metrics: ["sum", "count", "avg"],
      ...vary,
    });
const list =
  (vary: Partial<ListQuestion> = {}) =>
  () =>
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
  readonly work: () => unknown;
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
    work: () =>
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
  const ms = await median(work);
  const target = targetMs === undefined ? "" : `${targetMs}${ms <= targetMs ? " ok" : " missed"}`;
  const figures = [
    pad(ms.toFixed(1), 10),
    pad(floorMs.toFixed(1), 10),
    pad((ms / floorMs).toFixed(1), 8),
    pad(target, 11),
  ];
  console.log(name.padEnd(40) + figures.join(""));
}
db.close();
