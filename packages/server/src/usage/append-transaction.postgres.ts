import pg from "pg";
import { isListenedToNow, nobodyListens } from "../feed/note-appended.postgres.ts";
import { termErrors } from "../postgres/append-terms.ts";
import { holdPricesStill, lockOrganization } from "../postgres/locks.ts";
import type { OneTrip } from "../postgres/one-trip.ts";
import { organizationSetting, scopeSetting } from "../postgres/row-security.ts";
import { isSilence } from "../postgres/storage-failure.ts";
import { revisionSql } from "../pricing/price-rows.ts";
import { keptFromSql } from "../retention/kept-from.ts";

/** Begins a transaction that sees and writes the rows of one organization. */
const opening = (organizationId: string): string =>
  `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL ${organizationSetting} = ${pg.escapeLiteral(organizationId)};
   SET LOCAL ${scopeSetting} = 'organization'`;

/** What stays as it is until the end of an append. */
export interface AppendTerms {
  /** The price book's revision. */
  readonly revision: number;
  /** Since when records are kept, in UTC milliseconds; 0 is since ever. */
  readonly keptFromMs: number;
  /** Whether the records must be noted in the feed. */
  readonly isListenedTo: boolean;
}

/**
 * Begins the transaction of an append, whose terms hold from here on. With `hasLock` no other write of the organization
 * happens beside it; that lock always comes first.
 */
export async function beginAppend(
  client: pg.ClientBase,
  organizationId: string,
  { hasLock, nowMs }: { readonly hasLock: boolean; readonly nowMs: number },
): Promise<AppendTerms> {
  const lock = hasLock ? `${lockOrganization(organizationId)}; ` : "";
  const answers = (await client.query(
    `${opening(organizationId)}; ${lock}${holdPricesStill}; SELECT (${revisionSql}) AS revision, (${keptFromSql}) AS "keptFromMs",
       ${isListenedToNow(organizationId, nowMs)} AS "isListenedTo"`,
  )) as unknown as readonly pg.QueryResult<{ [Term in keyof AppendTerms]: AppendTerms[Term] | null }>[];
  const { revision, keptFromMs, isListenedTo } = answers.at(-1)?.rows[0] ?? {};
  if (revision == null) throw new Error("the price book has no revision");
  return { revision, keptFromMs: keptFromMs ?? 0, isListenedTo: isListenedTo === true };
}

/** The same in one trip with what follows, as soon as the terms of the rating hold: see `brokenTerm`. */
export function addBeginning(
  trip: OneTrip,
  organizationId: string,
  terms: { readonly revision: number; readonly firstMs: number; readonly isNoted: boolean; readonly nowMs: number },
): void {
  const first = Number.isFinite(terms.firstMs) ? terms.firstMs : "NULL";
  const unnoted = terms.isNoted ? "" : `, ${nobodyListens(organizationId, terms.nowMs)}`;
  trip.add(
    opening(organizationId),
    holdPricesStill,
    `SELECT require_append_terms(${terms.revision}, ${first})${unnoted}`,
  );
}

/** Which term of an append did not hold, where it was refused for that. */
export function brokenTerm(error: unknown): keyof typeof termErrors | undefined {
  const code = error instanceof pg.DatabaseError ? error.code : undefined;
  return (["revision", "keptFrom", "unnoted"] as const).find((term) => termErrors[term] === code);
}

/** Begins a short write, one at a time for each organization. */
export async function beginLocked(client: pg.ClientBase, organizationId: string): Promise<void> {
  await client.query(`${opening(organizationId)}; ${lockOrganization(organizationId)}`);
}

export const beginRead = async (client: pg.ClientBase, organizationId: string): Promise<void> => {
  await client.query(opening(organizationId));
};

/** A connection of the pool, given back when the work is done; one that broke in it is replaced. */
export async function withClient<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient, breakUp: () => void) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let isBroken = false;
  const breakUp = (): void => {
    isBroken = true;
  };
  try {
    return await work(client, breakUp);
  } catch (error) {
    // A database that does not answer would not answer this either.
    if (isSilence(error)) breakUp();
    // Whatever transaction is open ends here; outside of one this does nothing.
    if (!isBroken) await client.query("ROLLBACK").catch(breakUp);
    throw error;
  } finally {
    client.release(isBroken);
  }
}
