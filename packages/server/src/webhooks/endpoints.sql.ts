import type { Webhook, WebhookInput, WebhookUpdate } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import { formatInstant } from "@llm-cost-ops/core";
import { watchedChanged } from "../alerts/watched-changes.ts";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { followSubscriptions } from "../feed/tell-webhooks.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, storeChange, storeRead } from "../store/operation.ts";
import type { KeptSecret } from "./secrets.ts";

interface WebhookRow {
  readonly organization_id: string;
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly events: string;
  readonly previous_until: number | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly paused_at: number | null;
  readonly disabled_at: number | null;
  readonly disabled_reason: Webhook["disabled_reason"];
  readonly failing_since: number | null;
  readonly leased_until: number | null;
}

export interface NamedWebhook extends OfOrganization {
  readonly id: string;
}

const columns = `organization_id, id, url, description, events, previous_until, created_at, updated_at, paused_at,
  disabled_at, disabled_reason, failing_since, leased_until`;

const instant = (ms: number | null): string | null => (ms === null ? null : formatInstant(ms));

const toWire = (row: WebhookRow, nowMs: number): Webhook => ({
  id: row.id,
  organization_id: row.organization_id,
  url: row.url,
  description: row.description,
  events: JSON.parse(row.events) as string[],
  status: row.disabled_at !== null ? "disabled" : row.paused_at !== null ? "paused" : "active",
  disabled_reason: row.disabled_reason,
  failing_since: instant(row.failing_since),
  previous_secret_until: instant((row.previous_until ?? 0) > nowMs ? row.previous_until : null),
  leased_until: instant(row.leased_until),
  created_at: formatInstant(row.created_at),
  updated_at: formatInstant(row.updated_at),
});

export async function requireWebhook(connection: StoreConnection, named: NamedWebhook): Promise<Webhook> {
  const row = await connection.get<WebhookRow>(
    `SELECT ${columns} FROM webhooks WHERE organization_id = ? AND id = ? AND channel_kind IS NULL`,
    named.organizationId,
    named.id,
  );
  if (row === undefined) throw new Refusal("NOT_FOUND", "There is no webhook with this id.");
  return toWire(row, connection.now());
}

// Addresses of webhooks may hold a token, and the audit trail is kept for ever: it names where they go, not how they get in.
const told = ({ url, description, events, status }: Webhook) => ({
  host: new URL(url).host,
  description,
  events,
  status,
});

const record = (
  connection: StoreConnection,
  action: string,
  { organization_id, id }: Webhook,
  states: { readonly before?: unknown; readonly after?: unknown },
): Promise<void> =>
  recordChange(connection, {
    organizationId: organization_id,
    action: `webhooks.${action}`,
    resource: { type: "webhook", id },
    ...states,
  });

const sealedNow = 1;
const sealedBefore = 2;

export const createWebhook = storeChange(
  "webhooks.create",
  async (
    connection,
    { organizationId, id, input, secret }: NamedWebhook & { readonly input: WebhookInput; readonly secret: KeptSecret },
  ): Promise<Webhook> => {
    const count = await connection.get<{ readonly present: number }>(
      "SELECT count(*) AS present FROM webhooks WHERE organization_id = ? AND channel_kind IS NULL",
      organizationId,
    );
    if (Number(count?.present ?? 0) >= limits.webhooks) {
      throw new Refusal("CONFLICT", `An organization has at most ${limits.webhooks} webhooks.`);
    }
    const nowMs = connection.now();
    const leaseMs = input.lease_seconds === undefined ? null : input.lease_seconds * 1_000;
    await connection.run(
      `INSERT INTO webhooks (organization_id, id, url, description, events, secret, sealed_bits, created_at, updated_at, paused_at,
         lease_ms, leased_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      organizationId,
      id,
      input.url,
      input.description ?? "",
      JSON.stringify([...new Set(input.events)]),
      secret.bytes,
      secret.isSealed ? sealedNow : 0,
      nowMs,
      nowMs,
      input.paused === true ? nowMs : null,
      leaseMs,
      leaseMs === null ? null : nowMs + leaseMs,
    );
    await followSubscriptions(connection, organizationId);
    await watchedChanged(connection, organizationId);
    const made = await requireWebhook(connection, { organizationId, id });
    await record(connection, "create", made, { after: told(made) });
    return made;
  },
);

export const listWebhooks = storeRead("webhooks.list", async (connection, { organizationId }: OfOrganization) => {
  const rows = await connection.all<WebhookRow>(
    `SELECT ${columns} FROM webhooks WHERE organization_id = ? AND channel_kind IS NULL ORDER BY created_at, id`,
    organizationId,
  );
  return rows.map((row) => toWire(row, connection.now()));
});

export const getWebhook = storeRead("webhooks.get", requireWebhook);

export const updateWebhook = storeChange(
  "webhooks.update",
  async (
    connection,
    { organizationId, id, update }: NamedWebhook & { readonly update: WebhookUpdate },
  ): Promise<Webhook> => {
    const before = await requireWebhook(connection, { organizationId, id });
    const { url = before.url, description = before.description, events = before.events, paused } = update;
    const nowMs = connection.now();
    await connection.run(
      "UPDATE webhooks SET url = ?, description = ?, events = ?, updated_at = ? WHERE organization_id = ? AND id = ?",
      url,
      description,
      JSON.stringify([...new Set(events)]),
      nowMs,
      organizationId,
      id,
    );
    if (paused === true) {
      await connection.run(
        "UPDATE webhooks SET paused_at = coalesce(paused_at, ?) WHERE organization_id = ? AND id = ?",
        nowMs,
        organizationId,
        id,
      );
    }
    // Who lets it go on believes that it works again: what failed before counts no more.
    if (paused === false) {
      await connection.run(
        `UPDATE webhooks SET paused_at = NULL, disabled_at = NULL, disabled_reason = NULL, failing_since = NULL, failed_at = NULL
         WHERE organization_id = ? AND id = ?`,
        organizationId,
        id,
      );
    }
    await followSubscriptions(connection, organizationId);
    await watchedChanged(connection, organizationId);
    const after = await requireWebhook(connection, { organizationId, id });
    await record(connection, "update", after, { before: told(before), after: told(after) });
    return after;
  },
);

/** Deletes an endpoint in the caller's transaction, and says so in the trail. */
export async function removeWebhook(connection: StoreConnection, named: NamedWebhook): Promise<void> {
  const { organizationId, id } = named;
  const before = await requireWebhook(connection, named);
  await connection.run(
    "DELETE FROM webhook_deliveries WHERE organization_id = ? AND webhook_id = ?",
    organizationId,
    id,
  );
  await connection.run("DELETE FROM webhooks WHERE organization_id = ? AND id = ?", organizationId, id);
  await followSubscriptions(connection, organizationId);
  await record(connection, "delete", before, { before: told(before) });
}

export const deleteWebhook = storeChange("webhooks.delete", removeWebhook);

export const rotateWebhookSecret = storeChange(
  "webhooks.rotateSecret",
  async (
    connection,
    {
      organizationId,
      id,
      secret,
      overlapMs,
    }: NamedWebhook & { readonly secret: KeptSecret; readonly overlapMs: number },
  ): Promise<Webhook> => {
    await requireWebhook(connection, { organizationId, id });
    const nowMs = connection.now();
    await connection.run(
      `UPDATE webhooks SET previous_secret = secret, secret = ?, previous_until = ?, updated_at = ?,
         sealed_bits = (sealed_bits & ${sealedNow}) * ${sealedBefore} + ?
       WHERE organization_id = ? AND id = ?`,
      secret.bytes,
      nowMs + overlapMs,
      nowMs,
      secret.isSealed ? sealedNow : 0,
      organizationId,
      id,
    );
    const after = await requireWebhook(connection, { organizationId, id });
    await record(connection, "rotateSecret", after, {
      after: { previous_secret_until: after.previous_secret_until },
    });
    return after;
  },
);

/** Secrets as they lie in a row. */
export interface SecretsRow {
  readonly secret: Uint8Array;
  readonly previous_secret: Uint8Array | null;
  readonly sealed_bits: number;
  readonly previous_until: number | null;
}

/** What signs at an instant: the present secret, then the one before while its overlap lasts. */
export function secretsAt(row: SecretsRow, nowMs: number): readonly [KeptSecret, ...KeptSecret[]] {
  const present = { bytes: row.secret, isSealed: (row.sealed_bits & sealedNow) !== 0 };
  const { previous_secret: bytes, previous_until: untilMs } = row;
  if (bytes === null || untilMs === null || untilMs <= nowMs) return [present];
  return [present, { bytes, isSealed: (row.sealed_bits & sealedBefore) !== 0 }];
}

/** For the registry. */
export const webhookOperations = [
  createWebhook,
  listWebhooks,
  getWebhook,
  updateWebhook,
  deleteWebhook,
  rotateWebhookSecret,
] as const;
