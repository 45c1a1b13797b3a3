import type pg from "pg";
import { OneTrip } from "../postgres/one-trip.ts";
import { connectionOf, type ProcessParts } from "../postgres/pool.ts";
import { isOutOfRange } from "../postgres/storage-failure.ts";
import type { AppendArgs } from "./append-result.ts";
import { refusedAsDropped, refusedAsTooOld } from "./dropped-record.ts";
import { outcomeOfKnownId, refusedAsTooMuch } from "./known-id.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { type FingerprintedRow, rowOf } from "./record-columns.ts";
import { type RecordOutcome, RejectedOutcome } from "./record-outcome.ts";
import { findStored } from "./record-rows.postgres.ts";
import { hexOf, insertFreeKeys, LaidRecords, type RecordWriting } from "./write-records.postgres.ts";

/** A record with what its request said about it. */
export interface AskedRecord {
  readonly record: PreparedRecord;
  readonly args: AppendArgs;
}

/** What careful writing needs beside the records. */
export interface CarefulWriting extends RecordWriting {
  readonly process: ProcessParts;
  /** Since when records are kept, in UTC milliseconds. */
  readonly keptFromMs: number;
}

/**
 * Writes records of one organization of which some may be known already, or be too much, in the transaction that is open
 * on the connection. The outcome of each, in order: as if one had been written after the other.
 */
export async function writeCarefully(
  client: pg.ClientBase,
  writing: CarefulWriting,
  asked: readonly (AskedRecord | RejectedOutcome)[],
): Promise<readonly RecordOutcome[]> {
  const kept = asked.map((one) =>
    one instanceof RejectedOutcome ? one : (refusedAsTooOld(one.record, writing.keptFromMs) ?? one),
  );
  const records = kept.filter((one): one is AskedRecord => !(one instanceof RejectedOutcome));
  const written = await writeInParts(client, writing, records);
  let next = 0;
  return kept.map((one) => {
    if (one instanceof RejectedOutcome) return one;
    const outcome = written[next++];
    if (outcome === undefined) throw new Error("a record has no outcome");
    return outcome;
  });
}

/** Where a sum leaves 64 bits, the records are halved until the culprit stands alone. */
async function writeInParts(
  client: pg.ClientBase,
  writing: CarefulWriting,
  records: readonly AskedRecord[],
): Promise<readonly RecordOutcome[]> {
  await client.query("SAVEPOINT part");
  try {
    const outcomes = await writePart(client, writing, records);
    await client.query("RELEASE SAVEPOINT part");
    return outcomes;
  } catch (error) {
    if (!isOutOfRange(error)) throw error;
    await client.query("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part");
    const [first] = records;
    if (first === undefined) throw error;
    if (records.length === 1) return [refusedAsTooMuch(first.record)];
    const half = records.length >> 1;
    const left = await writeInParts(client, writing, records.slice(0, half));
    return [...left, ...(await writeInParts(client, writing, records.slice(half)))];
  }
}

async function writePart(
  client: pg.ClientBase,
  writing: CarefulWriting,
  asked: readonly AskedRecord[],
): Promise<readonly RecordOutcome[]> {
  const [some] = asked;
  if (some === undefined) return [];
  const { organizationId } = some.record;
  const firstOfId = new Map<string, PreparedRecord>();
  for (const { record } of asked) {
    const id = hexOf(record.id);
    if (!firstOfId.has(id)) firstOfId.set(id, record);
  }
  const free = await insertFreeKeys(client, organizationId, [...firstOfId.values()]);
  const taken = [...firstOfId].filter(([id]) => !free.has(id)).map(([, { id }]) => id);
  const stored =
    taken.length === 0
      ? new Map<string, FingerprintedRow>()
      : await findStored(connectionOf(client, writing.process), organizationId, taken);
  const recorded: PreparedRecord[] = [];
  const outcomes = asked.map(({ record, args }): RecordOutcome => {
    const id = hexOf(record.id);
    const first = firstOfId.get(id);
    if (first === record && free.has(id)) {
      recorded.push(record);
      return { kind: "recorded", record };
    }
    const known = free.has(id) && first !== undefined ? fingerprinted(first) : stored.get(id);
    // Keys stay when their records are dropped.
    if (known === undefined && writing.keptFromMs > 0) return refusedAsDropped(record, writing.keptFromMs);
    if (known === undefined) throw new Error("a record was neither inserted nor found");
    return outcomeOfKnownId(known, record, args, writing.keptFromMs);
  });
  const laid = new LaidRecords(writing, recorded.length);
  for (const record of recorded) laid.add(record);
  const trip = new OneTrip();
  laid.addRecords(trip);
  await trip.send(client);
  laid.giveBack();
  return outcomes;
}

/** A record of the same transaction, as it would be read back. */
const fingerprinted = (record: PreparedRecord): FingerprintedRow => ({
  ...rowOf(record),
  fingerprint: record.fingerprint,
});
