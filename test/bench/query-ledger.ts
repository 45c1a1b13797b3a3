/** Fills an empty database with the records of a busy quarter, by SQL alone, so that ten million take minutes. */
import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { settleAll } from "../../packages/server/src/costs/settled-ledger-fixture.ts";
import type { SqliteOperation } from "../../packages/server/src/sqlite/operation.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
export const ledgerDays = 90;

const modelsOf: Readonly<Record<string, readonly string[]>> = {
  openai: ["gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4o", "o4-mini", "text-embedding-3-large"],
  anthropic: ["claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5", "claude-sonnet-4"],
  google: ["gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"],
  aws: ["amazon.nova-pro-v1:0", "amazon.nova-lite-v1:0", "us.anthropic.claude-sonnet-4-5"],
  mistral: ["mistral-large-latest", "codestral-latest"],
  groq: ["llama-3.3-70b-versatile", "qwen3-32b"],
  deepseek: ["deepseek-chat", "deepseek-reasoner"],
  xai: ["grok-4", "grok-4-fast", "grok-code-fast-1"],
};
const projects = [
  "search",
  "chat",
  "support",
  "billing",
  "docs",
  "code",
  "sales",
  "legal",
  "risk",
  "ops",
  "hr",
  "labs",
];
const teams = ["web", "ml", "platform", "growth", "finance", "research"];
const environments = ["production", "staging", "development"];

interface Series {
  readonly values: readonly (string | null)[];
  readonly weight: number;
}

/** About two thousand combinations, a few of which carry most of the calls. */
function makeSeries(): Series[] {
  const models = Object.entries(modelsOf).flatMap(([provider, names]) => names.map((model) => ({ provider, model })));
  return projects.flatMap((project, p) =>
    environments.flatMap((env, e) =>
      [0, 1, 2, 3].flatMap((f) =>
        models
          .filter((_, m) => (m + p * 3 + f * 5) % 2 === 0)
          .map(({ provider, model }, m) => ({
            values: [
              provider,
              model,
              model,
              project,
              m % 9 === 0 ? "batch" : "standard",
              null,
              "USD",
              "priced",
              JSON.stringify({ env, feature: `feature-${(p * 4 + f) % 20}`, team: teams[p % teams.length] }),
            ],
            weight: 1 / ((m + 1) * (f + 1) * (e * 3 + 1) * (p / 3 + 1)),
          })),
      ),
    ),
  );
}

/** Busy on working days and in the daytime, growing through the quarter. */
function hourWeight(hour: number): number {
  const ofDay = hour % 24;
  const weekday = Math.floor(hour / 24) % 7;
  return (1 + hour / 2_160) * (weekday >= 5 ? 0.4 : 1) * (ofDay >= 8 && ofDay < 19 ? 2 : 0.7);
}

const pickSlots = 16_384;

/** Records of `count` calls in the 90 days before `endMs` (a midnight), with series and rollups. Returns how many. */
export function fillLedger(db: DatabaseSync, count: number, endMs: number): number {
  db.exec("PRAGMA synchronous = OFF");
  const series = makeSeries();
  const insertSeries = db.prepare(
    `INSERT INTO series VALUES ('default', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 'reported')`,
  );
  db.exec("BEGIN; CREATE TEMP TABLE pick (slot INTEGER PRIMARY KEY, series_id INTEGER NOT NULL)");
  for (const [at, { values }] of series.entries()) {
    insertSeries.run(at + 1, ...values, createHash("sha256").update(String(at)).digest().subarray(0, 16));
  }
  const insertPick = db.prepare("INSERT INTO pick VALUES (?, ?)");
  const total = series.reduce((sum, { weight }) => sum + weight, 0);
  let slot = 0;
  let reached = 0;
  for (const [at, { weight }] of series.entries()) {
    reached += weight;
    for (; slot < Math.round((reached / total) * pickSlots); slot += 1) insertPick.run(slot, at + 1);
  }
  for (; slot < pickSlots; slot += 1) insertPick.run(slot, series.length);
  db.exec("COMMIT");

  const hours = ledgerDays * 24;
  const weights = Array.from({ length: hours }, (_, hour) => hourWeight(hour));
  const weightSum = weights.reduce((sum, weight) => sum + weight, 0);
  const startMs = endMs - ledgerDays * dayMs;
  const insertHour = db.prepare(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1),
    call AS MATERIALIZED (
      SELECT CAST(?2 AS INTEGER) + i * CAST(?3 AS INTEGER) / CAST(?1 AS INTEGER) AS at, pick.series_id AS series, abs(random()) % 20000 AS input, abs(random()) % 2000 AS output,
        random() AS r FROM n JOIN pick ON pick.slot = abs(random() + i) % ${pickSlots})
    INSERT INTO records (organization_id, id, entry, state, series_id, user_id, occurred_at, received_at, requests,
      input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, cost_milli, cost_pico,
      saved_milli, saved_pico, price_version_id, rule_id, quantities, usage_status, is_error, is_stream, latency_ms, source, fingerprint)
    SELECT 'default', CAST(unhex(printf('%012x', at)) || randomblob(10) AS BLOB), 0, 0, series,
      'user-' || ((series * 13 + abs(r) % 8) % 2000), at, at + abs(r) % 900, 1,
      input, output, input / 3, 0, output / 4, abs(r) % 40, abs(r) % 1000000000,
      abs(r) % 30, abs(r) % 999999937,
      'catalogue/0001/standard', 1, printf('{"input":%d,"cache_read":%d,"output":%d}', input - input / 3, input / 3, output),
      0, abs(r) % 97 = 0, abs(r) % 2, 200 + abs(r) % 3000, 'api', randomblob(16) FROM call`);
  const sums = `sum(requests), sum(is_error), sum(input_tokens), sum(output_tokens), sum(cached_tokens),
    sum(cache_write_tokens), sum(reasoning_tokens), sum(cost_milli) + sum(cost_pico) / 1000000000,
    sum(cost_pico) % 1000000000, sum(saved_milli) + sum(saved_pico) / 1000000000, sum(saved_pico) % 1000000000`;
  const where = "FROM records WHERE organization_id = 'default' AND occurred_at >= ? AND occurred_at < ?";
  const hourly = db.prepare(
    `INSERT INTO rollup_hourly SELECT 'default', ?, series_id, ${sums} ${where} GROUP BY series_id`,
  );
  const userDaily = db.prepare(
    `INSERT INTO rollup_user_daily SELECT 'default', ?, user_id, series_id, ${sums} ${where} GROUP BY user_id, series_id`,
  );
  const daily = db.prepare(`INSERT INTO rollup_daily SELECT 'default', ?, series_id, sum(requests), sum(errors),
    sum(input_tokens), sum(output_tokens), sum(cached_tokens), sum(cache_write_tokens), sum(reasoning_tokens),
    sum(cost_milli) + sum(cost_pico) / 1000000000, sum(cost_pico) % 1000000000,
    sum(saved_milli) + sum(saved_pico) / 1000000000, sum(saved_pico) % 1000000000
    FROM rollup_hourly WHERE organization_id = 'default' AND hour >= ? AND hour < ? GROUP BY series_id`);
  let written = 0;
  for (let hour = 0; hour < hours; hour += 1) {
    if (hour % 24 === 0) db.exec("BEGIN");
    const calls = Math.max(1, Math.round(((weights[hour] ?? 0) / weightSum) * count));
    const from = startMs + hour * hourMs;
    insertHour.run(calls, from, hourMs - 1);
    written += calls;
    hourly.run(from / hourMs, from, from + hourMs);
    if (hour % 24 !== 23) continue;
    const day = (from - 23 * hourMs) / dayMs;
    daily.run(day, day * 24, (day + 1) * 24);
    userDaily.run(day, day * dayMs, (day + 1) * dayMs);
    db.exec("COMMIT");
  }
  return written;
}

/** Settles the ledger's days before this one, as a server does in the seconds after its start. */
export async function settleLedger(db: DatabaseSync): Promise<void> {
  db.exec(`INSERT INTO rollup_days (organization_id, day, state) SELECT DISTINCT organization_id, day, 0
    FROM rollup_daily WHERE true ON CONFLICT (organization_id, day) DO NOTHING`);
  const thread = { db, now: Date.now, state: new Map() };
  const run = async <Args, Result>(operation: SqliteOperation<Args, Result>, args: Args): Promise<Result> =>
    operation.run(thread, args);
  db.exec("BEGIN");
  await settleAll({ read: run, write: run });
  db.exec("COMMIT");
}
