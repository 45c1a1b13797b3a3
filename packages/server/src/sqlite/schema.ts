import { dayTables, settledSeries } from "./day-tables.ts";
import { firstTables } from "./first-tables.ts";
import { savedColumns } from "./saved-columns.ts";
import { viewTables } from "./view-tables.ts";

/**
 * The embedded store's schema, as numbered migrations: each runs once, in one transaction, in order.
 *
 * Money is kept in two limbs so that SQLite's 64-bit sums stay exact: `cost_milli` counts whole thousandths of the
 * currency unit (floored, so it may be negative) and `cost_pico` the remaining 10⁻¹², always 0 to 999,999,999.
 * Times are milliseconds since 1970, UTC; `hour` and `day` are whole hours and days since then.
 */
export const migrations: readonly { readonly id: number; readonly sql: string }[] = [
  { id: 1, sql: firstTables },
  {
    id: 2,
    sql: `
-- scopes: a JSON list of permissions; NULL is all of them, also those to come.
ALTER TABLE api_keys ADD COLUMN scopes TEXT;
ALTER TABLE api_keys ADD COLUMN project_id TEXT;
ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;
ALTER TABLE api_keys ADD COLUMN rotated_from TEXT;
`,
  },
  {
    id: 3,
    sql: `
-- body_hash: of address and body, absent while the body arrives. status: absent while the attempt runs, which it is
-- believed to do until leased_until. answer_bits: 1 gzipped, 2 sealed; answer: absent where it was too long to keep.
CREATE TABLE idempotency_keys (
  organization_id TEXT NOT NULL, key_hash BLOB NOT NULL, operation TEXT NOT NULL, body_hash BLOB,
  attempt_id BLOB NOT NULL, leased_until INTEGER NOT NULL,
  status INTEGER, content_type TEXT, answer BLOB, answer_bits INTEGER NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, key_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (organization_id, expires_at);
`,
  },
  {
    id: 5,
    sql: `
CREATE INDEX records_by_repricing ON records (organization_id, repricing_id, id) WHERE repricing_id IS NOT NULL;
`,
  },
  {
    id: 6,
    sql: `
-- parent_id: of a tenant. isolation: strict or shared, of a tenant. settings: JSON.
ALTER TABLE organizations ADD COLUMN slug TEXT;
ALTER TABLE organizations ADD COLUMN parent_id TEXT;
ALTER TABLE organizations ADD COLUMN isolation TEXT;
ALTER TABLE organizations ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE organizations ADD COLUMN updated_at INTEGER;
CREATE UNIQUE INDEX organizations_by_parent ON organizations (parent_id, slug);
`,
  },
  {
    id: 7,
    sql: `
-- A chain for each organization: hash is the SHA-256 of the entry and of the hash before it. state_before, state_after: JSON.
CREATE TABLE audit_entries (
  organization_id TEXT NOT NULL, seq INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
  action TEXT NOT NULL, resource_type TEXT NOT NULL, resource_id TEXT,
  actor_kind TEXT NOT NULL, actor_id TEXT, actor_name TEXT, client_address TEXT, user_agent TEXT, request_id TEXT,
  outcome TEXT NOT NULL, state_before TEXT, state_after TEXT, previous_hash BLOB NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (organization_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_entries_by_time ON audit_entries (organization_id, recorded_at, seq);

CREATE TABLE audit_checkpoints (
  organization_id TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, made_at INTEGER NOT NULL,
  public_key BLOB NOT NULL, signature BLOB NOT NULL,
  PRIMARY KEY (organization_id, seq)
) STRICT, WITHOUT ROWID;

-- One row: the installation's key. is_sealed: the private key can be read with the secret key of the installation alone.
CREATE TABLE audit_signing_key (
  id INTEGER PRIMARY KEY, public_key BLOB NOT NULL, private_key BLOB NOT NULL, is_sealed INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
`,
  },
  {
    id: 8,
    sql: `
-- People belong to the installation; memberships tie them to organizations. email_key: the e-mail as it is compared.
CREATE TABLE users (
  id TEXT PRIMARY KEY, email TEXT NOT NULL, email_key TEXT NOT NULL UNIQUE, name TEXT,
  created_at INTEGER NOT NULL, disabled_at INTEGER
) STRICT, WITHOUT ROWID;
-- totp_secret: sealed where totp_sealed is 1; in use since totp_confirmed_at; totp_step: the last one that was used.
CREATE TABLE user_credentials (
  user_id TEXT PRIMARY KEY, password_hash TEXT NOT NULL, password_changed_at INTEGER NOT NULL,
  totp_secret BLOB, totp_sealed INTEGER NOT NULL, totp_confirmed_at INTEGER, totp_step INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE recovery_codes (
  user_id TEXT NOT NULL, code_hash BLOB NOT NULL, used_at INTEGER,
  PRIMARY KEY (user_id, code_hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL, organization_id TEXT NOT NULL,
  created_at INTEGER NOT NULL, refreshed_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  ended_at INTEGER, end_reason TEXT, client_address TEXT, user_agent TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
-- Replaced tokens stay as long as their session, so that one that comes back is known for what it is.
CREATE TABLE refresh_tokens (
  token_hash BLOB PRIMARY KEY, session_id TEXT NOT NULL, created_at INTEGER NOT NULL, replaced_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
-- What tokens are signed with where no secret key is configured.
CREATE TABLE signing_secrets (
  id TEXT PRIMARY KEY, secret BLOB NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
  },
  {
    id: 9,
    sql: `
-- Users are the installation's; whoever has a membership belongs to the organization as well.
CREATE TABLE memberships (
  organization_id TEXT NOT NULL, user_id TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_user ON memberships (user_id, organization_id);
-- scope: organization, own, team:<team_id> or project:<project_id>. One role for each of a member's scopes.
CREATE TABLE role_grants (
  organization_id TEXT NOT NULL, user_id TEXT NOT NULL, scope TEXT NOT NULL, role TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, user_id, scope)
) STRICT, WITHOUT ROWID;
-- permissions: a JSON list.
CREATE TABLE custom_roles (
  organization_id TEXT NOT NULL, role TEXT NOT NULL, description TEXT NOT NULL, permissions TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, role)
) STRICT, WITHOUT ROWID;
-- project_id: the name that records carry; records may carry names that have no row here.
CREATE TABLE projects (
  organization_id TEXT NOT NULL, project_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, archived_at INTEGER,
  PRIMARY KEY (organization_id, project_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE teams (
  organization_id TEXT NOT NULL, team_id TEXT NOT NULL, slug TEXT NOT NULL, name TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, team_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX teams_by_slug ON teams (organization_id, slug);
CREATE TABLE team_projects (
  organization_id TEXT NOT NULL, team_id TEXT NOT NULL, project_id TEXT NOT NULL,
  PRIMARY KEY (organization_id, team_id, project_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE team_members (
  organization_id TEXT NOT NULL, team_id TEXT NOT NULL, user_id TEXT NOT NULL,
  PRIMARY KEY (organization_id, team_id, user_id)
) STRICT, WITHOUT ROWID;
-- email: in lower case. The token itself is shown once to whoever invites.
CREATE TABLE invitations (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, email TEXT NOT NULL, role TEXT NOT NULL, scope TEXT NOT NULL,
  token_hash BLOB NOT NULL, created_by TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  accepted_at INTEGER, revoked_at INTEGER,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invitations_by_token ON invitations (token_hash);
CREATE INDEX invitations_by_email ON invitations (organization_id, email);
-- record_scope: JSON of the part of the records that the maker was limited to; NULL is no limit.
ALTER TABLE exports ADD COLUMN record_scope TEXT;
ALTER TABLE imports ADD COLUMN record_scope TEXT;
`,
  },
  {
    id: 10,
    sql: `
-- UTC milliseconds: no record of before is kept. It never goes back.
INSERT INTO settings VALUES ('records_kept_from', 0);
-- The ids of records that are no longer kept, so that none of them is recorded again.
CREATE TABLE record_keys (
  organization_id TEXT NOT NULL, id BLOB NOT NULL, occurred_at INTEGER NOT NULL,
  entry INTEGER NOT NULL, fingerprint BLOB NOT NULL,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
`,
  }, // What PostgreSQL alone needs is in its own schema.
  { id: 11, sql: "" },
  {
    id: 12,
    sql: `
-- amount: picos in decimal digits, of a budget in money; tokens: of one in tokens. period, scope, thresholds: JSON.
-- team_id: of the team that the scope names by its slug.
CREATE TABLE budgets (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
  amount TEXT, currency TEXT, tokens INTEGER, period TEXT NOT NULL, scope TEXT NOT NULL, team_id TEXT,
  thresholds TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX budgets_by_name ON budgets (organization_id, name);
-- state_before, state_after: JSON of the fields that changed.
CREATE TABLE budget_amendments (
  organization_id TEXT NOT NULL, budget_id TEXT NOT NULL, seq INTEGER NOT NULL, changed_at INTEGER NOT NULL,
  actor_kind TEXT NOT NULL, actor_id TEXT, actor_name TEXT,
  state_before TEXT NOT NULL, state_after TEXT NOT NULL, reason TEXT,
  PRIMARY KEY (organization_id, budget_id, seq)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    id: 13,
    sql: `
-- events: a JSON list. secret, previous_secret: of text, sealed where the bits say so: 1 the present one, 2 the previous one.
-- failing_since, failed_at: the first and the last failure since something was delivered.
CREATE TABLE webhooks (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, url TEXT NOT NULL, description TEXT NOT NULL, events TEXT NOT NULL,
  secret BLOB NOT NULL, previous_secret BLOB, sealed_bits INTEGER NOT NULL, previous_until INTEGER,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, paused_at INTEGER, disabled_at INTEGER, disabled_reason TEXT,
  failing_since INTEGER, failed_at INTEGER,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
-- The outbox: an event as it is sent, and its way to each endpoint, written in the transaction of what they tell of.
CREATE TABLE webhook_events (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
-- due_at: of the next attempt; while one is under way, the end of its lease.
CREATE TABLE webhook_deliveries (
  organization_id TEXT NOT NULL, webhook_id TEXT NOT NULL, id TEXT NOT NULL, event_id TEXT NOT NULL,
  status TEXT NOT NULL, attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, created_at INTEGER NOT NULL,
  finished_at INTEGER, response_status INTEGER, response_body TEXT, error TEXT, duration_ms INTEGER,
  PRIMARY KEY (organization_id, webhook_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (organization_id, webhook_id, due_at) WHERE status = 'pending';
`,
  },
  {
    id: 14,
    sql: `
-- at_limit: JSON. It, when_store_is_away and unpriced mean something where enforcement is 'hard'.
ALTER TABLE budgets ADD COLUMN enforcement TEXT NOT NULL DEFAULT 'soft';
ALTER TABLE budgets ADD COLUMN at_limit TEXT NOT NULL DEFAULT '{"action":"block"}';
ALTER TABLE budgets ADD COLUMN when_store_is_away TEXT NOT NULL DEFAULT 'refuse';
ALTER TABLE budgets ADD COLUMN unpriced TEXT NOT NULL DEFAULT 'refuse';
-- What processes hold of hard budgets: held and, of it, allocated to reservations, in picos or tokens as decimal digits.
-- recalled_at: since when another process waits for what this one holds and has not allocated.
CREATE TABLE budget_leases (
  organization_id TEXT NOT NULL, budget_id TEXT NOT NULL, process_id TEXT NOT NULL,
  held TEXT NOT NULL, allocated TEXT NOT NULL,
  seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, recalled_at INTEGER,
  PRIMARY KEY (organization_id, budget_id, process_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX budget_leases_recalled ON budget_leases (process_id) WHERE recalled_at IS NOT NULL;
`,
  },
  {
    id: 15,
    sql: `
-- What has a kind of channel is a channel, which alerts go to: its url is empty, target is JSON of what may be shown of it,
-- and secret is JSON of the rest. All else is a webhook endpoint.
ALTER TABLE webhooks ADD COLUMN channel_kind TEXT;
ALTER TABLE webhooks ADD COLUMN name TEXT;
ALTER TABLE webhooks ADD COLUMN target TEXT;
CREATE UNIQUE INDEX channels_by_name ON webhooks (organization_id, name) WHERE name IS NOT NULL;
-- Deliveries about one subject go to an endpoint one after the other. delivered_to: JSON of the recipients who have it.
ALTER TABLE webhook_deliveries ADD COLUMN subject TEXT;
ALTER TABLE webhook_deliveries ADD COLUMN delivered_to TEXT;
CREATE INDEX webhook_deliveries_subject ON webhook_deliveries (organization_id, webhook_id, subject, created_at)
  WHERE status = 'pending' AND subject IS NOT NULL;
`,
  },
  {
    id: 16,
    sql: `
-- terms: JSON of what the rule's kind asks for. channels, escalate_to: JSON lists of ids. team_id: as of budgets.
CREATE TABLE alert_rules (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, terms TEXT NOT NULL,
  team_id TEXT, severity TEXT NOT NULL, channels TEXT NOT NULL, quiet_minutes INTEGER NOT NULL,
  escalate_minutes INTEGER, escalate_to TEXT NOT NULL, enabled INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX alert_rules_by_name ON alert_rules (organization_id, name);
-- What is told already of one subject in one period: marks is JSON. revision: whoever writes has read it before the ledger.
CREATE TABLE alert_watches (
  organization_id TEXT NOT NULL, subject TEXT NOT NULL, period TEXT NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER,
  revision INTEGER NOT NULL, marks TEXT NOT NULL,
  PRIMARY KEY (organization_id, subject, period)
) STRICT, WITHOUT ROWID;
-- body: JSON of what does not change. told: JSON of the channels that know of it; escalate_to: of those that may come to.
CREATE TABLE alerts (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, rule_id TEXT NOT NULL, budget_id TEXT, severity TEXT NOT NULL,
  state TEXT NOT NULL, body TEXT NOT NULL, told TEXT NOT NULL, escalate_to TEXT NOT NULL, escalate_at INTEGER,
  opened_at INTEGER NOT NULL, acknowledged_at INTEGER, escalated_at INTEGER, resolved_at INTEGER, resolved_because TEXT,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_to_escalate ON alerts (organization_id, escalate_at) WHERE escalate_at IS NOT NULL;
CREATE TABLE alert_steps (
  organization_id TEXT NOT NULL, alert_id TEXT NOT NULL, step TEXT NOT NULL, at INTEGER NOT NULL,
  actor_kind TEXT, actor_id TEXT, actor_name TEXT, note TEXT,
  PRIMARY KEY (organization_id, alert_id, step)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    id: 17,
    sql: `
-- Who listens to what is committed: until listened_until, or for as long as webhooks want it. Entries from first_seq to
-- head_seq are kept; records counts what they named, ever.
CREATE TABLE ledger_feeds (
  organization_id TEXT NOT NULL, listened_until INTEGER NOT NULL, has_webhooks INTEGER NOT NULL,
  first_seq INTEGER NOT NULL, head_seq INTEGER NOT NULL, records INTEGER NOT NULL,
  PRIMARY KEY (organization_id)
) STRICT, WITHOUT ROWID;
-- One transaction: kind is created or updated, ids are of 16 bytes each, records is the count of the feed with them.
CREATE TABLE ledger_feed (
  organization_id TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, ids BLOB NOT NULL,
  records INTEGER NOT NULL, written_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, seq)
) STRICT, WITHOUT ROWID;
-- What webhooks are told of next.
CREATE TABLE ledger_feed_cursors (
  organization_id TEXT NOT NULL, seq INTEGER NOT NULL, slot INTEGER NOT NULL,
  PRIMARY KEY (organization_id)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    id: 18,
    sql: `
-- How reservations of other processes ended, for their owners to hear of; kept until these would have expired.
CREATE TABLE reservation_ends (
  organization_id TEXT NOT NULL, process_id TEXT NOT NULL, number INTEGER NOT NULL, how TEXT NOT NULL,
  expires_at INTEGER NOT NULL, told_at INTEGER,
  PRIMARY KEY (organization_id, process_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_ends_to_hear ON reservation_ends (process_id) WHERE told_at IS NULL;
-- Who may go beyond a budget's amount once, and who decided it. estimate: JSON of what was asked for. state: pending,
-- approved, denied or used.
CREATE TABLE budget_approvals (
  organization_id TEXT NOT NULL, id TEXT NOT NULL, budget_id TEXT NOT NULL, estimate TEXT NOT NULL, state TEXT NOT NULL,
  requested_at INTEGER NOT NULL, requested_by TEXT NOT NULL, decided_at INTEGER, decided_by TEXT, used_at INTEGER,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX budget_approvals_by_budget ON budget_approvals (organization_id, budget_id, state);
`,
  },
  {
    id: 19,
    sql: `
-- limits: JSON of what a key may use of tokens and money.
ALTER TABLE api_keys ADD COLUMN limits TEXT;
-- What was recorded and reserved lately, under whoever has limits: subject is a key's id, or empty for the organization.
-- unit: tokens or a currency. amount: tokens or picos in decimal digits.
CREATE TABLE quantity_counts (
  organization_id TEXT NOT NULL, subject TEXT NOT NULL, unit TEXT NOT NULL, span TEXT NOT NULL,
  starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, amount TEXT NOT NULL,
  PRIMARY KEY (organization_id, subject, unit, span, starts_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX quantity_counts_by_end ON quantity_counts (organization_id, ends_at);
-- The budget that this one is a part of.
ALTER TABLE budgets ADD COLUMN parent_id TEXT;
CREATE INDEX budgets_by_parent ON budgets (organization_id, parent_id) WHERE parent_id IS NOT NULL;
`,
  },
  {
    id: 20,
    sql: `
-- transfer: JSON of what was transferred to or from which budget.
ALTER TABLE budget_amendments ADD COLUMN transfer TEXT;
`,
  },
  {
    id: 21,
    sql: `
-- asker: kind and id of who asked for it, absent of what was asked for before.
ALTER TABLE budget_approvals ADD COLUMN asker TEXT;
`,
  },
  {
    id: 22,
    sql: `
-- The API key that recorded it; NULL where no key did, or nobody knows any more which.
ALTER TABLE series ADD COLUMN api_key_id TEXT;
`,
  },
  {
    id: 23,
    sql: `
-- What each value of has the budget's amount by itself: user, project, team, api_key, model, provider or tag:KEY.
ALTER TABLE budgets ADD COLUMN per TEXT;
-- value: what of a budget is held, '' where it has one amount, else the key of a value: '=' and the value, or '-' for none.
CREATE TABLE budget_value_leases (
  organization_id TEXT NOT NULL, budget_id TEXT NOT NULL, value TEXT NOT NULL, process_id TEXT NOT NULL,
  held TEXT NOT NULL, allocated TEXT NOT NULL,
  seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, recalled_at INTEGER,
  PRIMARY KEY (organization_id, budget_id, value, process_id)
) STRICT, WITHOUT ROWID;
INSERT INTO budget_value_leases
  SELECT organization_id, budget_id, '', process_id, held, allocated, seen_at, expires_at, recalled_at FROM budget_leases;
DROP TABLE budget_leases;
ALTER TABLE budget_value_leases RENAME TO budget_leases;
CREATE INDEX budget_leases_recalled ON budget_leases (process_id) WHERE recalled_at IS NOT NULL;
CREATE INDEX budget_leases_by_end ON budget_leases (organization_id, expires_at);
`,
  },
  {
    id: 24,
    sql: `
-- Tokens by which a forgotten password is replaced, once. made_by: user:, key: or process:<id> of an administrator who
-- hands it over, in organization_id; NULL of one that went to the user by mail.
CREATE TABLE password_resets (
  token_hash BLOB NOT NULL, user_id TEXT NOT NULL, made_by TEXT, organization_id TEXT,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY (token_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX password_resets_by_user ON password_resets (user_id);
`,
  },
  {
    id: 26,
    sql: `
-- Of an endpoint that is deleted once nobody has asked for its deliveries for lease_ms; NULL of all others.
ALTER TABLE webhooks ADD COLUMN lease_ms INTEGER;
ALTER TABLE webhooks ADD COLUMN leased_until INTEGER;
`,
  },
  {
    id: 27,
    sql: `
-- 1 of what the parent set for its tenant, in whose organization it is.
ALTER TABLE budgets ADD COLUMN set_by_parent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX budgets_set_by_parent ON budgets (id) WHERE set_by_parent = 1;
`,
  },
  { id: 28, sql: viewTables },
  { id: 29, sql: savedColumns },
  {
    id: 30,
    sql: `
-- reported, estimated, partial or void, as records.usage_status; NULL of series of before, where nobody knows.
ALTER TABLE series ADD COLUMN usage_status TEXT;
`,
  },
  { id: 31, sql: dayTables },
  { id: 32, sql: settledSeries },
  // Of PostgreSQL alone: see postgres/schema.ts.
  { id: 33, sql: "" },
];
