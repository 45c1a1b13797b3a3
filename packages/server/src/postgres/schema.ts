import { migrations } from "../sqlite/schema.ts";
import { requireAppendTerms, requireNobodyListens } from "./append-terms.ts";
import { guardPrices, makeWaitForAppends } from "./locks.ts";
import { makeKeysPartition, makeRecordsPartition } from "./partitions.ts";
import { dropRecordsPartition, guardKeptFrom } from "./retention-functions.ts";
import { installationPolicy, rowPolicy } from "./row-security.ts";

const counters = `requests bigint NOT NULL, input_tokens bigint NOT NULL, output_tokens bigint NOT NULL,
  cached_tokens bigint NOT NULL, cache_write_tokens bigint NOT NULL, reasoning_tokens bigint NOT NULL`;

/**
 * What is another table here than on the embedded store. Records lie in a partition a month, whose indexes stay small and
 * which can be dropped whole; a partitioned table cannot hold an id unique beyond one partition, so `record_keys` does,
 * for ever, and says in which month to look. It has a single partition, for a partition is what COPY may write to: see
 * `partitions.ts`.
 */
const ownTables: Readonly<Record<string, string>> = {
  records: `
CREATE TABLE record_keys (
  organization_id text COLLATE "C" NOT NULL, id bytea NOT NULL, occurred_at bigint NOT NULL,
  entry smallint NOT NULL, fingerprint bytea NOT NULL,
  PRIMARY KEY (organization_id, id)
) PARTITION BY HASH (organization_id);
CREATE TABLE records (
  organization_id text COLLATE "C" NOT NULL, id bytea NOT NULL, external_id text COLLATE "C",
  entry smallint NOT NULL, state smallint NOT NULL, series_id bigint NOT NULL, user_id text COLLATE "C",
  occurred_at bigint NOT NULL, received_at bigint NOT NULL, updated_at bigint,
  ${counters},
  cost_milli bigint, cost_pico bigint,
  price_version_id text COLLATE "C", rule_id bigint, unpriced_reason text COLLATE "C",
  quantities text COLLATE "C" NOT NULL, lines text COLLATE "C",
  usage_status smallint NOT NULL, is_error smallint NOT NULL, is_stream smallint NOT NULL, latency_ms bigint,
  source text COLLATE "C" NOT NULL, fingerprint bytea NOT NULL, raw_usage text COLLATE "C", metadata text COLLATE "C",
  corrects_id bytea, correction_reason text COLLATE "C", repricing_id text COLLATE "C",
  PRIMARY KEY (organization_id, occurred_at, id)
) PARTITION BY RANGE (occurred_at);
${makeRecordsPartition};
${makeKeysPartition};
${guardPrices}`,
  // The keys of all records are there already, and stay when records go. What follows is what lets these go.
  record_keys: `
${makeRecordsPartition};
${dropRecordsPartition};
${guardKeptFrom}`,
};

/** Rows of rollups are updated again and again: with room beside them, without a new entry in the index each time. */
const roomForUpdates = ["rollup_hourly", "rollup_daily", "rollup_user_daily"]
  .map((table) => `ALTER TABLE ${table} SET (fillfactor = 70)`)
  .join(";\n");

/** By its digest a process knows which of the settled days it has read before. Made by the database, whoever writes a day. */
const settledDigests = `ALTER TABLE rollup_days ADD COLUMN users_digest bytea GENERATED ALWAYS AS (sha256(users)) STORED;
ALTER TABLE settled_series ADD COLUMN digest bytea GENERATED ALWAYS AS (sha256(sums)) STORED`;

/** What migrations do here beside what they do on the embedded store, by their number. */
const ownAdditions: Readonly<Record<number, string>> = {
  11: `${requireAppendTerms};\n${roomForUpdates}`,
  17: `${requireNobodyListens};\n${makeWaitForAppends}`,
  33: settledDigests,
};

/** The catalogue's rows stand under no organization, and every organization reads them. */
const withCatalogue: ReadonlySet<string> = new Set(["providers", "models", "price_versions", "model_aliases"]);

/** Tables that a server adds to and reads, and may never change what lies in them. */
export const appendOnlyTables = ["audit_entries", "audit_checkpoints"] as const;

/** Tables that hold nothing of an organization's own. */
const ofInstallation: ReadonlySet<string> = new Set(["settings", "catalogue_versions", "users"]);

/** What people sign in with and what signs the audit trail: no transaction of an organization sees it. */
const ofSignIn: ReadonlySet<string> = new Set([
  "user_credentials",
  "recovery_codes",
  "sessions",
  "refresh_tokens",
  "password_resets",
  "signing_secrets",
  "audit_signing_key",
]);

const types: readonly (readonly [RegExp, string])[] = [
  [/\bTEXT\b/g, 'text COLLATE "C"'],
  [/\bINTEGER\b/g, "bigint"],
  [/\bBLOB\b/g, "bytea"],
  [/\bANY\b/g, "bigint"],
  [/\)\s*STRICT(,\s*WITHOUT ROWID)?$/g, ")"],
];

/** One statement of the embedded store's schema as PostgreSQL has it. */
function translated(statement: string): string {
  const table = /CREATE TABLE (\w+)/.exec(statement)?.[1];
  const own = table === undefined ? undefined : ownTables[table];
  if (own !== undefined) return own;
  // Each partition has its key by time, so the index that the embedded store needs for that would be a second one.
  if (/INDEX records_by_time/.test(statement)) return "";
  return types.reduce((text, [from, to]) => text.replace(from, to), statement);
}

/** Rows are seen and written in transactions of their organization alone, by whomever, the owner included. */
function secured(table: string): string {
  const own = ofSignIn.has(table) ? installationPolicy : rowPolicy;
  const seen = withCatalogue.has(table) ? `${own} OR organization_id = ''` : own;
  return `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY ${table}_seen ON ${table} FOR SELECT USING (${seen});
CREATE POLICY ${table}_written ON ${table} USING (${own}) WITH CHECK (${own})`;
}

export interface PostgresMigration {
  readonly id: number;
  readonly sql: string;
}

/** The same numbered migrations as on the embedded store, with policies for every table that they make. */
export const postgresMigrations: readonly PostgresMigration[] = migrations.map(({ id, sql }) => {
  const statements = sql
    .replace(/--[^\n]*/g, "")
    .split(";")
    .map((statement) => translated(statement.trim()))
    .filter((statement) => statement !== "");
  const names = new Map(
    statements.flatMap((statement) => {
      const [, from, to] = /^ALTER TABLE (\w+) RENAME TO (\w+)$/.exec(statement) ?? [];
      return from === undefined || to === undefined ? [] : [[from, to] as const];
    }),
  );
  const tables = statements.flatMap((statement) =>
    [...statement.matchAll(/CREATE TABLE (\w+)/g)].map(([, table = ""]) => names.get(table) ?? table),
  );
  const policies = tables.filter((table) => !ofInstallation.has(table)).map(secured);
  // Rows that a migration writes itself belong to whom they name, so they come before the policies.
  const addition = ownAdditions[id] ?? [];
  return { id, sql: [...statements, ...policies].concat(addition).join(";\n") };
});
