import type { Alert, WebhookEventType } from "@llm-cost-ops/contract";
import { parseInstant } from "@llm-cost-ops/core";
import type { ScopedBudget } from "../budgets/budget.ts";
import { projectsOfTeam } from "../budgets/budget-scope.sql.ts";
import { scopedBudgets } from "../budgets/scoped-budgets.sql.ts";
import { lockTenant } from "../budgets/tenant-budgets.sql.ts";
import type { StoreConnection } from "../store/connection.ts";
import { installationRead, installationWrite, type OfOrganization, storeRead, storeWrite } from "../store/operation.ts";
import { emitEvent } from "../webhooks/outbox.sql.ts";
import { type AlertOpening, endAlert, escalateAlerts, openAlert } from "./alerts.sql.ts";
import type { Marks } from "./crossings.ts";
import { enabledRules, type KeptRule } from "./rules.sql.ts";

/** What is told already of one subject in one period. */
export interface Watch {
  readonly subject: string;
  readonly period: string;
  /** UTC milliseconds; null where the period does not end. */
  readonly fromMs: number;
  readonly toMs: number | null;
  readonly revision: number;
  readonly marks: Marks;
}

export interface WatchedRule extends KeptRule {
  /** The projects that its scope's team has at the moment; undefined where it names none. */
  readonly teamProjects: readonly string[] | undefined;
}

/** Everything of an organization that an evaluation needs beside the ledger. */
export interface Watching {
  readonly rules: readonly WatchedRule[];
  readonly budgets: readonly ScopedBudget[];
  readonly watches: readonly Watch[];
  /** Whether a webhook is to be told of thresholds of budgets. */
  readonly wantsThresholds: boolean;
  readonly hasToEscalate: boolean;
}

interface WatchRow {
  readonly subject: string;
  readonly period: string;
  readonly from_at: number;
  readonly to_at: number | null;
  readonly revision: number;
  readonly marks: string;
}

const thresholdEvents: readonly WebhookEventType[] = ["budget.threshold_exceeded", "budget.exceeded"];
const ofOutbox = "it tells of what the ledger says; nobody does it";

/** The organizations in which there may be something to tell. */
export const watchedOrganizations = installationRead(
  "alerts.watched",
  async (connection, _args: null): Promise<readonly string[]> => {
    const rows = await connection.all<{ readonly organization_id: string }>(
      `SELECT organization_id FROM alert_rules WHERE enabled = 1
       UNION SELECT organization_id FROM alert_watches
       UNION SELECT organization_id FROM alerts WHERE escalate_at IS NOT NULL
       UNION SELECT w.organization_id FROM webhooks w WHERE w.disabled_at IS NULL AND w.events LIKE '%"budget.%exceeded"%'
         AND EXISTS (SELECT 1 FROM budgets b WHERE b.organization_id = w.organization_id)
       UNION SELECT b.organization_id FROM budgets b JOIN organizations o ON o.organization_id = b.organization_id
         JOIN webhooks w ON w.organization_id = o.parent_id
         WHERE b.set_by_parent = 1 AND w.disabled_at IS NULL AND w.events LIKE '%"budget.%exceeded"%'
       ORDER BY organization_id`,
    );
    return rows.map(({ organization_id }) => organization_id);
  },
);

async function wantsThresholds(connection: StoreConnection, organizationId: string): Promise<boolean> {
  const rows = await connection.all<{ readonly events: string }>(
    "SELECT events FROM webhooks WHERE organization_id = ? AND disabled_at IS NULL",
    organizationId,
  );
  return rows.some(({ events }) =>
    (JSON.parse(events) as WebhookEventType[]).some((one) => thresholdEvents.includes(one)),
  );
}

const parentOf = async (connection: StoreConnection, organizationId: string): Promise<string | null> =>
  (
    await connection.get<{ readonly parent_id: string | null }>(
      "SELECT parent_id FROM organizations WHERE organization_id = ?",
      organizationId,
    )
  )?.parent_id ?? null;

/** Whether a tenant's parent is to be told of thresholds of the budgets that it set there. */
export const parentWantsThresholds = installationRead(
  "alerts.parentListens",
  async (connection, { organizationId }: OfOrganization): Promise<boolean> => {
    const parentId = await parentOf(connection, organizationId);
    return parentId !== null && wantsThresholds(connection, parentId);
  },
);

/** To be read before the ledger is: see `keepWatch`. */
export const readWatching = storeRead(
  "alerts.watching",
  async (connection, { organizationId, nowMs }: OfOrganization & { readonly nowMs: number }): Promise<Watching> => {
    const kept = await enabledRules(connection, organizationId);
    const rules: WatchedRule[] = [];
    for (const one of kept) {
      const teamProjects =
        one.teamId === null ? undefined : await projectsOfTeam(connection, organizationId, one.teamId);
      rules.push({ ...one, teamProjects });
    }
    const isWanted = await wantsThresholds(connection, organizationId);
    const set = await connection.get(
      "SELECT id FROM budgets WHERE organization_id = ? AND set_by_parent = 1 LIMIT 1",
      organizationId,
    );
    const needsBudgets = isWanted || set !== undefined || rules.some(({ rule }) => rule.kind === "budget");
    const watches = await connection.all<WatchRow>(
      `SELECT subject, period, from_at, to_at, revision, marks FROM alert_watches WHERE organization_id = ?
       ORDER BY subject, from_at`,
      organizationId,
    );
    const due = await connection.get(
      "SELECT id FROM alerts WHERE organization_id = ? AND escalate_at <= ? LIMIT 1",
      organizationId,
      nowMs,
    );
    return {
      rules,
      budgets: needsBudgets ? await scopedBudgets(connection, organizationId) : [],
      watches: watches.map(({ subject, period, from_at: fromMs, to_at: toMs, revision, marks }) => ({
        ...{ subject, period, fromMs, toMs, revision },
        marks: JSON.parse(marks) as Marks,
      })),
      wantsThresholds: isWanted,
      hasToEscalate: due !== undefined,
    };
  },
);

/** What a crossing was decided by: if it is not so any more, nothing is told. UTC milliseconds. */
export interface Grounds {
  readonly rule: { readonly id: string; readonly updatedAtMs: number } | undefined;
  readonly budget: { readonly id: string; readonly updatedAt: string } | undefined;
}

/** What comes of one look at one subject. */
export interface KeepWatch extends OfOrganization {
  readonly watch: Omit<Watch, "revision">;
  /** Of the watch as it was read; null where there was none. */
  readonly revision: number | null;
  /** The watch is not needed any more. */
  readonly isOver: boolean;
  /** Undefined where nothing is told but ends. */
  readonly grounds: Grounds | undefined;
  readonly opened: readonly AlertOpening[];
  readonly ended: readonly { readonly alertId: string; readonly because: NonNullable<Alert["resolved_because"]> }[];
  readonly events: readonly { readonly type: WebhookEventType; readonly data: unknown }[];
  /** The events are the parent's, of a budget that it set. */
  readonly tellsParent?: true;
  readonly nowMs: number;
}

async function stillHolds(connection: StoreConnection, organizationId: string, { rule, budget }: Grounds) {
  if (rule !== undefined) {
    const row = await connection.get<{ readonly updated_at: number }>(
      "SELECT updated_at FROM alert_rules WHERE organization_id = ? AND id = ? AND enabled = 1",
      organizationId,
      rule.id,
    );
    if (row?.updated_at !== rule.updatedAtMs) return false;
  }
  if (budget === undefined) return true;
  const row = await connection.get<{ readonly updated_at: number }>(
    "SELECT updated_at FROM budgets WHERE organization_id = ? AND id = ?",
    organizationId,
    budget.id,
  );
  return row?.updated_at === parseInstant(budget.updatedAt);
}

async function moveWatch(connection: StoreConnection, { organizationId, watch, revision, isOver }: KeepWatch) {
  const { subject, period, fromMs, toMs, marks } = watch;
  if (revision === null) {
    return connection.run(
      `INSERT INTO alert_watches (organization_id, subject, period, from_at, to_at, revision, marks)
       VALUES (?, ?, ?, ?, ?, 1, ?) ON CONFLICT (organization_id, subject, period) DO NOTHING`,
      organizationId,
      subject,
      period,
      fromMs,
      toMs,
      JSON.stringify(marks),
    );
  }
  const named = [organizationId, subject, period, revision] as const;
  const isNamed = "organization_id = ? AND subject = ? AND period = ? AND revision = ?";
  if (isOver) return connection.run(`DELETE FROM alert_watches WHERE ${isNamed}`, ...named);
  return connection.run(
    `UPDATE alert_watches SET revision = revision + 1, marks = ? WHERE ${isNamed}`,
    JSON.stringify(marks),
    ...named,
  );
}

/**
 * Writes down what is told, and tells it: all or nothing. Who decides has read the watch before the ledger, and the watch
 * must still be the one that was read: so whoever writes knows of the ledger at least what was known to whoever wrote
 * before, and of processes that see the same crossing one tells it. Answers undefined where it is to be looked at again.
 */
export const keepWatch = storeWrite("alerts.keepWatch", keep, ofOutbox);

async function keep(
  connection: StoreConnection,
  kept: KeepWatch,
  listener = kept.organizationId,
): Promise<readonly Alert[] | undefined> {
  const { organizationId, grounds, opened, ended, events, nowMs } = kept;
  if (grounds !== undefined && !(await stillHolds(connection, organizationId, grounds))) return undefined;
  if ((await moveWatch(connection, kept)) === 0) return undefined;
  const told: Alert[] = [];
  for (const opening of opened) told.push(await openAlert(connection, organizationId, opening, nowMs));
  for (const { alertId: id, because } of ended) {
    const alert = await endAlert(connection, { organizationId, id }, because, { atMs: nowMs });
    if (alert !== undefined) told.push(alert);
  }
  for (const event of events) await emitEvent(connection, { organizationId: listener, ...event });
  return told;
}

/** The same where what is watched is the tenant's and the outbox that of its parent. */
export const keepParentsWatch = installationWrite(
  "alerts.keepParentsWatch",
  async (connection, kept: KeepWatch): Promise<readonly Alert[] | undefined> => {
    await lockTenant(connection, kept.organizationId);
    const parentId = await parentOf(connection, kept.organizationId);
    return parentId === null ? undefined : keep(connection, kept, parentId);
  },
  ofOutbox,
);

export const escalateDue = storeWrite(
  "alerts.escalate",
  async (
    connection,
    { organizationId, nowMs }: OfOrganization & { readonly nowMs: number },
  ): Promise<readonly Alert[]> => escalateAlerts(connection, organizationId, nowMs),
  ofOutbox,
);

/** For the registry. */
export const alertWatchOperations = [
  watchedOrganizations,
  parentWantsThresholds,
  readWatching,
  keepWatch,
  keepParentsWatch,
  escalateDue,
] as const;
