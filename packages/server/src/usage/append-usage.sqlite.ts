import { noteAppended } from "../feed/note-appended.sqlite.ts";
import { priceBookRevision } from "../pricing/price-lookup.sqlite.ts";
import { Refusal } from "../refusal.ts";
import { keptFrom } from "../retention/kept-from.sqlite.ts";
import { rollBack } from "../sqlite/connection.ts";
import { commitToFile } from "../sqlite/database-file.ts";
import type { GroupCall, SqliteGroupOperation, StoreThread } from "../sqlite/operation.ts";
import { isIntegerOverflow, storageRefusal } from "../sqlite/storage-failure.ts";
import { transactionEnded } from "../sqlite/transaction.ts";
import { type AppendArgs, type AppendResult, asExpected, ResultWriter } from "./append-result.ts";
import { committedUsage, usageCommitted } from "./committed-usage.ts";
import { refusedAsDropped, refusedAsTooOld } from "./dropped-record.ts";
import { findFingerprinted, insertRecord, insertRecords, isDropped, recordsPerInsert } from "./insert-record.sqlite.ts";
import { outcomeOfKnownId, refusedAsTooMuch } from "./known-id.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { type PreparedUsage, usagePreparation } from "./prepare-usage.sqlite.ts";
import { fromColumns } from "./prepared-columns.ts";
import { readUsageBody } from "./read-usage-body.sqlite.ts";
import { type RecordOutcome, RejectedOutcome } from "./record-outcome.ts";
import { flushRollups } from "./rollups.sqlite.ts";
import { RollupChanges } from "./rollups.ts";

/** One body on its way through the group: what its records are, then what became of them. */
interface Body {
  readonly args: AppendArgs;
  readonly read: readonly (PreparedRecord | RejectedOutcome)[];
  /** Whether the preparer already knows the result, should all that was read be recorded. */
  readonly isExpected: boolean;
  readonly outcomes: RecordOutcome[];
}

/** How often a group is rated anew because another process changed prices between its rating and its transaction. */
const ratingAttemptsMax = 5;

/**
 * Appends bodies of usage or reported costs. Everything is parsed, checked and rated before the transaction begins, so a
 * bad record cannot fail its neighbours; then all bodies of the group are written and committed at once.
 */
export const appendUsage: SqliteGroupOperation<AppendArgs, AppendResult> = {
  name: "usage.append",
  runTogether: (store, calls) => {
    const isTrial = calls.map(({ args }) => args.importing?.dryRun === true);
    const results: (AppendResult | Refusal)[] = [];
    const real = calls.filter((_, index) => isTrial[index] !== true);
    const ofReal = appendGroup(store, real, "commit");
    for (const [index, call] of calls.entries()) {
      const result = isTrial[index] === true ? appendGroup(store, [call], "roll back")[0] : ofReal.shift();
      if (result !== undefined) results.push(result);
    }
    return results;
  },
  preparation: usagePreparation,
};

function appendGroup(
  store: StoreThread,
  calls: readonly GroupCall<AppendArgs>[],
  ending: "commit" | "roll back",
): (AppendResult | Refusal)[] {
  for (let attempt = 1; ; attempt += 1) {
    const revision = priceBookRevision(store);
    const bodies = calls.map((call) => openBody(store, call, revision));
    const open = bodies.filter((body): body is Body => !(body instanceof Refusal));
    const startedAt = performance.now();
    try {
      if (open.length > 0) {
        const isCurrent = (): boolean => attempt >= ratingAttemptsMax || priceBookRevision(store) === revision;
        if (!writeGroup(store, open, isCurrent, ending)) continue;
        if (ending === "commit") tellCommitted(store, open, performance.now() - startedAt);
      }
    } catch (error) {
      const refusal = error instanceof Refusal ? error : storageRefusal(error);
      if (refusal === undefined) throw error;
      return bodies.map((body) => (body instanceof Refusal ? body : refusal));
    }
    return bodies.map((body) => (body instanceof Refusal ? body : resultOfBody(body)));
  }
}

function tellCommitted(store: StoreThread, bodies: readonly Body[], durationMs: number): void {
  store.notify?.(
    usageCommitted,
    committedUsage(
      bodies.map(({ outcomes }) => outcomes),
      durationMs,
      [...new Set(bodies.map(({ args }) => args.organizationId))],
    ),
  );
}

/** A body's records: from the preparer, unless prices changed since it worked on them, or else read here. */
function openBody(store: StoreThread, call: GroupCall<AppendArgs>, revision: number): Body | Refusal {
  const { args } = call;
  const prepared = call.prepared as PreparedUsage | undefined;
  if (prepared?.revision === revision) {
    return { args, read: fromColumns(prepared.columns), isExpected: true, outcomes: [] };
  }
  try {
    const read: (PreparedRecord | RejectedOutcome)[] = [];
    readUsageBody(store, call, (record) => read.push(record));
    return { args, read, isExpected: false, outcomes: [] };
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/**
 * Writes all bodies in one transaction. False, and nothing written, where prices changed since the rating. Where the
 * rollups cannot hold a sum, the group is written again record by record, so that only the culprit is refused.
 */
function writeGroup(
  store: StoreThread,
  bodies: readonly Body[],
  isCurrent: () => boolean,
  ending: "commit" | "roll back",
): boolean {
  try {
    return tryGroup(store, bodies, isCurrent, ending, false);
  } catch (error) {
    if (!isIntegerOverflow(error)) throw error;
    return tryGroup(store, bodies, isCurrent, ending, true);
  }
}

function tryGroup(
  store: StoreThread,
  bodies: readonly Body[],
  isCurrent: () => boolean,
  ending: "commit" | "roll back",
  isCareful: boolean,
): boolean {
  const { db } = store;
  let committed = false;
  db.exec("BEGIN IMMEDIATE");
  try {
    if (!isCurrent()) return false;
    const rollups = new RollupChanges();
    const keptFromMs = keptFrom(store);
    for (const body of bodies) {
      body.outcomes.length = 0;
      const read = keptFromMs === 0 ? body.read : withoutDropped(store, body.read, keptFromMs);
      for (let at = 0; at < read.length; at += recordsPerInsert) {
        const several = read.slice(at, at + recordsPerInsert);
        if (!isCareful && areAllInserted(store, rollups, several)) {
          for (const record of several) body.outcomes.push({ kind: "recorded", record });
          continue;
        }
        for (const record of several) {
          if (record instanceof RejectedOutcome) body.outcomes.push(record);
          else if (isCareful) body.outcomes.push(writeCarefully(store, body, record, keptFromMs));
          else body.outcomes.push(writeRecord(store, rollups, body, record, keptFromMs));
        }
      }
    }
    flushRollups(store, rollups);
    if (ending === "commit") {
      noteAppended(
        store,
        bodies.map(({ outcomes }) => outcomes),
      );
      commitToFile(store);
      committed = true;
    }
    return true;
  } finally {
    if (!committed) rollBack(db);
    transactionEnded(store, committed);
  }
}

/** Whether one statement took them all, as it nearly always does; if not, none was inserted. */
function areAllInserted(
  store: StoreThread,
  rollups: RollupChanges,
  records: readonly (PreparedRecord | RejectedOutcome)[],
): records is readonly PreparedRecord[] {
  if (records.length !== recordsPerInsert) return false;
  const prepared = records.filter((record): record is PreparedRecord => !(record instanceof RejectedOutcome));
  return prepared.length === records.length && insertRecords(store, rollups, prepared);
}

/** Refuses what is of a time, or has an id, of which records are no longer kept. */
const withoutDropped = (store: StoreThread, read: Body["read"], keptFromMs: number): Body["read"] =>
  read.map((record) => {
    if (record instanceof RejectedOutcome) return record;
    const tooOld = refusedAsTooOld(record, keptFromMs);
    if (tooOld !== undefined) return tooOld;
    return isDropped(store, record.organizationId, record.id) ? refusedAsDropped(record, keptFromMs) : record;
  });

function writeRecord(
  store: StoreThread,
  rollups: RollupChanges,
  body: Body,
  record: PreparedRecord,
  keptFromMs: number,
): RecordOutcome {
  if (insertRecord(store, rollups, record)) return { kind: "recorded", record };
  const stored = findFingerprinted(store, record.organizationId, record.id);
  if (stored === undefined) throw new Error("a record was neither inserted nor found");
  return outcomeOfKnownId(stored, record, body.args, keptFromMs);
}

/** Writes one record with its rollups in a savepoint of its own. */
function writeCarefully(store: StoreThread, body: Body, record: PreparedRecord, keptFromMs: number): RecordOutcome {
  const { db } = store;
  db.exec("SAVEPOINT one_record");
  try {
    const rollups = new RollupChanges();
    const outcome = writeRecord(store, rollups, body, record, keptFromMs);
    flushRollups(store, rollups);
    return outcome;
  } catch (error) {
    if (!isIntegerOverflow(error)) throw error;
    db.exec("ROLLBACK TO one_record");
    transactionEnded(store, false);
    return refusedAsTooMuch(record);
  } finally {
    if (db.isTransaction) db.exec("RELEASE one_record");
  }
}

/** Where nothing happened that the preparer could not foresee, its own result stands and need not be put together again. */
function resultOfBody({ args, read, isExpected, outcomes }: Body): AppendResult | Refusal {
  const isSurprise = (outcome: RecordOutcome, index: number): boolean =>
    outcome.kind !== "recorded" && outcome !== read[index];
  if (isExpected && !outcomes.some(isSurprise)) return asExpected(args.wants);
  const result = new ResultWriter(args);
  for (const outcome of outcomes) result.add(outcome);
  return result.end();
}
