import { waitForAppends } from "./locks.ts";

/** How long the dropping of a month waits for whoever reads or writes, and lets others wait behind it. */
export const dropLockTimeoutMs = 300;

/**
 * Drops one partition whose records are all of before the instant since which records are kept, and gives its name; null
 * where there is none, '' where somebody worked on records for too long. It works as the owner of the schema, and takes
 * neither a name nor an instant: a server can have dropped what the kept instant allows and nothing else.
 */
export const dropRecordsPartition = `
CREATE FUNCTION drop_records_partition() RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = ${dropLockTimeoutMs} AS $drop$
DECLARE partition text;
BEGIN
  SELECT c.relname INTO partition
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL CAST(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''(\\d+)''\\)') AS bigint) AS to_ms
  WHERE i.inhparent = 'records'::regclass AND to_ms <= (SELECT value FROM settings WHERE key = 'records_kept_from')
  ORDER BY to_ms LIMIT 1;
  IF partition IS NULL THEN RETURN NULL; END IF;
  -- Whoever reads takes the weakest lock on the table before its snapshot: none sees the sums of before and not the records.
  LOCK TABLE ONLY records IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('DROP TABLE IF EXISTS %I', partition);
  RETURN partition;
EXCEPTION WHEN lock_not_available THEN RETURN '';
END $drop$;
REVOKE ALL ON FUNCTION drop_records_partition() FROM PUBLIC`;

/**
 * The instant since which records are kept never goes back, nor beyond the beginning of this month, whoever sets it. Who
 * does waits for the appends that are under way, as who changes prices does; whatever begins later reads it.
 */
export const guardKeptFrom = `
CREATE FUNCTION guard_records_kept_from() RETURNS trigger LANGUAGE plpgsql AS $guard$
BEGIN
  IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'the instant since which records are kept stays'; END IF;
  IF NEW.key <> OLD.key OR NEW.value < OLD.value THEN
    RAISE EXCEPTION 'the instant since which records are kept never goes back';
  END IF;
  IF NEW.value > extract(epoch FROM date_trunc('month', now() AT TIME ZONE 'UTC')) * 1000 THEN
    RAISE EXCEPTION 'records of this month are kept';
  END IF;
  ${waitForAppends};
  RETURN NEW;
END $guard$;
CREATE TRIGGER guard_records_kept_from BEFORE UPDATE OR DELETE ON settings FOR EACH ROW
  WHEN (OLD.key = 'records_kept_from') EXECUTE FUNCTION guard_records_kept_from()`;
