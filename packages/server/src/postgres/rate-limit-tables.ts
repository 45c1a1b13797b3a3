import type { Client } from "pg";

/**
 * What servers share their limits by. The tables are unlogged: after a crash of the database the buckets are full, which
 * is all that is lost. The names end in a version, so that servers of two releases can run on one database.
 */
export const leaseFunction = "cost_ops_lease_requests_1";
export const processFunction = "cost_ops_count_processes_1";

/**
 * The rules are those of `limits/shared-buckets.ts`. Numbers are 60,000ths of a request and milliseconds of this
 * database's clock, which is read after the row is locked: so it does not go back within a bucket.
 * `leases`: process id → [tokens, end].
 */
const tables = `
CREATE UNLOGGED TABLE rate_limit_buckets_1 (
  bucket text COLLATE "C" PRIMARY KEY,
  spent bigint NOT NULL, at_ms bigint NOT NULL, idle_at_ms bigint NOT NULL, leases jsonb NOT NULL
) WITH (fillfactor = 50);
CREATE UNLOGGED TABLE rate_limit_processes_1 (
  process text COLLATE "C" PRIMARY KEY, seen_at_ms bigint NOT NULL
);
CREATE FUNCTION ${leaseFunction}(
  asking text, lease_ms bigint, given_now_ms bigint, buckets text[], per_minutes bigint[], bursts bigint[],
  keeps bigint[], give_backs bigint[], idles_ms bigint[], needs bigint[], wants bigint[]
) RETURNS TABLE (kept bigint, granted bigint, spent_after bigint) LANGUAGE plpgsql AS $$
DECLARE
  request CONSTANT bigint := 60000;
  found_bucket rate_limit_buckets_1%ROWTYPE;
  now_ms bigint; from_ms bigint; leased bigint; mine bigint; back bigint; available bigint;
  kept_leases jsonb; ending record;
BEGIN
  FOR at IN 1 .. cardinality(buckets) LOOP
    LOOP
      SELECT * INTO found_bucket FROM rate_limit_buckets_1 b WHERE b.bucket = buckets[at] FOR UPDATE;
      EXIT WHEN FOUND;
      INSERT INTO rate_limit_buckets_1
        VALUES (buckets[at], 0, coalesce(given_now_ms, floor(extract(epoch FROM clock_timestamp()) * 1000)), 0, '{}')
        ON CONFLICT DO NOTHING;
    END LOOP;
    now_ms := coalesce(given_now_ms, floor(extract(epoch FROM clock_timestamp()) * 1000));
    mine := 0; leased := 0; kept_leases := '{}';
    IF found_bucket.leases <> '{}' THEN
      SELECT coalesce(sum((value->>0)::bigint), 0),
             coalesce(sum((value->>0)::bigint) FILTER (WHERE key = asking AND (value->>1)::bigint > now_ms), 0),
             coalesce(jsonb_object_agg(key, value) FILTER (WHERE key <> asking AND (value->>1)::bigint > now_ms), '{}')
        INTO leased, mine, kept_leases FROM jsonb_each(found_bucket.leases);
    END IF;
    kept := least(keeps[at], mine);
    back := least(give_backs[at], mine - kept);
    spent_after := found_bucket.spent;
    from_ms := least(found_bucket.at_ms, now_ms);
    IF leased > 0 THEN
      FOR ending IN
        SELECT (value->>0)::bigint AS tokens, (value->>1)::bigint AS end_ms FROM jsonb_each(found_bucket.leases)
          WHERE (value->>1)::bigint <= now_ms
        UNION ALL SELECT mine - kept - back, now_ms - idles_ms[at]
        ORDER BY 2
      LOOP
        spent_after := greatest(leased * request, spent_after - greatest(0, ending.end_ms - from_ms) * per_minutes[at]);
        from_ms := greatest(from_ms, ending.end_ms);
        leased := leased - ending.tokens;
      END LOOP;
    END IF;
    spent_after := greatest(leased * request, spent_after - (now_ms - from_ms) * per_minutes[at]) - back * request;
    available := greatest(0, floor((bursts[at] * request - spent_after) / request::numeric));
    granted := least(wants[at], greatest(needs[at], (available + 1) / 2), available);
    spent_after := spent_after + granted * request;
    IF kept + granted > 0 THEN
      kept_leases := kept_leases || jsonb_build_object(asking, jsonb_build_array(kept + granted, now_ms + lease_ms));
    END IF;
    UPDATE rate_limit_buckets_1 b SET spent = spent_after, at_ms = now_ms, leases = kept_leases,
        idle_at_ms = greatest(now_ms + lease_ms, now_ms + spent_after / per_minutes[at] + 1)
      WHERE b.bucket = buckets[at];
    RETURN NEXT;
  END LOOP;
END $$;
CREATE FUNCTION ${processFunction}(asking text, life_ms bigint, given_now_ms bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  now_ms bigint := coalesce(given_now_ms, floor(extract(epoch FROM clock_timestamp()) * 1000));
  due boolean;
BEGIN
  -- Full buckets nobody holds anything of are as if they were not there. One process in a minute takes them away.
  INSERT INTO rate_limit_processes_1 VALUES ('sweep', now_ms) ON CONFLICT (process)
    DO UPDATE SET seen_at_ms = excluded.seen_at_ms WHERE rate_limit_processes_1.seen_at_ms <= now_ms - 60000
    RETURNING true INTO due;
  IF due THEN
    DELETE FROM rate_limit_buckets_1 WHERE bucket IN (
      SELECT bucket FROM rate_limit_buckets_1 WHERE idle_at_ms < now_ms FOR UPDATE SKIP LOCKED);
    DELETE FROM rate_limit_processes_1 p WHERE seen_at_ms < now_ms - 3600000;
  END IF;
  INSERT INTO rate_limit_processes_1 VALUES (asking, now_ms)
    ON CONFLICT (process) DO UPDATE SET seen_at_ms = excluded.seen_at_ms;
  RETURN (SELECT count(*) FROM rate_limit_processes_1 p WHERE p.process <> 'sweep' AND p.seen_at_ms > now_ms - life_ms);
END $$`;

export async function hasRateLimitTables(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ known: boolean }>("SELECT to_regproc($1) IS NOT NULL AS known", [
    leaseFunction,
  ]);
  return rows[0]?.known === true;
}

/** Makes what servers share their limits by where it is missing, and says whether it was. */
export async function makeRateLimitTables(client: Client): Promise<boolean> {
  if (await hasRateLimitTables(client)) return false;
  await client.query(tables);
  return true;
}
