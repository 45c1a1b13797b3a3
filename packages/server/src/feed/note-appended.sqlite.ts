import type { StatementSync } from "node:sqlite";
import { type StoreThread, threadState } from "../sqlite/operation.ts";
import type { RecordOutcome } from "../usage/record-outcome.ts";
import { advanceHead, insertEntry, isListenedTo, packIds } from "./feed.sql.ts";

interface Statements {
  readonly listened: StatementSync;
  readonly advance: StatementSync;
  readonly insert: StatementSync;
}

const statementsKey = Symbol("feed of appends");

const statementsOf = (store: StoreThread): Statements =>
  threadState(store, statementsKey, () => ({
    listened: store.db.prepare(`SELECT 1 FROM ledger_feeds WHERE ${isListenedTo} LIMIT 1`),
    advance: store.db.prepare(advanceHead),
    insert: store.db.prepare(insertEntry),
  }));

/** Notes what an append recorded, in its transaction: an entry for each organization that is listened to. */
export function noteAppended(store: StoreThread, outcomes: Iterable<readonly RecordOutcome[]>): void {
  const { listened, advance, insert } = statementsOf(store);
  const nowMs = store.now();
  if (listened.get(nowMs) === undefined) return;
  const ofOrganizations = new Map<string, Uint8Array[]>();
  for (const ofBody of outcomes) {
    for (const outcome of ofBody) {
      if (outcome.kind !== "recorded") continue;
      const { organizationId, id } = outcome.record;
      const ids = ofOrganizations.get(organizationId);
      if (ids === undefined) ofOrganizations.set(organizationId, [id]);
      else ids.push(id);
    }
  }
  for (const [organizationId, ids] of ofOrganizations) {
    const head = advance.get(ids.length, organizationId, nowMs) as { head_seq: number; records: number } | undefined;
    if (head === undefined) continue;
    insert.run(organizationId, head.head_seq, "created", packIds(ids), head.records, nowMs);
  }
}
