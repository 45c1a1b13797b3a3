import type { Alert, CostRecord, LiveEventType, UsageRecord } from "@llm-cost-ops/contract";
import type { SqlValue, StoreConnection } from "../store/connection.ts";
import { installationWrite, type OfOrganization, promptRead, storeRead, storeWrite } from "../store/operation.ts";
import { entryCodes, toCostRecord, toUsageRecord } from "../usage/record-row.ts";
import { findLedgerRows, recordKey } from "../usage/record-store.sql.ts";
import { type FeedPosition, slotOf, slotsOf } from "./feed-position.ts";

/** What a transaction did to the records that it names. */
export type FeedKind = "created" | "updated";
export type AlertEvent = Extract<LiveEventType, `alert.${string}`>;

/** How long entries are kept for whoever comes back, and how many records of an organization they name at most. */
export const feedKeptMs = 86_400_000;
export const feedRecordsMax = 1_000_000;

/** How long an organization goes on being listened to after somebody last said so. */
export const listenedMs = 3_600_000;

/** What other processes may take for the present time: who begins to listen does not rely on the last minute of another. */
const clocksApartMs = 60_000;

/** Of a row of `ledger_feeds`, in a statement whose place is the present time. */
export const isListenedTo = "(has_webhooks = 1 OR listened_until > ?)";

const idBytes = 16;

/** Ids one behind the other, as they lie in an entry. */
export function packIds(ids: readonly Uint8Array[]): Uint8Array {
  const packed = new Uint8Array(ids.length * idBytes);
  for (const [at, id] of ids.entries()) packed.set(id, at * idBytes);
  return packed;
}

const unpackIds = (packed: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: packed.length / idBytes }, (_, at) => packed.subarray(at * idBytes, (at + 1) * idBytes));

/**
 * Notes in the caller's transaction which records it wrote, where somebody listens. The number comes from the row of the
 * organization, which stays locked until the commit: so entries are numbered in the order of their commits, and whoever sees
 * one has seen all before it. Call it last, after the rollups: whoever waits for this row then holds up nobody.
 */
export async function noteInFeed(
  connection: StoreConnection,
  organizationId: string,
  kind: FeedKind,
  ids: readonly Uint8Array[],
): Promise<void> {
  if (ids.length > 0) await insert(connection, organizationId, kind, packIds(ids), ids.length);
}

/** The same of a step of an alert, which is kept as it was then. */
export const noteAlertInFeed = (
  connection: StoreConnection,
  organizationId: string,
  kind: AlertEvent,
  alert: Alert,
): Promise<void> => insert(connection, organizationId, kind, new TextEncoder().encode(JSON.stringify(alert)), 1);

async function insert(
  connection: StoreConnection,
  organizationId: string,
  kind: FeedKind | AlertEvent,
  body: Uint8Array,
  count: number,
): Promise<void> {
  const nowMs = connection.now();
  const head = await connection.get<{ readonly head_seq: number; readonly records: number }>(
    advanceHead,
    count,
    organizationId,
    nowMs,
  );
  if (head === undefined) return;
  await connection.run(insertEntry, organizationId, head.head_seq, kind, body, head.records, nowMs);
}

/** Places: how many records, the organization, the present time. No row where nobody listens. */
export const advanceHead = `UPDATE ledger_feeds SET head_seq = head_seq + 1, records = records + ?
  WHERE organization_id = ? AND ${isListenedTo} RETURNING head_seq, records`;
export const insertEntry =
  "INSERT INTO ledger_feed (organization_id, seq, kind, ids, records, written_at) VALUES (?, ?, ?, ?, ?, ?)";

interface HeadRow {
  readonly organization_id: string;
  readonly listened_until: number;
  readonly has_webhooks: number;
  readonly first_seq: number;
  readonly head_seq: number;
}

const headOf = (connection: StoreConnection, organizationId: string) =>
  connection.get<HeadRow>(
    "SELECT organization_id, listened_until, has_webhooks, first_seq, head_seq FROM ledger_feeds WHERE organization_id = ?",
    organizationId,
  );

/**
 * Sees to it that what is committed from now on is in the feed. Where nobody listened before, appends that are under way on
 * PostgreSQL are waited for, since they looked when nobody did; and a number is left out, so that a position of before the
 * silence is known for one after which something is missing.
 */
async function listen(
  connection: StoreConnection,
  organizationId: string,
  wants: { readonly untilMs?: number; readonly hasWebhooks?: boolean },
): Promise<HeadRow> {
  const nowMs = connection.now();
  let before = await headOf(connection, organizationId);
  const isHeard = before !== undefined && (before.has_webhooks === 1 || before.listened_until > nowMs + clocksApartMs);
  const untilMs = Math.max(before?.listened_until ?? 0, wants.untilMs ?? 0);
  const hasWebhooks = (wants.hasWebhooks ?? before?.has_webhooks === 1) ? 1 : 0;
  if (isHeard && before !== undefined) {
    await connection.run(
      "UPDATE ledger_feeds SET listened_until = ?, has_webhooks = ? WHERE organization_id = ?",
      untilMs,
      hasWebhooks,
      organizationId,
    );
    return { ...before, listened_until: untilMs, has_webhooks: hasWebhooks };
  }
  if (connection.dialect === "postgres") {
    await connection.get("SELECT wait_for_appends()");
    before = await headOf(connection, organizationId);
  }
  const head_seq = (before?.head_seq ?? 0) + 1;
  const row = { organization_id: organizationId, listened_until: untilMs, has_webhooks: hasWebhooks, head_seq };
  await connection.run(
    `INSERT INTO ledger_feeds (organization_id, listened_until, has_webhooks, first_seq, head_seq, records)
     VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (organization_id) DO UPDATE SET listened_until = excluded.listened_until,
       has_webhooks = excluded.has_webhooks, first_seq = excluded.first_seq, head_seq = excluded.head_seq`,
    organizationId,
    untilMs,
    hasWebhooks,
    head_seq + 1,
    head_seq,
  );
  return { ...row, first_seq: head_seq + 1 };
}

const ofFeed = "it says that somebody listens, and changes nothing that anybody is told of";

/** Has the feed written for a while, and gives the position behind everything that is in it. */
export const listenToFeed = storeWrite(
  "feed.listen",
  async (connection, { organizationId }: OfOrganization): Promise<FeedPosition> => {
    const { head_seq } = await listen(connection, organizationId, { untilMs: connection.now() + listenedMs });
    return { seq: head_seq + 1, slot: 0 };
  },
  ofFeed,
);

/**
 * Has the feed written for webhooks from now on, or no longer. In the caller's transaction, which changed endpoints. The
 * cursor is where telling them begins: behind what was committed before.
 */
export async function feedWebhooks(
  connection: StoreConnection,
  organizationId: string,
  wanted: boolean,
): Promise<void> {
  const before = await headOf(connection, organizationId);
  if ((before?.has_webhooks === 1) === wanted) return;
  if (!wanted) {
    await connection.run("UPDATE ledger_feeds SET has_webhooks = 0 WHERE organization_id = ?", organizationId);
    await connection.run("DELETE FROM ledger_feed_cursors WHERE organization_id = ?", organizationId);
    return;
  }
  const { head_seq } = await listen(connection, organizationId, { hasWebhooks: true });
  await connection.run(
    `INSERT INTO ledger_feed_cursors (organization_id, seq, slot) VALUES (?, ?, 0)
     ON CONFLICT (organization_id) DO UPDATE SET seq = excluded.seq, slot = excluded.slot`,
    organizationId,
    head_seq + 1,
  );
}

/** How far the feed of an organization has come. */
export interface FeedHead extends OfOrganization {
  readonly headSeq: number;
  /** Whether something waits to be told to webhooks. */
  readonly isWaiting: boolean;
  readonly hasWebhooks: boolean;
}

/** Of every organization that is listened to. */
export const readFeedHeads = promptRead("feed.heads", async (connection, _args: null): Promise<readonly FeedHead[]> => {
  const rows = await connection.all<HeadRow & { readonly cursor_seq: number | null }>(
    `SELECT f.organization_id, f.has_webhooks, f.head_seq, c.seq AS cursor_seq FROM ledger_feeds f
     LEFT JOIN ledger_feed_cursors c ON c.organization_id = f.organization_id WHERE ${isListenedTo}`,
    connection.now(),
  );
  return rows.map((row) => ({
    organizationId: row.organization_id,
    headSeq: row.head_seq,
    hasWebhooks: row.has_webhooks === 1,
    isWaiting: row.cursor_seq !== null && row.cursor_seq <= row.head_seq,
  }));
});

interface FeedPlace {
  readonly seq: number;
  /** The first one; what is told is numbered from there on. */
  readonly slot: number;
}

/** A step of an alert, as it was then. */
export interface FeedAlert extends FeedPlace {
  readonly kind: AlertEvent;
  readonly alert: Alert;
}

/** A record that a transaction wrote, as it is now. */
export interface FeedRecord extends FeedPlace {
  readonly kind: FeedKind;
  /** Null of a reported cost, which has no usage. */
  readonly usage: UsageRecord | null;
  readonly cost: CostRecord;
}

export type FeedPage =
  | { readonly kind: "page"; readonly items: readonly (FeedRecord | FeedAlert)[]; readonly next: FeedPosition }
  /** What came at the position is not kept any more, or was never there. */
  | { readonly kind: "not kept" };

const alertOf = (body: Uint8Array): Alert => JSON.parse(new TextDecoder().decode(body)) as Alert;

interface EntryRow {
  readonly seq: number;
  readonly kind: FeedKind | AlertEvent;
  readonly ids: Uint8Array;
}

const entriesPerPage = 256;

/** What was committed from a position on, at most `limit` records. Records that retention dropped since are left out. */
export async function feedFrom(
  connection: StoreConnection,
  organizationId: string,
  from: FeedPosition,
  limit: number,
): Promise<FeedPage> {
  const head = await headOf(connection, organizationId);
  if (head === undefined || from.seq < head.first_seq || from.seq > head.head_seq + 1) return { kind: "not kept" };
  const entries = await connection.all<EntryRow>(
    "SELECT seq, kind, ids FROM ledger_feed WHERE organization_id = ? AND seq >= ? ORDER BY seq LIMIT ?",
    organizationId,
    from.seq,
    entriesPerPage,
  );
  const named: (FeedAlert | (FeedPlace & { readonly kind: FeedKind; readonly id: Uint8Array }))[] = [];
  let next = from;
  for (const { seq, kind, ids } of entries) {
    if (named.length >= limit) break;
    if (kind !== "created" && kind !== "updated") {
      if (seq !== from.seq || from.slot < slotsOf) named.push({ seq, slot: 0, kind, alert: alertOf(ids) });
      next = { seq: seq + 1, slot: 0 };
      continue;
    }
    const first = seq === from.seq ? Math.floor(from.slot / slotsOf) : 0;
    const all = unpackIds(ids);
    const some = all.slice(first, first + limit - named.length);
    for (const [at, id] of some.entries()) named.push({ seq, slot: slotOf(first + at), kind, id });
    const isWhole = first + some.length >= all.length;
    next = isWhole ? { seq: seq + 1, slot: 0 } : { seq, slot: slotOf(first + some.length) };
    if (!isWhole) break;
  }
  const rows = await findLedgerRows(connection, organizationId, [
    ...new Map(named.flatMap((one) => ("id" in one ? [[recordKey(one.id), one.id] as const] : []))).values(),
  ]);
  const items = named.flatMap((one): readonly (FeedRecord | FeedAlert)[] => {
    if (!("id" in one)) return [one];
    const { id, ...place } = one;
    const row = rows.get(recordKey(id));
    if (row === undefined) return [];
    return [{ ...place, usage: row.entry === entryCodes.usage ? toUsageRecord(row) : null, cost: toCostRecord(row) }];
  });
  return { kind: "page", items, next };
}

/** For streams. */
export const readFeed = storeRead(
  "feed.read",
  (
    connection,
    { organizationId, from, limit }: OfOrganization & { readonly from: FeedPosition; readonly limit: number },
  ): Promise<FeedPage> => feedFrom(connection, organizationId, from, limit),
);

/** Forgets what is older than is kept or too much, but nothing that webhooks have not been told of. */
export const pruneFeeds = installationWrite(
  "feed.prune",
  async (connection, _args: null): Promise<void> => {
    const feeds = await connection.all<HeadRow & { readonly records: number; readonly cursor_seq: number | null }>(
      `SELECT f.organization_id, f.records, f.head_seq, f.first_seq, c.seq AS cursor_seq FROM ledger_feeds f
       LEFT JOIN ledger_feed_cursors c ON c.organization_id = f.organization_id ORDER BY f.organization_id`,
    );
    for (const { organization_id: organizationId, records, head_seq, first_seq, cursor_seq } of feeds) {
      const last = await connection.get<{ readonly seq: number | null }>(
        `SELECT max(seq) AS seq FROM ledger_feed
         WHERE organization_id = ? AND seq < ? AND (written_at < ? OR records < ?)`,
        organizationId,
        cursor_seq ?? head_seq + 1,
        connection.now() - feedKeptMs,
        records - feedRecordsMax,
      );
      if (last?.seq == null) continue;
      const values: readonly SqlValue[] = [organizationId, last.seq];
      await connection.run("DELETE FROM ledger_feed WHERE organization_id = ? AND seq <= ?", ...values);
      await connection.run(
        "UPDATE ledger_feeds SET first_seq = ? WHERE organization_id = ?",
        Math.max(first_seq, last.seq + 1),
        organizationId,
      );
    }
  },
  ofFeed,
);

/** For the registry. */
export const feedOperations = [listenToFeed, readFeedHeads, readFeed, pruneFeeds] as const;
