import type { AlertRule, AlertRuleInput, AlertRuleUpdate } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { placeScope } from "../budgets/budget-scope.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, storeChange, storeRead } from "../store/operation.ts";
import { changedInput, type RuleTerms, readTerms, type TermsInput, wrong } from "./read-rule.ts";
import { watchedChanged } from "./watched-changes.ts";

interface RuleRow {
  readonly organization_id: string;
  readonly id: string;
  readonly name: string;
  readonly kind: AlertRule["kind"];
  readonly terms: string;
  readonly team_id: string | null;
  readonly severity: AlertRule["severity"];
  readonly channels: string;
  readonly quiet_minutes: number;
  readonly escalate_minutes: number | null;
  readonly escalate_to: string;
  readonly enabled: number;
  readonly created_at: number;
  readonly updated_at: number;
}

interface NamedRule extends OfOrganization {
  readonly id: string;
}

/** A rule with what only the evaluation needs: the id of its scope's team. */
export interface KeptRule {
  readonly rule: AlertRule;
  readonly teamId: string | null;
  readonly updatedAtMs: number;
}

const quietMinutesDefault = 60;

const columns = `organization_id, id, name, kind, terms, team_id, severity, channels, quiet_minutes, escalate_minutes,
  escalate_to, enabled, created_at, updated_at`;

const toWire = (row: RuleRow): AlertRule => ({
  id: row.id,
  organization_id: row.organization_id,
  name: row.name,
  kind: row.kind,
  ...(JSON.parse(row.terms) as RuleTerms),
  severity: row.severity,
  channels: JSON.parse(row.channels) as string[],
  quiet_period_minutes: row.quiet_minutes,
  escalate_after_minutes: row.escalate_minutes,
  escalate_to: JSON.parse(row.escalate_to) as string[],
  enabled: row.enabled === 1,
  created_at: formatInstant(row.created_at),
  updated_at: formatInstant(row.updated_at),
});

/** The rules of an organization that are not switched off. */
export async function enabledRules(connection: StoreConnection, organizationId: string): Promise<readonly KeptRule[]> {
  const rows = await connection.all<RuleRow>(
    `SELECT ${columns} FROM alert_rules WHERE organization_id = ? AND enabled = 1 ORDER BY created_at, id`,
    organizationId,
  );
  return rows.map((row) => ({ rule: toWire(row), teamId: row.team_id, updatedAtMs: row.updated_at }));
}

async function requireRow(connection: StoreConnection, { organizationId, id }: NamedRule): Promise<RuleRow> {
  const row = await connection.get<RuleRow>(
    `SELECT ${columns} FROM alert_rules WHERE organization_id = ? AND id = ?`,
    organizationId,
    id,
  );
  if (row === undefined) throw new Refusal("NOT_FOUND", "There is no alert rule with this id.");
  return row;
}

async function requireFreeName(connection: StoreConnection, organizationId: string, name: string): Promise<void> {
  const taken = await connection.get(
    "SELECT id FROM alert_rules WHERE organization_id = ? AND name = ?",
    organizationId,
    name,
  );
  if (taken === undefined) return;
  throw new Refusal("CONFLICT", "There is an alert rule with this name already.", {
    fieldErrors: { name: "is taken" },
  });
}

/** The ids of channels by their ids or names. */
async function findChannels(
  connection: StoreConnection,
  organizationId: string,
  field: string,
  named: readonly string[],
): Promise<readonly string[]> {
  const ids = new Set<string>();
  for (const [at, name] of named.entries()) {
    const found = await connection.get<{ readonly id: string }>(
      `SELECT id FROM webhooks WHERE organization_id = ?1 AND (id = ?2 OR name = ?2) AND channel_kind IS NOT NULL
       ORDER BY CASE WHEN id = ?2 THEN 0 ELSE 1 END LIMIT 1`,
      organizationId,
      name,
    );
    if (found === undefined) throw wrong(`${field}.${at}`, "names no channel of the organization");
    ids.add(found.id);
  }
  return [...ids];
}

async function findBudgetId(connection: StoreConnection, organizationId: string, named: string): Promise<string> {
  const found = await connection.get<{ readonly id: string }>(
    `SELECT id FROM budgets WHERE organization_id = ?1 AND (id = ?2 OR name = ?2)
     ORDER BY CASE WHEN id = ?2 THEN 0 ELSE 1 END LIMIT 1`,
    organizationId,
    named,
  );
  if (found === undefined) throw wrong("budget", "names no budget of the organization");
  return found.id;
}

interface KeptTerms {
  readonly terms: RuleTerms;
  readonly teamId: string | null;
}

async function keepTerms(connection: StoreConnection, organizationId: string, terms: RuleTerms): Promise<KeptTerms> {
  if (terms.scope === null) return { terms, teamId: null };
  const { scope, teamId } = await placeScope(connection, { organizationId, within: undefined }, terms.scope);
  return { terms: { ...terms, scope }, teamId };
}

function requireEscalation(minutes: number | null, channels: readonly string[]): void {
  if (minutes !== null && channels.length === 0) throw wrong("escalate_to", "must name who an alert escalates to");
}

/** What can be changed about a rule, for the trail. */
const told = ({ id: _, organization_id: _o, created_at: _c, updated_at: _u, ...rest }: AlertRule) =>
  Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));

export const createRule = storeChange(
  "alertRules.create",
  async (
    connection,
    { organizationId, id, input }: NamedRule & { readonly input: AlertRuleInput },
  ): Promise<AlertRule> => {
    await requireFreeName(connection, organizationId, input.name);
    const count = await connection.get<{ readonly present: number }>(
      "SELECT count(*) AS present FROM alert_rules WHERE organization_id = ?",
      organizationId,
    );
    if (Number(count?.present ?? 0) >= limits.alertRules) {
      throw new Refusal("CONFLICT", `An organization has at most ${limits.alertRules} alert rules.`);
    }
    const budgetId = input.budget == null ? undefined : await findBudgetId(connection, organizationId, input.budget);
    const { terms, teamId } = await keepTerms(connection, organizationId, readTerms(input.kind, input, budgetId));
    const channels = await findChannels(connection, organizationId, "channels", input.channels ?? []);
    const escalateTo = await findChannels(connection, organizationId, "escalate_to", input.escalate_to ?? []);
    const escalateMinutes = input.escalate_after_minutes ?? null;
    requireEscalation(escalateMinutes, escalateTo);
    const nowMs = connection.now();
    await connection.run(
      `INSERT INTO alert_rules (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      organizationId,
      id,
      input.name,
      input.kind,
      JSON.stringify(terms),
      teamId,
      input.severity ?? "warning",
      JSON.stringify(channels),
      input.quiet_period_minutes ?? quietMinutesDefault,
      escalateMinutes,
      JSON.stringify(escalateTo),
      input.enabled === false ? 0 : 1,
      nowMs,
      nowMs,
    );
    await watchedChanged(connection, organizationId);
    const made = toWire(await requireRow(connection, { organizationId, id }));
    const resource = { type: "alert_rule", id };
    await recordChange(connection, { organizationId, action: "alertRules.create", resource, after: told(made) });
    return made;
  },
);

export const listRules = storeRead("alertRules.list", async (connection, { organizationId }: OfOrganization) => {
  const rows = await connection.all<RuleRow>(
    `SELECT ${columns} FROM alert_rules WHERE organization_id = ? ORDER BY lower(name), id`,
    organizationId,
  );
  return rows.map(toWire);
});

export const getRule = storeRead("alertRules.get", async (connection, named: NamedRule) =>
  toWire(await requireRow(connection, named)),
);

const touchesTerms = (update: AlertRuleUpdate): boolean =>
  [
    update.budget,
    update.thresholds,
    update.of,
    update.metric,
    update.comparison,
    update.threshold,
    update.currency,
    update.window,
    update.scope,
    update.requests_min,
  ].some((value) => value !== undefined);

async function changedTerms(
  connection: StoreConnection,
  row: RuleRow,
  rule: AlertRule,
  update: AlertRuleUpdate,
): Promise<KeptTerms> {
  if (!touchesTerms(update)) return { terms: JSON.parse(row.terms) as RuleTerms, teamId: row.team_id };
  const input: TermsInput = changedInput(rule, update);
  const budgetId =
    update.budget === undefined
      ? (rule.budget_id ?? undefined)
      : update.budget === null
        ? undefined
        : await findBudgetId(connection, row.organization_id, update.budget);
  const terms = readTerms(rule.kind, input, budgetId);
  // A team that is gone since is no reason to refuse a change of something else.
  if (update.scope === undefined) return { terms, teamId: row.team_id };
  return keepTerms(connection, row.organization_id, terms);
}

export const updateRule = storeChange(
  "alertRules.update",
  async (
    connection,
    { organizationId, id, update }: NamedRule & { readonly update: AlertRuleUpdate },
  ): Promise<AlertRule> => {
    const row = await requireRow(connection, { organizationId, id });
    const before = toWire(row);
    if (update.name !== undefined && update.name !== row.name) {
      await requireFreeName(connection, organizationId, update.name);
    }
    const { terms, teamId } = await changedTerms(connection, row, before, update);
    const channels =
      update.channels === undefined
        ? before.channels
        : await findChannels(connection, organizationId, "channels", update.channels);
    const escalateTo =
      update.escalate_to === undefined
        ? before.escalate_to
        : await findChannels(connection, organizationId, "escalate_to", update.escalate_to);
    const { escalate_after_minutes: escalateMinutes = before.escalate_after_minutes } = update;
    requireEscalation(escalateMinutes, escalateTo);
    // Later than the change before, so that an evaluation can tell that it knew another rule.
    const nowMs = Math.max(connection.now(), row.updated_at + 1);
    await connection.run(
      `UPDATE alert_rules SET name = ?, terms = ?, team_id = ?, severity = ?, channels = ?, quiet_minutes = ?,
         escalate_minutes = ?, escalate_to = ?, enabled = ?, updated_at = ? WHERE organization_id = ? AND id = ?`,
      update.name ?? row.name,
      JSON.stringify(terms),
      teamId,
      update.severity ?? row.severity,
      JSON.stringify(channels),
      update.quiet_period_minutes ?? row.quiet_minutes,
      escalateMinutes,
      JSON.stringify(escalateTo),
      (update.enabled ?? before.enabled) ? 1 : 0,
      nowMs,
      organizationId,
      id,
    );
    await watchedChanged(connection, organizationId);
    const after = toWire(await requireRow(connection, { organizationId, id }));
    await recordChange(connection, {
      organizationId,
      action: "alertRules.update",
      resource: { type: "alert_rule", id },
      before: told(before),
      after: told(after),
    });
    return after;
  },
);

/** What it watched, and its alerts, end with the next evaluation, as where it is switched off. */
export const deleteRule = storeChange("alertRules.delete", async (connection, named: NamedRule): Promise<void> => {
  const { organizationId, id } = named;
  const before = toWire(await requireRow(connection, named));
  await connection.run("DELETE FROM alert_rules WHERE organization_id = ? AND id = ?", organizationId, id);
  const resource = { type: "alert_rule", id };
  await recordChange(connection, { organizationId, action: "alertRules.delete", resource, before: told(before) });
});

/** For the registry. */
export const alertRuleOperations = [createRule, listRules, getRule, updateRule, deleteRule] as const;
