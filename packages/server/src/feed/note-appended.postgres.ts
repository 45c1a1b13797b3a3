import pg from "pg";
import { listenedTo } from "../postgres/append-terms.ts";

const isListenedTo = (organizationId: string, nowMs: number): string =>
  listenedTo(pg.escapeLiteral(organizationId), String(nowMs));

/** To be called after the lock that lets no one begin to listen: `holdPricesStill`. */
export const nobodyListens = (organizationId: string, nowMs: number): string =>
  `require_nobody_listens(${pg.escapeLiteral(organizationId)}, ${nowMs})`;

export const isListenedToNow = (organizationId: string, nowMs: number): string =>
  `EXISTS (SELECT FROM ledger_feeds WHERE ${isListenedTo(organizationId, nowMs)})`;

/**
 * Notes the records of an append, as the last statement before its commit: appends of one organization run side by side, and
 * the row that gives the number lets one after the other commit. Does nothing where nobody listens any more.
 */
export function noteAppended(organizationId: string, ids: readonly Uint8Array[], nowMs: number): string {
  const organization = pg.escapeLiteral(organizationId);
  const packed = Buffer.concat(ids as Uint8Array[]).toString("hex");
  return `WITH head AS (
      UPDATE ledger_feeds SET head_seq = head_seq + 1, records = records + ${ids.length}
      WHERE ${isListenedTo(organizationId, nowMs)} RETURNING head_seq, records)
    INSERT INTO ledger_feed (organization_id, seq, kind, ids, records, written_at)
    SELECT ${organization}, head_seq, 'created', '\\x${packed}'::bytea, records, ${nowMs} FROM head`;
}

/** Organizations of which an append learnt that somebody listens, for as long as this is taken for granted. */
export class ListenedTo {
  readonly #untilMs = new Map<string, number>();

  /** Whether appends should note what they record. */
  has(organizationId: string, nowMs: number): boolean {
    return (this.#untilMs.get(organizationId) ?? 0) > nowMs;
  }

  add(organizationId: string, nowMs: number): void {
    if (this.#untilMs.size >= organizationsMax) this.#untilMs.clear();
    this.#untilMs.set(organizationId, nowMs + grantedMs);
  }
}

/** Once a minute an append tries whether it may go the shorter way again. */
const grantedMs = 60_000;
const organizationsMax = 10_000;
