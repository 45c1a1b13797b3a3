/** What an append is refused with where what it was prepared by no longer holds, as SQLSTATE of our own. */
export const termErrors = { revision: "CO001", keptFrom: "CO002", unnoted: "CO003" } as const;

/**
 * Refuses an append that was rated by another revision of the price book than the present one, or whose first record (UTC
 * milliseconds, NULL without records) is of before the instant since which records are kept.
 */
export const requireAppendTerms = `
CREATE FUNCTION require_append_terms(rated_revision bigint, first_ms bigint) RETURNS void LANGUAGE plpgsql AS $terms$
BEGIN
  IF rated_revision IS DISTINCT FROM (SELECT value FROM settings WHERE key = 'price_book_revision') THEN
    RAISE EXCEPTION 'the price book changed' USING ERRCODE = '${termErrors.revision}';
  END IF;
  IF first_ms < (SELECT value FROM settings WHERE key = 'records_kept_from') THEN
    RAISE EXCEPTION 'records of that time are not kept' USING ERRCODE = '${termErrors.keptFrom}';
  END IF;
END $terms$`;

/** Of a row of `ledger_feeds`: whether the records of the organization must be noted in the feed. */
export const listenedTo = (organizationId: string, nowMs: string): string =>
  `organization_id = ${organizationId} AND (has_webhooks = 1 OR listened_until > ${nowMs})`;

/** Refuses an append that notes nothing in the feed of an organization that is listened to. */
export const requireNobodyListens = `
CREATE FUNCTION require_nobody_listens(organization text, now_ms bigint) RETURNS void LANGUAGE plpgsql AS $listens$
BEGIN
  IF EXISTS (SELECT FROM ledger_feeds WHERE ${listenedTo("organization", "now_ms")}) THEN
    RAISE EXCEPTION 'somebody listens' USING ERRCODE = '${termErrors.unnoted}';
  END IF;
END $listens$`;
