import pg from "pg";
import { textArray } from "../postgres/array-text.ts";
import type { CopyRows, CopyRowsMemory } from "../postgres/copy-rows.ts";
import type { OneTrip } from "../postgres/one-trip.ts";
import { recordKeysPartition } from "../postgres/partitions.ts";
import { dayLockKey, dayLockName } from "./day-lock.ts";
import type { PostgresInterning } from "./interning.postgres.ts";
import { addLines } from "./line-text.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { newRecordColumns, shareOf } from "./record-columns.ts";
import type { RecordsPartitions } from "./records-partitions.postgres.ts";
import {
  openedDays,
  RollupChanges,
  type RollupName,
  type RollupValue,
  rollupMeasures,
  rollupTables,
  rollupUpdate,
} from "./rollups.ts";

const keyColumns = ["organization_id", "id", "occurred_at", "entry", "fingerprint"] as const;
/** What most rows take, to begin with a buffer that need not grow. */
const keyBytes = 96;
const recordBytes = 768;
/** The server's memory of locks is bounded: by default 64 for each connection. */
const lockedDaysMax = 16;
/** For a second month in one group, which nearly never has many records. */
const fewRecordsBytes = 64 * 1024;

/** Everything that the writing of records needs beside its connection. */
export interface RecordWriting {
  readonly interning: PostgresInterning;
  readonly partitions: RecordsPartitions;
  readonly memory: CopyRowsMemory;
}

/** Takes those of the records' ids that are free, and says which by their hexadecimal text. No two may be the same. */
export async function insertFreeKeys(
  client: pg.ClientBase,
  organizationId: string,
  records: readonly PreparedRecord[],
): Promise<ReadonlySet<string>> {
  // In order, so that two transactions with the same ids wait for each other in one direction only.
  const { rows } = await client.query<{ id: Buffer }>(
    `INSERT INTO record_keys (organization_id, id, occurred_at, entry, fingerprint)
     SELECT $1, * FROM unnest($2::bytea[], $3::bigint[], $4::smallint[], $5::bytea[]) AS t (id, at, entry, print) ORDER BY id
     ON CONFLICT (organization_id, id) DO NOTHING RETURNING id`,
    [
      organizationId,
      records.map(({ id }) => asBuffer(id)),
      records.map(({ occurredAtMs }) => occurredAtMs),
      records.map(({ entry }) => entry),
      records.map(({ fingerprint }) => asBuffer(fingerprint)),
    ],
  );
  return new Set(rows.map(({ id }) => id.toString("hex")));
}

/**
 * Records as they go to the database, laid out one after the other: nothing of a record lives on but its bytes. Everything
 * that they need must be known: `isKnown`.
 */
export class LaidRecords {
  readonly #writing: RecordWriting;
  readonly #keys: CopyRows;
  readonly #byPartition = new Map<string, CopyRows>();
  readonly #recordsBytes: number;
  readonly #changes = new RollupChanges();
  /** The earliest time of a record, in UTC milliseconds. */
  firstMs = Number.POSITIVE_INFINITY;

  constructor(writing: RecordWriting, expectedRecords: number) {
    this.#writing = writing;
    this.#keys = writing.memory.take(expectedRecords * keyBytes);
    this.#recordsBytes = expectedRecords * recordBytes;
  }

  add(record: PreparedRecord): void {
    const { interning, partitions } = this.#writing;
    const seriesId = interning.seriesId(record);
    this.firstMs = Math.min(this.firstMs, record.occurredAtMs);
    this.#changes.add(shareOf(record, seriesId));
    addKey(this.#keys, record);
    const partition = partitions.nameOf(record.occurredAtMs);
    let rows = this.#byPartition.get(partition);
    if (rows === undefined) {
      rows = this.#writing.memory.take(this.#byPartition.size === 0 ? this.#recordsBytes : fewRecordsBytes);
      this.#byPartition.set(partition, rows);
    }
    addRecord(rows, record, seriesId, interning.ruleId(record));
  }

  /** Takes all ids, which fails whole where one of them is taken or there twice. */
  addKeys(trip: OneTrip): void {
    trip.copy(recordKeysPartition, keyColumns, this.#keys);
  }

  /** Writes the records, whose ids are taken in the same transaction, and adds them to the rollups. */
  addRecords(trip: OneTrip): void {
    for (const [partition, rows] of this.#byPartition) trip.copy(partition, newRecordColumns, rows);
    addRollups(trip, this.#changes);
  }

  /** Once the server has taken everything; nothing can be added after. */
  giveBack(): void {
    for (const rows of [this.#keys, ...this.#byPartition.values()]) this.#writing.memory.giveBack(rows);
  }
}

/** Whether the numbers and the partition of a record are known, so that it can be laid out. */
export const isKnown = ({ interning, partitions }: RecordWriting, record: PreparedRecord): boolean =>
  interning.knows(record) && partitions.knows(record.occurredAtMs);

function addKey(rows: CopyRows, record: PreparedRecord): void {
  rows.startRow(keyColumns.length);
  rows.text(record.organizationId);
  rows.bytes(record.id);
  rows.int8(record.occurredAtMs);
  rows.int2(record.entry);
  rows.bytes(record.fingerprint);
}

/** The fields of a record in the order of `newRecordColumns`. */
function addRecord(rows: CopyRows, record: PreparedRecord, seriesId: number, ruleId: number | null): void {
  const { totals } = record;
  rows.startRow(newRecordColumns.length);
  rows.text(record.organizationId);
  rows.bytes(record.id);
  rows.text(record.externalId);
  rows.int2(record.entry);
  rows.int2(record.state);
  rows.int8(seriesId);
  rows.text(record.userId);
  rows.int8(record.occurredAtMs);
  rows.int8(record.receivedAtMs);
  rows.int8(record.requests);
  rows.int8(totals.input);
  rows.int8(totals.output);
  rows.int8(totals.cacheRead);
  rows.int8(totals.cacheWrite);
  rows.int8(totals.reasoning);
  rows.int8(record.costMilli);
  rows.int8(record.costPico);
  rows.int8(record.savedMilli);
  rows.int8(record.savedPico);
  rows.text(record.priceVersionId);
  rows.int8(ruleId);
  rows.text(record.unpricedReason);
  rows.text(record.quantities);
  addLinesField(rows, record.lines);
  rows.int2(record.usageStatus);
  rows.int2(record.isError);
  rows.int2(record.isStream);
  rows.int8(record.latencyMs);
  rows.text(record.source);
  rows.bytes(record.fingerprint);
  rows.text(record.rawUsage);
  rows.text(record.metadata);
}

function addLinesField(rows: CopyRows, lines: PreparedRecord["lines"]): void {
  if (lines === null || typeof lines === "string") {
    rows.text(lines);
    return;
  }
  const start = rows.startText();
  addLines(rows, lines);
  rows.endText(start);
}

/** Adds the changes by one statement a table, in the order of keys, so that no two transactions wait for each other. */
function addRollups(trip: OneTrip, changes: RollupChanges): void {
  const rows: Record<RollupName | "days", (readonly RollupValue[])[]> = {
    hourly: [],
    daily: [],
    userDaily: [],
    days: [],
  };
  for (const { rollup, values } of changes.take()) rows[rollup].push(values);
  for (const rollup of ["hourly", "daily", "userDaily"] as const) {
    const ofTable = rows[rollup];
    if (ofTable.length === 0) continue;
    const { table, key } = rollupTables[rollup];
    const columns = [...key, ...rollupMeasures];
    trip.add(
      `INSERT INTO ${table} (${columns.join(", ")}) ${selectRows(ofTable, columns.length)}
       ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${rollupUpdate(table)}`,
    );
  }
  if (rows.days.length > 0) addDays(trip, rows.days);
}

/**
 * Opens the days that were settled. Who writes to a few days shares their locks and passes over rows that say they are open,
 * so that appends of one organization to one day do not wait for each other's commit. That check is a statement behind the
 * one that takes the locks, which so sees what was settled before. Of many days the rows are held.
 */
function addDays(trip: OneTrip, rows: readonly (readonly RollupValue[])[]): void {
  const { columns, conflict } = openedDays;
  const insert = `INSERT INTO rollup_days (${columns.join(", ")})`;
  const days = selectRows(rows, columns.length);
  if (rows.length > lockedDaysMax) {
    trip.add(`${insert} ${days} ${conflict}`);
    return;
  }
  const names = arrayLiteral(rows.map(([organizationId, day]) => dayLockName(String(organizationId), Number(day))));
  trip.add(
    `SELECT pg_advisory_xact_lock_shared(${dayLockKey("name")}) FROM unnest(${names}) AS days (name)`,
    `${insert} SELECT * FROM (${days}) AS written (${columns.join(", ")}) WHERE NOT EXISTS (SELECT 1 FROM rollup_days d
       WHERE d.organization_id = written.organization_id AND d.day = written.day AND d.state = 0)
     ORDER BY 1, 2 ${conflict}`,
  );
}

/** Rows as a SELECT without places: a column whose values are all the same is said once, the others are arrays. */
function selectRows(rows: readonly (readonly RollupValue[])[], width: number): string {
  const selected: string[] = [];
  const arrays: string[] = [];
  const names: string[] = [];
  for (let at = 0; at < width; at += 1) {
    const values = rows.map((row) => row[at] as RollupValue);
    const [first] = values;
    if (values.every((value) => value === first)) {
      selected.push(literal(first as RollupValue));
      continue;
    }
    names.push(`c${at}`);
    selected.push(`u.c${at}`);
    arrays.push(arrayLiteral(values));
  }
  return `SELECT ${selected.join(", ")}${names.length === 0 ? "" : ` FROM unnest(${arrays.join(", ")}) AS u (${names.join(", ")})`}`;
}

const literal = (value: RollupValue): string =>
  typeof value === "string" ? `CAST(${pg.escapeLiteral(value)} AS text)` : `CAST('${value}' AS bigint)`;

const arrayLiteral = (values: readonly RollupValue[]): string =>
  typeof values[0] === "string"
    ? `CAST(${pg.escapeLiteral(textArray(values as readonly string[]))} AS text[])`
    : `CAST('{${values.join(",")}}' AS bigint[])`;

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
export const hexOf = (bytes: Uint8Array): string => asBuffer(bytes).toString("hex");
