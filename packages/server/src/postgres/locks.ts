import pg from "pg";

/** Statements that take a lock until the end of their transaction. */

/** Writes of one organization wait for each other, as they do on the embedded store's one writing thread. */
export const lockOrganization = (organizationId: string): string =>
  `SELECT pg_advisory_xact_lock(hashtextextended(${pg.escapeLiteral(organizationId)}, 1))`;

const priceBookKey = "hashtextextended('price book', 2)";

/**
 * Keeps the price book as it is; many may do so at once. Who changes it waits for them, and they for who was first. So
 * whatever was rated by the old prices is committed, and found, before anybody looks for what waited for the new ones.
 */
export const holdPricesStill = `SELECT pg_advisory_xact_lock_shared(${priceBookKey})`;

/** In a function of the database: waits for the appends that are under way, and lets later ones wait until it is committed. */
export const waitForAppends = `PERFORM pg_advisory_xact_lock(${priceBookKey})`;

/** For the schema: the same for an operation, which is written for every store. */
export const makeWaitForAppends = `
CREATE FUNCTION wait_for_appends() RETURNS void LANGUAGE plpgsql AS $wait$ BEGIN ${waitForAppends}; END $wait$`;

/** For the schema: every change of the price book increases its revision, in whatever operation it happens. */
export const guardPrices = `
CREATE FUNCTION wait_for_ratings() RETURNS trigger LANGUAGE plpgsql AS $guard$
BEGIN
  ${waitForAppends};
  RETURN NEW;
END $guard$;
CREATE TRIGGER wait_for_ratings BEFORE UPDATE ON settings FOR EACH ROW WHEN (NEW.key = 'price_book_revision')
  EXECUTE FUNCTION wait_for_ratings()`;
