import { createPriceLookup } from "../pricing/price-lookup.sqlite.ts";
import type { PriceLookup } from "../pricing/price-lookup.ts";
import { Refusal } from "../refusal.ts";
import { rollBack } from "../sqlite/connection.ts";
import { type GroupCall, type SqliteGroupOperation, type StoreThread, threadState } from "../sqlite/operation.ts";
import { isIntegerOverflow, storageRefusal } from "../sqlite/storage-failure.ts";
import { transactionEnded } from "../sqlite/transaction.ts";
import { committedUsage, usageCommitted } from "./committed-usage.ts";
import { type FingerprintedRow, findFingerprinted, insertRecord, rowOf } from "./insert-record.sqlite.ts";
import type { AppendAnswer, RecordedItem, UsageBytes } from "./ledger.ts";
import { parseRecords } from "./parse-records.ts";
import { type Preparation, PreparationMemory, type PreparedRecord, prepareRecord } from "./prepare-record.ts";
import { readCostInput } from "./read-cost-input.ts";
import { readUsageInput } from "./read-usage-input.ts";
import { digest16, uuidV7Maker } from "./record-id.ts";
import { createdText, itemText, type RecordOutcome, recordedItem, summarize } from "./record-outcome.ts";
import { toUsageRecord } from "./record-row.ts";
import { RejectedRecord } from "./rejected-record.ts";
import { RollupChanges } from "./rollups.sqlite.ts";

/** What crosses to the writer beside the bytes. */
export interface AppendArgs extends Omit<UsageBytes, "bytes"> {
  readonly organizationId: string;
  readonly wants: "items" | "answer";
}

/** Items as JSON text, which crosses threads faster than the objects, or the answer. */
export type AppendResult =
  | { readonly wants: "items"; readonly json: string }
  | ({ readonly wants: "answer" } & AppendAnswer);

/** One body on its way through the group: what its records are, then what became of them. */
interface Body {
  readonly args: AppendArgs;
  readonly read: readonly (PreparedRecord | RejectedRecord)[];
  readonly sent: readonly unknown[];
  readonly outcomes: RecordOutcome[];
}

interface Appender {
  readonly prices: PriceLookup;
  readonly memory: PreparationMemory;
  readonly makeId: (now: number) => Uint8Array;
}

const appenderKey = Symbol("appending usage");

/** How often a group is rated anew because another process changed prices between its rating and its transaction. */
const ratingAttemptsMax = 5;

/**
 * Appends bodies of usage or reported costs. Everything is parsed, checked and rated before the transaction begins, so a
 * bad record cannot fail its neighbours; then all bodies of the group are written and committed at once.
 */
export const appendUsage: SqliteGroupOperation<AppendArgs, AppendResult> = {
  name: "usage.append",
  runTogether: (store, calls) => {
    const appender = threadState(store, appenderKey, () => ({
      prices: createPriceLookup(store),
      memory: new PreparationMemory(),
      makeId: uuidV7Maker(),
    }));
    const isTrial = calls.map(({ args }) => args.importing?.dryRun === true);
    const results: (AppendResult | Refusal)[] = [];
    const real = calls.filter((_, index) => isTrial[index] !== true);
    const ofReal = appendGroup(store, appender, real, "commit");
    for (const [index, call] of calls.entries()) {
      const result = isTrial[index] === true ? appendGroup(store, appender, [call], "roll back")[0] : ofReal.shift();
      if (result !== undefined) results.push(result);
    }
    return results;
  },
};

function appendGroup(
  store: StoreThread,
  appender: Appender,
  calls: readonly GroupCall<AppendArgs>[],
  ending: "commit" | "roll back",
): (AppendResult | Refusal)[] {
  for (let attempt = 1; ; attempt += 1) {
    const revision = priceBookRevision(store);
    appender.prices.refresh();
    const bodies = calls.map((call) => readBody(store, appender, call));
    const open = bodies.filter((body): body is Body => !(body instanceof Refusal));
    const startedAt = performance.now();
    try {
      if (open.length > 0) {
        const isCurrent = (): boolean => attempt >= ratingAttemptsMax || priceBookRevision(store) === revision;
        if (!writeGroup(store, open, isCurrent, ending)) continue;
        if (ending === "commit") tellCommitted(store, open, performance.now() - startedAt);
      }
    } catch (error) {
      const refusal = storageRefusal(error);
      if (refusal === undefined) throw error;
      return bodies.map((body) => (body instanceof Refusal ? body : refusal));
    }
    return bodies.map((body) => (body instanceof Refusal ? body : resultOf(body)));
  }
}

function tellCommitted(store: StoreThread, bodies: readonly Body[], durationMs: number): void {
  store.notify?.(
    usageCommitted,
    committedUsage(
      bodies.map(({ outcomes }) => outcomes),
      durationMs,
    ),
  );
}

const revisionKey = Symbol("price book revision of appends");

function priceBookRevision(store: StoreThread): unknown {
  const statement = threadState(store, revisionKey, () =>
    store.db.prepare("SELECT value FROM settings WHERE key = 'price_book_revision'"),
  );
  return (statement.get() as { value: unknown }).value;
}

function readBody(store: StoreThread, appender: Appender, { args, bytes }: GroupCall<AppendArgs>): Body | Refusal {
  try {
    const isCost = args.entry === "cost";
    const parsed = parseRecords(bytes, args.shape, isCost ? "entries" : "records");
    const receivedAtMs = store.now();
    let index = 0;
    const by: Preparation = {
      organizationId: args.organizationId,
      source: args.source,
      requirePrice: args.requirePrice || parsed.requirePrice,
      receivedAtMs,
      prices: appender.prices,
      memory: appender.memory,
      makeId: () =>
        args.idempotencyKey === undefined
          ? appender.makeId(receivedAtMs)
          : digest16(`${args.organizationId}\x1f${args.entry}\x1f${args.idempotencyKey}\x1f${index}`),
    };
    const readOne = isCost ? readCostInput : readUsageInput;
    const read: (PreparedRecord | RejectedRecord)[] = [];
    for (const sent of parsed.records) {
      const draft = sent instanceof RejectedRecord ? sent : readOne(sent);
      read.push(draft instanceof RejectedRecord ? draft : prepareRecord(draft, sent, by));
      index += 1;
    }
    return { args, read, sent: parsed.records, outcomes: [] };
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
    for (const body of bodies) {
      body.outcomes.length = 0;
      for (const [index, record] of body.read.entries()) {
        if (record instanceof RejectedRecord) {
          body.outcomes.push({ kind: "rejected", id: idOf(body.sent[index]), rejection: record });
        } else {
          body.outcomes.push(
            isCareful ? writeCarefully(store, body, record) : writeRecord(store, rollups, body, record),
          );
        }
      }
    }
    rollups.flush(store);
    if (ending === "commit") {
      db.exec("COMMIT");
      committed = true;
    }
    return true;
  } finally {
    if (!committed) rollBack(db);
    transactionEnded(store, committed);
  }
}

function writeRecord(store: StoreThread, rollups: RollupChanges, body: Body, record: PreparedRecord): RecordOutcome {
  if (insertRecord(store, rollups, record)) return { kind: "recorded", record };
  const stored = findFingerprinted(store, record.organizationId, record.id);
  if (stored === undefined) throw new Error("a record was neither inserted nor found");
  if (isSameCall(stored, record, body.args)) return { kind: "duplicate", record, row: stored };
  const rejection = new RejectedRecord("USAGE_002", `id ${record.idText} is already recorded with other content`, {
    id: "is already recorded with other content",
  });
  return { kind: "rejected", id: record.idText, rejection };
}

function isSameCall(stored: FingerprintedRow, record: PreparedRecord, { importing }: AppendArgs): boolean {
  if (stored.entry === record.entry && Buffer.compare(stored.fingerprint, record.fingerprint) === 0) return true;
  if (importing?.tolerateSameCall !== true) return false;
  const { totals } = record;
  return (
    stored.source !== record.source || (stored.input_tokens === totals.input && stored.output_tokens === totals.output)
  );
}

/** Writes one record with its rollups in a savepoint of its own. */
function writeCarefully(store: StoreThread, body: Body, record: PreparedRecord): RecordOutcome {
  const { db } = store;
  db.exec("SAVEPOINT one_record");
  try {
    const rollups = new RollupChanges();
    const outcome = writeRecord(store, rollups, body, record);
    rollups.flush(store);
    return outcome;
  } catch (error) {
    if (!isIntegerOverflow(error)) throw error;
    db.exec("ROLLBACK TO one_record");
    transactionEnded(store, false);
    const message = "the record would exceed what the ledger can count exactly in one hour of one series (2^63-1)";
    return { kind: "rejected", id: record.idText, rejection: new RejectedRecord("USAGE_003", message) };
  } finally {
    if (db.isTransaction) db.exec("RELEASE one_record");
  }
}

function idOf(sent: unknown): string | null {
  if (typeof sent !== "object" || sent === null || !Object.hasOwn(sent, "id")) return null;
  const { id } = sent as { id: unknown };
  return typeof id === "string" ? id.slice(0, 128) : null;
}

function resultOf(body: Body): AppendResult | Refusal {
  const { args, outcomes } = body;
  if (args.wants === "items") return { wants: "items", json: JSON.stringify(itemsOf(body)) };
  const summary = summarize(outcomes);
  if (args.shape !== "record") {
    const data = outcomes.map((outcome, index) => itemText(index, outcome)).join(",");
    return { wants: "answer", json: `{"data":[${data}],"summary":${JSON.stringify(summary)}}`, summary };
  }
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error("a single record has no outcome");
  if (outcome.kind === "rejected") {
    const { code, message, fieldErrors } = outcome.rejection;
    return new Refusal(code, message, fieldErrors === undefined ? {} : { fieldErrors });
  }
  const row = outcome.kind === "duplicate" ? outcome.row : rowOf(outcome.record);
  return { wants: "answer", json: createdText(outcome.record, row, outcome.kind === "duplicate"), summary };
}

function itemsOf({ args, outcomes }: Body): readonly RecordedItem[] {
  const items = outcomes.map((outcome, index) => recordedItem(index, outcome));
  const [item] = items;
  const [outcome] = outcomes;
  if (args.shape !== "record" || item === undefined || outcome === undefined || outcome.kind === "rejected")
    return items;
  const record = toUsageRecord(outcome.kind === "duplicate" ? outcome.row : rowOf(outcome.record));
  return [{ ...item, record }];
}
