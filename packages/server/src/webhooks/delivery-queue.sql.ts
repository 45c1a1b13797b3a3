import type { ChannelKind } from "@llm-cost-ops/contract";
import { recordChange } from "../audit/audit-entries.sql.ts";
import type { StoreConnection } from "../store/connection.ts";
import { installationWrite, type OfOrganization, promptRead, storeWrite } from "../store/operation.ts";
import { requireWebhook, type SecretsRow, secretsAt } from "./endpoints.sql.ts";
import { emitEvent } from "./outbox.sql.ts";
import { failingMs } from "./retry-schedule.ts";
import type { KeptSecret } from "./secrets.ts";

/** How long an attempt belongs to the sender that claimed it; longer than one may take. */
export const leaseMs = 60_000;

/** How long events and deliveries are kept. */
export const keptMs = 30 * 86_400_000;

/** Failures further apart than this are not one lasting failure: while something is tried they come closer together. */
const apartMs = 86_400_000;

/** Deliveries of one sender under way at most: of all, of one organization, of one endpoint, and of one that fails. */
export interface Places {
  readonly all: number;
  readonly organization: number;
  readonly endpoint: number;
  readonly failing: number;
}

/** What is known of a channel without its secret. */
export interface ClaimedChannel {
  readonly kind: ChannelKind;
  /** JSON. */
  readonly target: string;
}

/** A delivery as its sender gets it. */
export interface ClaimedDelivery extends OfOrganization {
  readonly webhookId: string;
  /** Of an endpoint that is a channel. */
  readonly channel: ClaimedChannel | undefined;
  readonly id: string;
  /** This one included. */
  readonly attempts: number;
  readonly createdAtMs: number;
  readonly url: string;
  readonly secrets: readonly [KeptSecret, ...KeptSecret[]];
  readonly eventId: string;
  readonly body: string;
  /** Those of several recipients whom earlier attempts have reached. */
  readonly deliveredTo: readonly string[];
}

const active = "paused_at IS NULL AND disabled_at IS NULL";
const pendingOf = `FROM webhook_deliveries d WHERE d.organization_id = webhooks.organization_id AND d.webhook_id = webhooks.id
  AND d.status = 'pending'`;
/** What comes first about the same subject is sent first: a message that all is well again must not be overtaken. */
const inTurn = `(d.subject IS NULL OR NOT EXISTS (SELECT 1 FROM webhook_deliveries o
  WHERE o.organization_id = d.organization_id AND o.webhook_id = d.webhook_id AND o.status = 'pending'
    AND o.subject = d.subject AND o.created_at < d.created_at))`;

/** Whether anything is to be sent to anybody, and when next; a delivery under way is due when its lease ends. */
export const nextDelivery = promptRead(
  "webhooks.next",
  async (connection, _args: null): Promise<{ readonly endpoints: number; readonly dueMs: number | null }> => {
    const row = await connection.get<{ readonly endpoints: number; readonly due_at: number | null }>(
      `SELECT count(*) AS endpoints, min((SELECT d.due_at ${pendingOf} AND ${inTurn} ORDER BY d.due_at LIMIT 1)) AS due_at FROM webhooks WHERE ${active}`,
    );
    return { endpoints: Number(row?.endpoints ?? 0), dueMs: row?.due_at ?? null };
  },
);

interface EndpointRow extends SecretsRow {
  readonly organization_id: string;
  readonly id: string;
  readonly url: string;
  readonly channel_kind: ChannelKind | null;
  readonly target: string | null;
  readonly failing_since: number | null;
}

interface PendingRow {
  readonly id: string;
  readonly attempts: number;
  readonly created_at: number;
  readonly event_id: string;
  readonly body: string;
  readonly delivered_to: string | null;
}

/** What a sender has under way, one entry each. */
type UnderWay = readonly Pick<ClaimedDelivery, "organizationId" | "webhookId">[];

const countBy = (underWay: UnderWay, key: (one: UnderWay[number]) => string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const one of underWay) counts.set(key(one), (counts.get(key(one)) ?? 0) + 1);
  return counts;
};

const ofOutbox = "it moves what is to be sent; who caused it is told where it was caused";

/**
 * Takes deliveries that are due, or whose sender let its lease run out, as far as there are places. Endpoints that work come
 * first, and no endpoint or organization gets more than its places, so that those that do not answer hold up nobody else.
 */
export const claimDeliveries = installationWrite(
  "webhooks.claim",
  async (
    connection,
    { underWay, places }: { readonly underWay: UnderWay; readonly places: Places },
  ): Promise<readonly ClaimedDelivery[]> => {
    const nowMs = connection.now();
    const endpoints = await connection.all<EndpointRow>(
      `SELECT organization_id, id, url, channel_kind, target, secret, previous_secret, sealed_bits, previous_until, failing_since
       FROM webhooks WHERE ${active} AND EXISTS (SELECT 1 ${pendingOf} AND d.due_at <= ? AND ${inTurn})
       ORDER BY CASE WHEN failing_since IS NULL THEN 0 ELSE 1 END, organization_id, id`,
      nowMs,
    );
    const ofOrganizations = countBy(underWay, ({ organizationId }) => organizationId);
    const ofEndpoints = countBy(underWay, ({ organizationId, webhookId }) => `${organizationId} ${webhookId}`);
    const claimed: ClaimedDelivery[] = [];
    for (const endpoint of endpoints) {
      const { organization_id: organizationId, id } = endpoint;
      const isFailing = endpoint.failing_since !== null;
      const inOrganization = ofOrganizations.get(organizationId) ?? 0;
      const free = Math.min(
        // Those that fail never get the last half of all places.
        (isFailing ? places.all / 2 : places.all) - underWay.length - claimed.length,
        places.organization - inOrganization,
        (isFailing ? places.failing : places.endpoint) - (ofEndpoints.get(`${organizationId} ${id}`) ?? 0),
      );
      if (free <= 0) continue;
      const taken = await claimOf(connection, endpoint, Math.floor(free), nowMs);
      ofOrganizations.set(organizationId, inOrganization + taken.length);
      claimed.push(...taken);
    }
    return claimed;
  },
  ofOutbox,
);

async function claimOf(
  connection: StoreConnection,
  endpoint: EndpointRow,
  limit: number,
  nowMs: number,
): Promise<readonly ClaimedDelivery[]> {
  const { organization_id: organizationId, id: webhookId, url, channel_kind: kind, target } = endpoint;
  const due = await connection.all<PendingRow>(
    `SELECT d.id, d.attempts, d.created_at, d.event_id, d.delivered_to, e.body FROM webhook_deliveries d
     JOIN webhook_events e ON e.organization_id = d.organization_id AND e.id = d.event_id
     WHERE d.organization_id = ? AND d.webhook_id = ? AND d.status = 'pending' AND d.due_at <= ? AND ${inTurn}
     ORDER BY d.due_at, d.id LIMIT ?`,
    organizationId,
    webhookId,
    nowMs,
    limit,
  );
  const claimed: ClaimedDelivery[] = [];
  for (const row of due) {
    const taken = await connection.run(
      `UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = ?
       WHERE organization_id = ? AND webhook_id = ? AND id = ? AND status = 'pending' AND attempts = ? AND due_at <= ?`,
      nowMs + leaseMs,
      organizationId,
      webhookId,
      row.id,
      row.attempts,
      nowMs,
    );
    // Where claims run side by side, another sender may have taken it since it was read.
    if (taken === 0) continue;
    claimed.push({
      organizationId,
      webhookId,
      channel: kind === null ? undefined : { kind, target: target ?? "{}" },
      id: row.id,
      attempts: row.attempts + 1,
      createdAtMs: row.created_at,
      url,
      secrets: secretsAt(endpoint, nowMs),
      eventId: row.event_id,
      body: row.body,
      deliveredTo: row.delivered_to === null ? [] : (JSON.parse(row.delivered_to) as string[]),
    });
  }
  return claimed;
}

/** How an attempt ended. */
export interface AttemptEnd {
  readonly outcome: "succeeded" | "failed";
  /** Of one that failed: when it is tried again, UTC milliseconds; null where it is not. */
  readonly againMs: number | null;
  /** The endpoint said that it is gone for ever. */
  readonly isGone: boolean;
  readonly responseStatus: number | null;
  readonly responseBody: string | null;
  readonly error: string | null;
  readonly durationMs: number;
  /** Those of several recipients who have it by now; absent where that is all or nobody. */
  readonly deliveredTo?: readonly string[] | undefined;
}

type Attempt = Pick<ClaimedDelivery, "organizationId" | "webhookId" | "id" | "attempts">;

/**
 * Ends an attempt, and disables an endpoint that failed for too long. The failure of an attempt whose lease went to another
 * sender changes nothing; its success counts, for the receiver has it.
 */
export const finishDelivery = storeWrite(
  "webhooks.finish",
  async (connection, { end, ...attempt }: Attempt & { readonly end: AttemptEnd }): Promise<void> => {
    const nowMs = connection.now();
    const { organizationId, webhookId, id, attempts } = attempt;
    const isOver = end.outcome === "succeeded" || end.againMs === null;
    const changed = await connection.run(
      `UPDATE webhook_deliveries SET status = ?, due_at = ?, finished_at = ?, response_status = ?, response_body = ?,
         error = ?, duration_ms = ?, delivered_to = CAST(? AS TEXT)
       WHERE organization_id = ? AND webhook_id = ? AND id = ? AND status = 'pending' AND (attempts = ? OR ? = 1)`,
      isOver ? end.outcome : "pending",
      end.againMs ?? nowMs,
      isOver ? nowMs : null,
      end.responseStatus,
      end.responseBody,
      end.error,
      end.durationMs,
      end.deliveredTo === undefined ? null : JSON.stringify(end.deliveredTo),
      organizationId,
      webhookId,
      id,
      attempts,
      end.outcome === "succeeded" ? 1 : 0,
    );
    if (changed === 0) return;
    if (end.outcome === "succeeded") {
      await connection.run(
        `UPDATE webhooks SET failing_since = NULL, failed_at = NULL
         WHERE organization_id = ? AND id = ? AND failing_since IS NOT NULL`,
        organizationId,
        webhookId,
      );
    } else await noteFailure(connection, attempt, end, nowMs);
  },
  ofOutbox,
);

async function noteFailure(
  connection: StoreConnection,
  { organizationId, webhookId }: Attempt,
  { isGone }: AttemptEnd,
  nowMs: number,
): Promise<void> {
  const row = await connection.get<{
    readonly failing_since: number | null;
    readonly failed_at: number | null;
    readonly disabled_at: number | null;
    readonly channel_kind: ChannelKind | null;
  }>(
    "SELECT failing_since, failed_at, disabled_at, channel_kind FROM webhooks WHERE organization_id = ? AND id = ?",
    organizationId,
    webhookId,
  );
  if (row === undefined || row.disabled_at !== null) return;
  const isLasting = row.failing_since !== null && nowMs - (row.failed_at ?? nowMs) <= apartMs;
  const sinceMs = isLasting ? (row.failing_since ?? nowMs) : nowMs;
  const lasting = isGone ? "gone" : nowMs - sinceMs >= failingMs ? "failing" : null;
  // A channel is never given up: what is wrong may be mended, and an alert that nobody hears is worse than one sent in vain.
  const reason = row.channel_kind === null ? lasting : null;
  await connection.run(
    `UPDATE webhooks SET failing_since = ?, failed_at = ?, disabled_at = ?, disabled_reason = ?
     WHERE organization_id = ? AND id = ?`,
    sinceMs,
    nowMs,
    reason === null ? null : nowMs,
    reason,
    organizationId,
    webhookId,
  );
  if (reason === null) return;
  await recordChange(connection, {
    organizationId,
    action: "webhooks.disable",
    resource: { type: "webhook", id: webhookId },
    after: { status: "disabled", disabled_reason: reason },
  });
  const { url, description, failing_since } = await requireWebhook(connection, { organizationId, id: webhookId });
  // Its address may hold a token, which is no business of other receivers.
  const data = { webhook_id: webhookId, host: new URL(url).host, description, disabled_reason: reason, failing_since };
  await emitEvent(connection, { organizationId, type: "webhook.disabled", data });
}

/** Forgets what is older than is kept. What is still pending then waited for an endpoint that was paused or disabled. */
export const sweepDeliveries = installationWrite(
  "webhooks.sweep",
  async (connection, _args: null): Promise<void> => {
    const beforeMs = connection.now() - keptMs;
    await connection.run("DELETE FROM webhook_deliveries WHERE created_at < ?", beforeMs);
    await connection.run(
      `DELETE FROM webhook_events WHERE created_at < ? AND NOT EXISTS (
         SELECT 1 FROM webhook_deliveries d
         WHERE d.organization_id = webhook_events.organization_id AND d.event_id = webhook_events.id)`,
      beforeMs,
    );
  },
  ofOutbox,
);

/** For the registry. */
export const deliveryQueueOperations = [nextDelivery, claimDeliveries, finishDelivery, sweepDeliveries] as const;
