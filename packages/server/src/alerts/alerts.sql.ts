import type { Alert, AlertNote, AlertQuery } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import { processActor } from "../audit/actor.ts";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { notifyChannels } from "../channels/notify-channels.sql.ts";
import { noteAlertInFeed } from "../feed/feed.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { installationWrite, type OfOrganization, storeChange, storeRead } from "../store/operation.ts";
import { emitEvent } from "../webhooks/outbox.sql.ts";

type Step = Alert["history"][number]["step"];
type Ending = NonNullable<Alert["resolved_because"]>;

/** What never changes about an alert. */
type AlertBody = Pick<
  Alert,
  "rule_name" | "kind" | "title" | "text" | "details" | "budget_name" | "threshold" | "value" | "period"
>;

interface AlertRow {
  readonly organization_id: string;
  readonly id: string;
  readonly rule_id: string;
  readonly budget_id: string | null;
  readonly severity: Alert["severity"];
  readonly state: Alert["state"];
  readonly body: string;
  readonly told: string;
  readonly escalate_to: string;
  readonly opened_at: number;
  readonly acknowledged_at: number | null;
  readonly escalated_at: number | null;
  readonly resolved_at: number | null;
  readonly resolved_because: Ending | null;
}

interface StepRow {
  readonly alert_id: string;
  readonly step: Step;
  readonly at: number;
  readonly actor_kind: string | null;
  readonly actor_id: string | null;
  readonly actor_name: string | null;
  readonly note: string | null;
}

interface NamedAlert extends OfOrganization {
  readonly id: string;
}

/** A new alert, with whom it is told to at once and, if nobody acknowledges it, later. */
export interface AlertOpening extends AlertBody {
  readonly id: string;
  readonly ruleId: string;
  readonly budgetId: string | null;
  readonly severity: Alert["severity"];
  readonly channels: readonly string[];
  readonly escalateTo: readonly string[];
  /** UTC milliseconds; null is never. */
  readonly escalateAtMs: number | null;
}

const columns = `organization_id, id, rule_id, budget_id, severity, state, body, told, escalate_to, opened_at,
  acknowledged_at, escalated_at, resolved_at, resolved_because`;
const instant = (ms: number | null): string | null => (ms === null ? null : formatInstant(ms));
const stepOrder: readonly Step[] = ["triggered", "escalated", "acknowledged", "resolved"];

function toWire(row: AlertRow, steps: readonly StepRow[]): Alert {
  const { rule_name, kind, title, text, details, budget_name, threshold, value, period } = JSON.parse(
    row.body,
  ) as AlertBody;
  const ordered = steps.toSorted((a, b) => a.at - b.at || stepOrder.indexOf(a.step) - stepOrder.indexOf(b.step));
  return {
    id: row.id,
    organization_id: row.organization_id,
    rule_id: row.rule_id,
    rule_name,
    kind,
    severity: row.severity,
    state: row.state,
    title,
    text,
    details,
    budget_id: row.budget_id,
    budget_name,
    threshold,
    value,
    period,
    opened_at: formatInstant(row.opened_at),
    acknowledged_at: instant(row.acknowledged_at),
    escalated_at: instant(row.escalated_at),
    resolved_at: instant(row.resolved_at),
    resolved_because: row.resolved_because,
    history: ordered.map((step) => ({
      step: step.step,
      at: formatInstant(step.at),
      by: step.actor_kind === null ? null : { kind: step.actor_kind, id: step.actor_id, name: step.actor_name },
      note: step.note,
    })),
  };
}

async function withSteps(
  connection: StoreConnection,
  organizationId: string,
  rows: readonly AlertRow[],
): Promise<readonly Alert[]> {
  if (rows.length === 0) return [];
  const steps = await connection.all<StepRow>(
    `SELECT alert_id, step, at, actor_kind, actor_id, actor_name, note FROM alert_steps
     WHERE organization_id = ? AND alert_id IN (${rows.map(() => "?").join(", ")})`,
    organizationId,
    ...rows.map(({ id }) => id),
  );
  const byAlert = Map.groupBy(steps, ({ alert_id }) => alert_id);
  return rows.map((row) => toWire(row, byAlert.get(row.id) ?? []));
}

async function findRow(connection: StoreConnection, { organizationId, id }: NamedAlert): Promise<AlertRow | undefined> {
  return connection.get<AlertRow>(
    `SELECT ${columns} FROM alerts WHERE organization_id = ? AND id = ?`,
    organizationId,
    id,
  );
}

async function requireRow(connection: StoreConnection, named: NamedAlert): Promise<AlertRow> {
  const row = await findRow(connection, named);
  if (row === undefined) throw new Refusal("NOT_FOUND", "There is no alert with this id.");
  return row;
}

async function readAlert(connection: StoreConnection, named: NamedAlert): Promise<Alert> {
  const [alert] = await withSteps(connection, named.organizationId, [await requireRow(connection, named)]);
  return alert as Alert;
}

interface NewStep {
  readonly step: Step;
  readonly atMs: number;
  /** Whether somebody did it; otherwise it came about. */
  readonly isByHand?: boolean;
  readonly note?: string | undefined;
}

/** Writes a step down and tells of it, in the caller's transaction. */
async function takeStep(
  connection: StoreConnection,
  { organizationId, id }: NamedAlert,
  { step, atMs, isByHand = false, note }: NewStep,
): Promise<Alert> {
  const actor = isByHand ? (connection.actor ?? processActor) : undefined;
  await connection.run(
    `INSERT INTO alert_steps (organization_id, alert_id, step, at, actor_kind, actor_id, actor_name, note)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    organizationId,
    id,
    step,
    atMs,
    actor?.kind ?? null,
    actor?.id ?? null,
    actor?.name ?? null,
    note ?? null,
  );
  const row = await requireRow(connection, { organizationId, id });
  const alert = await readAlert(connection, { organizationId, id });
  await emitEvent(connection, { organizationId, type: `alert.${step}`, data: alert });
  await noteAlertInFeed(connection, organizationId, `alert.${step}`, alert);
  await notifyChannels(connection, {
    organizationId,
    channelIds: JSON.parse(row.told) as string[],
    alert: {
      alert_id: id,
      kind: alert.kind,
      phase: step,
      severity: alert.severity,
      title: alert.title,
      text: alert.text,
      details: alert.details,
      occurred_at: formatInstant(atMs),
      dedup_key: id,
    },
  });
  return alert;
}

/** Opens an alert and tells of it, in the caller's transaction. */
export async function openAlert(
  connection: StoreConnection,
  organizationId: string,
  { id, ruleId, budgetId, severity, channels, escalateTo, escalateAtMs, ...body }: AlertOpening,
  nowMs: number,
): Promise<Alert> {
  await connection.run(
    `INSERT INTO alerts (organization_id, id, rule_id, budget_id, severity, state, body, told, escalate_to, escalate_at,
       opened_at) VALUES (?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?)`,
    organizationId,
    id,
    ruleId,
    budgetId,
    severity,
    JSON.stringify(body satisfies AlertBody),
    JSON.stringify(channels),
    JSON.stringify(escalateTo),
    escalateAtMs,
    nowMs,
  );
  return takeStep(connection, { organizationId, id }, { step: "triggered", atMs: nowMs });
}

/** Resolves an alert that is not yet, and tells of it. */
export async function endAlert(
  connection: StoreConnection,
  named: NamedAlert,
  because: Ending,
  step: Omit<NewStep, "step">,
): Promise<Alert | undefined> {
  const changed = await connection.run(
    `UPDATE alerts SET state = 'resolved', resolved_at = ?, resolved_because = ?, escalate_at = NULL
     WHERE organization_id = ? AND id = ? AND state <> 'resolved'`,
    step.atMs,
    because,
    named.organizationId,
    named.id,
  );
  return changed === 0 ? undefined : takeStep(connection, named, { step: "resolved", ...step });
}

/** Tells of alerts that nobody acknowledged in time. */
export async function escalateAlerts(
  connection: StoreConnection,
  organizationId: string,
  nowMs: number,
): Promise<readonly Alert[]> {
  const rows = await connection.all<AlertRow>(
    `SELECT ${columns} FROM alerts WHERE organization_id = ? AND escalate_at <= ? AND state = 'open' ORDER BY id`,
    organizationId,
    nowMs,
  );
  const escalated: Alert[] = [];
  for (const { id, told, escalate_to } of rows) {
    const all = new Set([...(JSON.parse(told) as string[]), ...(JSON.parse(escalate_to) as string[])]);
    await connection.run(
      "UPDATE alerts SET escalated_at = ?, escalate_at = NULL, told = ? WHERE organization_id = ? AND id = ?",
      nowMs,
      JSON.stringify([...all]),
      organizationId,
      id,
    );
    escalated.push(await takeStep(connection, { organizationId, id }, { step: "escalated", atMs: nowMs }));
  }
  return escalated;
}

export interface AlertPage extends OfOrganization {
  readonly filter: Pick<AlertQuery, "state" | "severity" | "rule_id" | "budget_id">;
  readonly beforeId: string | null;
  readonly limit: number;
}

/** Newest first, and one more than the limit where there are more. */
export const listAlerts = storeRead("alerts.list", async (connection, page: AlertPage) => {
  const { organizationId, filter, beforeId, limit } = page;
  const { state = null, severity = null, rule_id: ruleId = null, budget_id: budgetId = null } = filter;
  const named = { state, severity, rule_id: ruleId, budget_id: budgetId };
  const wanted = Object.entries(named).filter(([, value]) => value !== null);
  const rows = await connection.all<AlertRow>(
    `SELECT ${columns} FROM alerts WHERE organization_id = ? ${wanted.map(([name]) => `AND ${name} = ?`).join(" ")}
       AND (CAST(? AS TEXT) IS NULL OR id < ?) ORDER BY id DESC LIMIT ?`,
    organizationId,
    ...wanted.map(([, value]) => value),
    beforeId,
    beforeId,
    limit + 1,
  );
  return withSteps(connection, organizationId, rows);
});

export const getAlert = storeRead("alerts.get", readAlert);

/** A second time it changes nothing. */
export const acknowledgeAlert = storeChange(
  "alerts.acknowledge",
  async (connection, { note, ...named }: NamedAlert & AlertNote): Promise<Alert> => {
    const row = await requireRow(connection, named);
    if (row.state === "resolved") throw new Refusal("CONFLICT", "The alert is resolved already.");
    if (row.state === "acknowledged") return readAlert(connection, named);
    const nowMs = connection.now();
    await connection.run(
      `UPDATE alerts SET state = 'acknowledged', acknowledged_at = ?, escalate_at = NULL
       WHERE organization_id = ? AND id = ?`,
      nowMs,
      named.organizationId,
      named.id,
    );
    return byHand(connection, named, "acknowledge", (step) =>
      takeStep(connection, named, { step: "acknowledged", note, atMs: nowMs, ...step }),
    );
  },
);

/** A second time it changes nothing. */
export const resolveAlert = storeChange(
  "alerts.resolve",
  async (connection, { note, ...named }: NamedAlert & AlertNote): Promise<Alert> => {
    const row = await requireRow(connection, named);
    if (row.state === "resolved") return readAlert(connection, named);
    return byHand(connection, named, "resolve", async (step) => {
      await endAlert(connection, named, "by_hand", { note, atMs: connection.now(), ...step });
      return readAlert(connection, named);
    });
  },
);

async function byHand(
  connection: StoreConnection,
  { organizationId, id }: NamedAlert,
  action: "acknowledge" | "resolve",
  take: (step: { readonly isByHand: true }) => Promise<Alert>,
): Promise<Alert> {
  const alert = await take({ isByHand: true });
  await recordChange(connection, {
    organizationId,
    action: `alerts.${action}`,
    resource: { type: "alert", id },
    after: { state: alert.state, title: alert.title, note: alert.history.at(-1)?.note ?? null },
  });
  return alert;
}

/** How long alerts are kept after they were resolved: a year to look back at, and the month that it is compared with. */
export const keptMs = 400 * 86_400_000;

/** Forgets alerts that were resolved before more time than they are kept. */
export const sweepAlerts = installationWrite(
  "alerts.sweep",
  async (connection, { nowMs }: { readonly nowMs: number }): Promise<void> => {
    const beforeMs = nowMs - keptMs;
    await connection.run(
      `DELETE FROM alert_steps WHERE EXISTS (SELECT 1 FROM alerts a
         WHERE a.organization_id = alert_steps.organization_id AND a.id = alert_steps.alert_id AND a.resolved_at < ?)`,
      beforeMs,
    );
    await connection.run("DELETE FROM alerts WHERE resolved_at < ?", beforeMs);
  },
  "what is forgotten is over; the trail keeps what people did about it",
);

/** For the registry. */
export const alertOperations = [listAlerts, getAlert, acknowledgeAlert, resolveAlert, sweepAlerts] as const;
