/** The tables of the first migration: the ledger, its rollups and the price book. */
export const firstTables = `
CREATE TABLE settings (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE organizations (
  organization_id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, prefix TEXT NOT NULL,
  key_hash BLOB NOT NULL UNIQUE, created_at INTEGER NOT NULL, last_used_at INTEGER, revoked_at INTEGER,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;

-- A series is one distinct combination of the dimensions that reports group and filter by.
CREATE TABLE series (
  organization_id TEXT NOT NULL, series_id INTEGER NOT NULL,
  provider TEXT NOT NULL, model TEXT NOT NULL, resolved_model TEXT, project_id TEXT,
  service_tier TEXT NOT NULL, region TEXT, currency TEXT, cost_status TEXT NOT NULL, tags TEXT NOT NULL,
  key_hash BLOB NOT NULL,
  PRIMARY KEY (organization_id, series_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX series_by_key ON series (organization_id, key_hash);

-- Sentences that many records share: why a model and a rate were chosen.
CREATE TABLE rules (
  organization_id TEXT NOT NULL, rule_id INTEGER NOT NULL, key_hash BLOB NOT NULL,
  resolution_rule TEXT, resolution_detail TEXT, price_rule TEXT,
  PRIMARY KEY (organization_id, rule_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX rules_by_key ON rules (organization_id, key_hash);

-- entry: 0 usage, 1 reported cost, 2 correction (signed, points at the record that it corrects).
-- state, bits: 1 has corrections, 2 voided, 4 waits for a price.
CREATE TABLE records (
  organization_id TEXT NOT NULL, id BLOB NOT NULL, external_id TEXT,
  entry INTEGER NOT NULL, state INTEGER NOT NULL, series_id INTEGER NOT NULL, user_id TEXT,
  occurred_at INTEGER NOT NULL, received_at INTEGER NOT NULL, updated_at INTEGER,
  requests INTEGER NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
  cost_milli INTEGER, cost_pico INTEGER,
  price_version_id TEXT, rule_id INTEGER, unpriced_reason TEXT,
  quantities TEXT NOT NULL, lines TEXT,
  usage_status INTEGER NOT NULL, is_error INTEGER NOT NULL, is_stream INTEGER NOT NULL, latency_ms INTEGER,
  source TEXT NOT NULL, fingerprint BLOB NOT NULL, raw_usage TEXT, metadata TEXT,
  corrects_id BLOB, correction_reason TEXT, repricing_id TEXT,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX records_by_time ON records (organization_id, occurred_at, id);
CREATE INDEX records_by_corrected ON records (organization_id, corrects_id) WHERE corrects_id IS NOT NULL;
CREATE INDEX records_waiting ON records (organization_id, series_id, id) WHERE (state & 4) <> 0;

CREATE TABLE rollup_hourly (
  organization_id TEXT NOT NULL, hour INTEGER NOT NULL, series_id INTEGER NOT NULL,
  requests INTEGER NOT NULL, errors INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
  cost_milli INTEGER NOT NULL, cost_pico INTEGER NOT NULL,
  PRIMARY KEY (organization_id, hour, series_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_daily (
  organization_id TEXT NOT NULL, day INTEGER NOT NULL, series_id INTEGER NOT NULL,
  requests INTEGER NOT NULL, errors INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
  cost_milli INTEGER NOT NULL, cost_pico INTEGER NOT NULL,
  PRIMARY KEY (organization_id, day, series_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_user_daily (
  organization_id TEXT NOT NULL, day INTEGER NOT NULL, user_id TEXT NOT NULL, series_id INTEGER NOT NULL,
  requests INTEGER NOT NULL, errors INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
  cost_milli INTEGER NOT NULL, cost_pico INTEGER NOT NULL,
  PRIMARY KEY (organization_id, day, user_id, series_id)
) STRICT, WITHOUT ROWID;

-- organization_id '' is the catalogue, which every organization reads.
CREATE TABLE providers (
  organization_id TEXT NOT NULL, provider TEXT NOT NULL, name TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, provider)
) STRICT, WITHOUT ROWID;
CREATE TABLE catalogue_versions (
  id TEXT PRIMARY KEY, source TEXT NOT NULL, digest TEXT NOT NULL, models INTEGER NOT NULL,
  effective_from INTEGER, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE models (
  organization_id TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, match TEXT,
  PRIMARY KEY (organization_id, provider, model)
) STRICT, WITHOUT ROWID;
CREATE TABLE price_versions (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
  catalogue_version TEXT, currency TEXT NOT NULL, valid_from INTEGER, valid_to INTEGER,
  body TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX price_versions_by_model ON price_versions (organization_id, provider, model, valid_from);
CREATE TABLE model_aliases (
  organization_id TEXT NOT NULL, provider TEXT NOT NULL, alias TEXT NOT NULL, model TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, provider, alias)
) STRICT, WITHOUT ROWID;

CREATE TABLE repricings (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, status TEXT NOT NULL, body TEXT NOT NULL,
  created_at INTEGER NOT NULL, created_by TEXT NOT NULL, applied_at INTEGER, undone_at INTEGER,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE imports (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, status TEXT NOT NULL, body TEXT NOT NULL,
  started_at INTEGER NOT NULL, finished_at INTEGER,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
-- rows: of an export of sums, the sums as they were when it was described; last, so that lists need not read them.
CREATE TABLE exports (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL, rows TEXT,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL,
  status TEXT NOT NULL, run_at INTEGER NOT NULL, leased_until INTEGER, attempts INTEGER NOT NULL,
  last_error TEXT, created_at INTEGER NOT NULL, finished_at INTEGER,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_due ON jobs (status, run_at);

INSERT INTO settings VALUES ('price_book_revision', 0);
INSERT INTO organizations VALUES ('default', 'Default', 0);
`;
