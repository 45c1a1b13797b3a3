import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, storeChange, storeRead } from "../store/operation.ts";
import { type Actor, type ActorKind, processActor } from "./actor.ts";
import { type AuditEntry, type AuditOutcome, hashOf, noHash } from "./entry.ts";

/** Something that the trail tells of. */
export interface AuditEvent {
  /** Whose trail tells of it. */
  readonly organizationId: string;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string | null };
  /** What was there before and what is there now; never a secret. */
  readonly before?: unknown;
  readonly after?: unknown;
  /** `success` if absent. */
  readonly outcome?: AuditOutcome;
  /** Who it turned out to be, where that is known only now, as of a sign-in. */
  readonly by?: Pick<Actor, "kind" | "id" | "name">;
}

export interface EntryRow {
  readonly organization_id: string;
  readonly seq: number;
  readonly recorded_at: number;
  readonly action: string;
  readonly resource_type: string;
  readonly resource_id: string | null;
  readonly actor_kind: ActorKind;
  readonly actor_id: string | null;
  readonly actor_name: string | null;
  readonly client_address: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
  readonly outcome: AuditOutcome;
  readonly state_before: string | null;
  readonly state_after: string | null;
  readonly previous_hash: Uint8Array;
  readonly hash: Uint8Array;
}

const columns = `organization_id, seq, recorded_at, action, resource_type, resource_id, actor_kind, actor_id, actor_name,
  client_address, user_agent, request_id, outcome, state_before, state_after, previous_hash, hash`;

export const fromRow = (row: EntryRow): AuditEntry => ({
  organizationId: row.organization_id,
  seq: row.seq,
  atMs: row.recorded_at,
  action: row.action,
  resourceType: row.resource_type,
  resourceId: row.resource_id,
  actorKind: row.actor_kind,
  actorId: row.actor_id,
  actorName: row.actor_name,
  clientAddress: row.client_address,
  userAgent: row.user_agent,
  requestId: row.request_id,
  outcome: row.outcome,
  before: row.state_before,
  after: row.state_after,
  previousHash: row.previous_hash,
  hash: row.hash,
});

export interface ChainHead {
  readonly seq: number;
  readonly hash: Uint8Array;
}

/** The last entry of an organization; of one without entries what comes before the first. */
export async function readHead(connection: StoreConnection, organizationId: string): Promise<ChainHead> {
  const row = await connection.get<ChainHead>(
    "SELECT seq, hash FROM audit_entries WHERE organization_id = ? ORDER BY seq DESC LIMIT 1",
    organizationId,
  );
  return row ?? { seq: 0, hash: noHash };
}

// Nothing is one thing, however it is written: an export could not tell a stored null from none.
const jsonOf = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);

/**
 * Appends an entry to an organization's trail, in the transaction of the change that it tells of: either both are there
 * or neither.
 */
export async function recordChange(connection: StoreConnection, event: AuditEvent): Promise<void> {
  const { organizationId, by } = event;
  if (connection.dialect === "postgres") {
    // An operation of the installation does not wait for the organization's own writes, but the chain has one end.
    await connection.get(
      "SELECT pg_advisory_xact_lock(hashtextextended(CAST(? AS TEXT), 2)) AS locked",
      organizationId,
    );
  }
  const head = await readHead(connection, organizationId);
  const actor = { ...(connection.actor ?? processActor), ...by };
  const entry = {
    organizationId,
    seq: head.seq + 1,
    atMs: connection.now(),
    action: event.action,
    resourceType: event.resource.type,
    resourceId: event.resource.id,
    actorKind: actor.kind,
    actorId: actor.id,
    actorName: actor.name,
    clientAddress: actor.clientAddress,
    userAgent: actor.userAgent,
    requestId: actor.requestId,
    outcome: event.outcome ?? "success",
    before: jsonOf(event.before),
    after: jsonOf(event.after),
    previousHash: head.hash,
  } as const;
  await connection.run(
    `INSERT INTO audit_entries (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    entry.organizationId,
    entry.seq,
    entry.atMs,
    entry.action,
    entry.resourceType,
    entry.resourceId,
    entry.actorKind,
    entry.actorId,
    entry.actorName,
    entry.clientAddress,
    entry.userAgent,
    entry.requestId,
    entry.outcome,
    entry.before,
    entry.after,
    entry.previousHash,
    hashOf(entry),
  );
}

/** An entry by itself, for what changes nothing or was refused and so has no transaction of its own. */
export const recordEvent = storeChange<AuditEvent, void>("audit.record", recordChange);

/** Which entries a question is about; what is absent narrows nothing. */
export interface EntryFilter {
  /** Half-open, UTC milliseconds. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly action?: string | undefined;
  readonly resourceType?: string | undefined;
  readonly resourceId?: string | undefined;
  /** A user, by id or e-mail. */
  readonly userId?: string | undefined;
  readonly keyId?: string | undefined;
}

export interface EntryPage extends OfOrganization {
  readonly filter: EntryFilter;
  /** Newest first reads backwards from `from`, not including it; oldest first forwards. */
  readonly order: "newest" | "oldest";
  readonly from: number | null;
  readonly limit: number;
}

/** Entries of an organization, in the order in which they were written or from the last one backwards. */
export const listEntries = storeRead<EntryPage, readonly AuditEntry[]>(
  "audit.list",
  async (connection, { organizationId, filter, order, from, limit }) => {
    const conditions: (readonly [string, string | number | undefined])[] = [
      ["recorded_at >= ?", filter.fromMs],
      ["recorded_at < ?", filter.toMs],
      [order === "newest" ? "seq < ?" : "seq > ?", from ?? undefined],
      ["action = ?", filter.action],
      ["resource_type = ?", filter.resourceType],
      ["resource_id = ?", filter.resourceId],
      ["actor_kind = 'key' AND actor_id = ?", filter.keyId],
      ["actor_kind = 'user' AND actor_id = ?", filter.userId?.includes("@") ? undefined : filter.userId],
      [
        "actor_kind = 'user' AND lower(actor_name) = lower(?)",
        filter.userId?.includes("@") ? filter.userId : undefined,
      ],
    ];
    const asked = conditions.flatMap(([text, value]) => (value === undefined ? [] : [{ text, value }]));
    const rows = await connection.all<EntryRow>(
      `SELECT ${columns} FROM audit_entries
       WHERE ${["organization_id = ?", ...asked.map(({ text }) => text)].join(" AND ")}
       ORDER BY seq ${order === "newest" ? "DESC" : "ASC"} LIMIT ?`,
      organizationId,
      ...asked.map(({ value }) => value),
      limit,
    );
    return rows.map(fromRow);
  },
);

/** Entries behind one, as they lie in the store, for whoever checks them. */
export const readEntriesBehind = async (
  connection: StoreConnection,
  organizationId: string,
  seq: number,
  limit: number,
): Promise<readonly AuditEntry[]> =>
  (
    await connection.all<EntryRow>(
      `SELECT ${columns} FROM audit_entries WHERE organization_id = ? AND seq > ? ORDER BY seq LIMIT ?`,
      organizationId,
      seq,
      limit,
    )
  ).map(fromRow);
