import type { StoreConnection } from "../store/connection.ts";
import { serverRole, writtenRow } from "./row-security.ts";

/** Where single months begin and end; events come from any year of 1970 to 9999, and partitions must not. UTC milliseconds. */
const monthsFromMs = Date.UTC(2020, 0);
const monthsToMs = Date.UTC(2050, 0);
const endMs = Date.UTC(10_000, 0);

/** The name of the partition of `record_keys`. */
export const recordKeysPartition = "record_keys_rows";

/**
 * COPY does not write to a table that has row-level security. A partition has none of its own: whoever goes through its
 * table is held by the table's. So the server's role may insert into partitions and nothing else, and what row-level
 * security says of a new row stands in a constraint instead. It is not valid for old rows, which nobody has to check and
 * which a dump could not be restored with.
 */
const openToCopy = (partition: string, constraint: string): string => `
  EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I CHECK (${writtenRow.replaceAll("'", "''")}) NOT VALID', ${partition}, ${constraint});
  EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', ${partition});
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${serverRole}') THEN
    EXECUTE format('REVOKE ALL ON %I FROM ${serverRole}', ${partition});
    EXECUTE format('GRANT INSERT ON %I TO ${serverRole}', ${partition});
  END IF;`;

/**
 * Makes the partition of an instant and gives its name; null where its records are no longer kept. The server's role owns
 * nothing and could not, so the function works as the owner of the schema; it takes no names. A partition is attached
 * rather than created in place, which lets readers and writers of the others work on.
 */
export const makeRecordsPartition = `
CREATE OR REPLACE FUNCTION make_records_partition(at_ms bigint) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $make$
DECLARE
  month timestamp;
  partition text;
  from_ms bigint;
  to_ms bigint;
BEGIN
  IF at_ms < 0 OR at_ms >= ${endMs} THEN RAISE EXCEPTION 'no event happens at %', at_ms; END IF;
  IF at_ms < ${monthsFromMs} THEN
    partition := 'records_early'; from_ms := 0; to_ms := ${monthsFromMs};
  ELSIF at_ms >= ${monthsToMs} THEN
    partition := 'records_late'; from_ms := ${monthsToMs}; to_ms := ${endMs};
  ELSE
    month := date_trunc('month', timestamp '1970-01-01' + at_ms * interval '1 millisecond');
    partition := 'records_' || to_char(month, 'YYYY_MM');
    from_ms := extract(epoch FROM month) * 1000;
    to_ms := extract(epoch FROM month + interval '1 month') * 1000;
  END IF;
  IF to_regclass(partition) IS NOT NULL THEN RETURN partition; END IF;
  -- The lock that attaching needs: whoever waited for it sees what the one before made.
  LOCK TABLE records IN SHARE UPDATE EXCLUSIVE MODE;
  IF to_regclass(partition) IS NOT NULL THEN RETURN partition; END IF;
  -- Read under the lock, which whoever drops months takes too: one that was dropped is not made again.
  IF to_ms <= (SELECT value FROM settings WHERE key = 'records_kept_from') THEN RETURN NULL; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE records INCLUDING ALL)', partition);
  ${openToCopy("partition", "partition || '_own_rows'")}
  EXECUTE format('ALTER TABLE records ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', partition, from_ms, to_ms);
  RETURN partition;
END $make$;
REVOKE ALL ON FUNCTION make_records_partition(bigint) FROM PUBLIC`;

/** The partition of `record_keys`, open to COPY as well. */
export const makeKeysPartition = `
DO $make$ BEGIN
  EXECUTE format('CREATE TABLE %I PARTITION OF record_keys FOR VALUES WITH (MODULUS 1, REMAINDER 0)', '${recordKeysPartition}');
  ${openToCopy(`'${recordKeysPartition}'`, `'${recordKeysPartition}_own_rows'`)}
END $make$`;

/** Gives the server's role what it needs of partitions, and takes what a grant on all tables gave beyond it. */
export const grantPartitions = `
GRANT EXECUTE ON FUNCTION make_records_partition(bigint) TO ${serverRole};
GRANT EXECUTE ON FUNCTION drop_records_partition() TO ${serverRole};
DO $grant$ DECLARE partition regclass; BEGIN
  FOR partition IN SELECT oid FROM pg_class WHERE relispartition AND relkind = 'r' AND relnamespace = 'public'::regnamespace
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM ${serverRole}', partition);
    EXECUTE format('GRANT INSERT ON %s TO ${serverRole}', partition);
  END LOOP;
END $grant$`;

/** A span of time whose records lie in one partition. UTC milliseconds, half-open. */
export interface PartitionSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The span of the partition in which an instant lies, as `make_records_partition` has it. */
export function partitionSpan(atMs: number): PartitionSpan {
  if (atMs < monthsFromMs) return { fromMs: 0, toMs: monthsFromMs };
  if (atMs >= monthsToMs) return { fromMs: monthsToMs, toMs: endMs };
  const at = new Date(atMs);
  const year = at.getUTCFullYear();
  const month = at.getUTCMonth();
  return { fromMs: Date.UTC(year, month), toMs: Date.UTC(year, month + 1) };
}

/**
 * Makes the partition in which an instant lies, unless it is there, and gives its name. One that is new belongs to the
 * transaction of the connection.
 */
export async function ensureRecordsPartition(connection: Pick<StoreConnection, "get">, atMs: number): Promise<string> {
  const row = await connection.get<{ partition: string | null }>(
    "SELECT make_records_partition(CAST(? AS bigint)) AS partition",
    atMs,
  );
  if (row?.partition == null) throw new Error("no partition was named");
  return row.partition;
}
