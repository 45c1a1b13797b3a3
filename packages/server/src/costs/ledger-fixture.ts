/** A ledger for tests: records written row by row, rollups and series derived from them by SQL. */
import type { DatabaseSync } from "node:sqlite";
import type { Pico } from "@llm-cost-ops/core";
import { openWriter } from "../sqlite/connection.ts";
import type { SqliteOperation, SqliteThreads, StoreThread } from "../sqlite/operation.ts";
import { digest16, readRecordId } from "../usage/record-id.ts";
import { entryCodes, limbsFromPico, stateBits, usageStatusNames } from "../usage/record-row.ts";

export interface FixtureRecord {
  readonly id: string;
  readonly organizationId: string;
  readonly occurredAtMs: number;
  readonly receivedAtMs: number;
  readonly provider: string;
  readonly model: string;
  readonly resolvedModel: string | null;
  readonly project: string | null;
  readonly user: string | null;
  readonly tier: string;
  readonly region: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly apiKey: string | null;
  /** Null is one of before the series knew it. */
  readonly usageStatus: (typeof usageStatusNames)[number] | null;
  /** Null is unpriced. */
  readonly cost: Pico | null;
  /** By caching; null where nobody knows. */
  readonly saved: Pico | null;
  readonly currency: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly entry: "usage" | "cost";
  /** Signed differences, appended as corrections. */
  readonly corrections: readonly Pico[];
  /** Whether it was deleted: a correction takes back everything. */
  readonly voided: boolean;
}

/** A record of one ordinary call, to be varied. */
export const plainRecord: FixtureRecord = {
  id: "01900000-0000-7000-8000-000000000001",
  organizationId: "default",
  occurredAtMs: Date.UTC(2026, 10, 16, 12),
  receivedAtMs: Date.UTC(2026, 10, 16, 12, 0, 1),
  provider: "openai",
  model: "gpt-5",
  resolvedModel: "gpt-5",
  project: "search",
  user: "ana",
  tier: "standard",
  region: null,
  tags: { team: "web" },
  apiKey: null,
  usageStatus: "reported",
  cost: 1_250_000_000n,
  saved: 0n,
  currency: "USD",
  inputTokens: 1000,
  outputTokens: 100,
  entry: "usage",
  corrections: [],
  voided: false,
};

/** One row of `records` as tests compare with: a record's own or that of a correction. */
export interface FixtureRow {
  readonly record: FixtureRecord;
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cost: Pico | null;
  readonly saved: Pico | null;
}

/** The rows that a record leaves behind, its own first. */
export function rowsOf(record: FixtureRecord): readonly FixtureRow[] {
  const { inputTokens, outputTokens, cost, saved } = record;
  const own = { record, requests: 1, inputTokens, outputTokens, cost, saved };
  const differences = record.corrections.map((difference) => ({
    record,
    requests: 0,
    inputTokens: 0,
    outputTokens: 0,
    cost: difference,
    saved: null,
  }));
  const total = [cost ?? 0n, ...record.corrections].reduce((sum, amount) => sum + amount, 0n);
  const takenBack = {
    record,
    requests: -1,
    inputTokens: -inputTokens,
    outputTokens: -outputTokens,
    cost: cost === null ? null : -total,
    saved: saved === null ? null : -saved,
  };
  return [own, ...differences, ...(record.voided ? [takenBack] : [])];
}

export interface FixtureLedger {
  readonly db: DatabaseSync;
  readonly store: StoreThread;
  /** Runs operations at once on the one connection. */
  readonly threads: Pick<SqliteThreads, "read" | "write">;
  add(records: readonly FixtureRecord[]): void;
}

export function fixtureLedger(nowMs: number = Date.UTC(2026, 10, 21)): FixtureLedger {
  const db = openWriter(":memory:");
  const store: StoreThread = { db, now: () => nowMs, state: new Map() };
  const run = async <Args, Result>(operation: SqliteOperation<Args, Result>, args: Args): Promise<Result> =>
    structuredClone(await operation.run(store, structuredClone(args)));
  return {
    db,
    store,
    threads: { read: run, write: run },
    add(records) {
      for (const record of records) insertRecord(db, record);
      rebuildRollups(db);
    },
  };
}

function insertRecord(db: DatabaseSync, record: FixtureRecord): void {
  const series = seriesOf(db, record);
  const { bytes, externalId } = readRecordId(record.id);
  const corrected = record.corrections.length > 0 || record.voided ? stateBits.corrected : 0;
  const state = corrected | (record.voided ? stateBits.voided : 0);
  const insert = db.prepare(
    `INSERT INTO records (organization_id, id, external_id, entry, state, series_id, user_id, occurred_at, received_at,
      requests, input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, cost_milli, cost_pico,
      saved_milli, saved_pico, quantities, usage_status, is_error, is_stream, source, fingerprint, corrects_id, correction_reason)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?, ?, ?, '{}', ?, 0, 0, 'api', x'00', ?, ?)`,
  );
  for (const [at, row] of rowsOf(record).entries()) {
    const limbs = row.cost === null ? null : limbsFromPico(row.cost);
    const savedLimbs = row.saved === null ? null : limbsFromPico(row.saved);
    insert.run(
      record.organizationId,
      at === 0 ? bytes : digest16(`${record.id} correction ${at}`),
      at === 0 ? externalId : null,
      at === 0 ? entryCodes[record.entry] : entryCodes.correction,
      at === 0 ? state : 0,
      series,
      record.user,
      record.occurredAtMs,
      record.receivedAtMs,
      row.requests,
      row.inputTokens,
      row.outputTokens,
      limbs?.milli ?? null,
      limbs?.pico ?? null,
      savedLimbs?.milli ?? null,
      savedLimbs?.pico ?? null,
      record.usageStatus === null ? 0 : usageStatusNames.indexOf(record.usageStatus),
      at === 0 ? null : bytes,
      at === 0 ? null : "reprice",
    );
  }
}

function seriesOf(db: DatabaseSync, record: FixtureRecord): number {
  const status = record.cost === null ? "unpriced" : record.entry === "cost" ? "reported" : "priced";
  const currency = record.cost === null ? null : record.currency;
  const tags = JSON.stringify(record.tags);
  const values = [
    record.provider,
    record.model,
    record.resolvedModel,
    record.project,
    record.tier,
    record.region,
    currency,
    status,
    tags,
  ];
  const hash = digest16(JSON.stringify([...values, record.apiKey, record.usageStatus]));
  const known = db
    .prepare("SELECT series_id FROM series WHERE organization_id = ? AND key_hash = ?")
    .get(record.organizationId, hash);
  if (known !== undefined) return Number(known["series_id"]);
  const { id } = db
    .prepare("SELECT coalesce(max(series_id), 0) + 1 AS id FROM series WHERE organization_id = ?")
    .get(record.organizationId) as { id: number };
  db.prepare("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
    record.organizationId,
    id,
    ...values,
    hash,
    record.apiKey,
    record.usageStatus,
  );
  return id;
}

const amount = (name: string): string => `sum(coalesce(${name}_milli, 0)) + sum(coalesce(${name}_pico, 0)) / 1000000000,
  sum(coalesce(${name}_pico, 0)) % 1000000000`;
const sums = `sum(requests), sum(is_error), sum(input_tokens), sum(output_tokens), sum(cached_tokens),
  sum(cache_write_tokens), sum(reasoning_tokens), ${amount("cost")}, ${amount("saved")}`;

/** The rollups that follow from the records, also of a file from before its days could be settled; an hour before 1970 counts from its own start like any other. */
export function rebuildRollups(db: DatabaseSync): void {
  const unit = (ms: number): string => `(occurred_at - ((occurred_at % ${ms}) + ${ms}) % ${ms}) / ${ms}`;
  const day = unit(86_400_000);
  db.exec(`
    DELETE FROM rollup_hourly; DELETE FROM rollup_daily; DELETE FROM rollup_user_daily;
    INSERT INTO rollup_hourly SELECT organization_id, ${unit(3_600_000)} AS hour, series_id, ${sums}
      FROM records GROUP BY organization_id, hour, series_id;
    INSERT INTO rollup_daily SELECT organization_id, ${day} AS day, series_id, ${sums}
      FROM records GROUP BY organization_id, day, series_id;
    INSERT INTO rollup_user_daily SELECT organization_id, ${day} AS day, user_id, series_id, ${sums}
      FROM records WHERE user_id IS NOT NULL GROUP BY organization_id, day, user_id, series_id;
  `);
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'rollup_days'").get() === undefined) return;
  db.exec(`
    DELETE FROM rollup_days;
    INSERT INTO rollup_days (organization_id, day, state)
      SELECT DISTINCT organization_id, day, 0 FROM rollup_daily;
  `);
}
