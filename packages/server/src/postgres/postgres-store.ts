import { setTimeout } from "node:timers/promises";
import pg from "pg";
import type { Actor } from "../audit/actor.ts";
import { runWithActor } from "../audit/watched-change.ts";
import { accessTrustMs } from "../identity/access-revision.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import type { Store, StoreOperation } from "../store/operation.ts";
import { keepMonths } from "./keep-months.ts";
import { lockOrganization } from "./locks.ts";
import { migratePostgres } from "./migrate.ts";
import { connectionOf, connectTimeoutMs, createPool, type ProcessParts, types } from "./pool.ts";
import { requireSession } from "./require-session.ts";
import { organizationSetting, scopeSetting } from "./row-security.ts";
import { statementTexts } from "./statement-text.ts";
import { isLostRace, isSilence, lostCommitRefusal, storageRefusal } from "./storage-failure.ts";

export interface PostgresOptions {
  /** `postgresql://user:password@host:port/database?sslmode=…` */
  readonly url: string;
  /** Connections of this process at most. */
  readonly poolSize: number;
  /** UTC milliseconds. */
  readonly now: () => number;
  /** Told of connections that broke while nobody used them; they are replaced. */
  readonly onBroken?: (error: Error) => void;
  /** Settings of every session, by name. */
  readonly session?: Readonly<Record<string, string>>;
  /** Milliseconds after which a database that does not answer counts as away; a bit more than a statement may take if absent. */
  readonly silentAfterMs?: number;
  /** Whether what is read is ended where its signal is aborted. */
  readonly endsWithClient?: boolean;
}

export interface PostgresStore extends Store {
  close(): Promise<void>;
}

const attemptsMax = 5;

/**
 * What other processes remember of credentials they trust for `accessTrustMs` since they looked last, whether they hear
 * of changes or not. After that long, and a timer's haste, nobody lets in whom the change keeps out.
 */
const othersTrustMs = accessTrustMs + 5;

/**
 * Opens a PostgreSQL database of version 15 or newer: brings its schema up to date and keeps a pool of connections that
 * work as a role for which row-level security holds. Rejects where the database cannot be used.
 */
export async function openPostgres(options: PostgresOptions): Promise<PostgresStore> {
  const owner = new pg.Client({ connectionString: options.url, connectionTimeoutMillis: connectTimeoutMs, types });
  owner.on("error", () => undefined);
  try {
    await owner.connect();
    await migratePostgres(owner);
  } finally {
    await owner.end().catch(() => undefined);
  }
  await requireSession(options.url);
  return connectPostgres(options);
}

/** A pool of connections to a database whose schema is up to date, for threads beside the one that opened it. */
export function connectPostgres({
  url,
  poolSize,
  onBroken,
  session,
  now,
  silentAfterMs,
  endsWithClient,
}: PostgresOptions): PostgresStore {
  return createStore(createPool({ url, size: poolSize, onBroken, session, silentAfterMs, endsWithClient }), now);
}

function createStore(pool: pg.Pool, now: () => number): PostgresStore {
  const parts: ProcessParts = { textOf: statementTexts(), now, state: new Map() };
  return {
    async run(operation, args, actor, signal) {
      const until = operation.access === "read" ? signal : undefined;
      for (let attempt = 1; ; attempt += 1) {
        let tookAccess = false;
        const takesAccess = (): void => {
          tookAccess = true;
        };
        try {
          const connect = (client: pg.ClientBase): StoreConnection => ({ ...connectionOf(client, parts), takesAccess });
          const result = await transact(pool, operation, args, { actor, until }, connect);
          if (tookAccess) await setTimeout(othersTrustMs);
          return result;
        } catch (error) {
          if (until?.aborted) throw nobodyWaits();
          if (isLostRace(error) && attempt < attemptsMax) continue;
          throw storageRefusal(error) ?? error;
        }
      }
    },
    close: () => pool.end(),
  };
}

const nobodyWaits = (): Refusal => new Refusal("UNAVAILABLE", "nobody waits for the answer any more");

async function transact<Args, Result>(
  pool: pg.Pool,
  operation: StoreOperation<Args, Result>,
  args: Args,
  { actor, until }: { readonly actor: Actor | undefined; readonly until: AbortSignal | undefined },
  connect: (client: pg.PoolClient) => StoreConnection,
): Promise<Result> {
  const client = await pool.connect();
  if (until?.aborted) {
    client.release();
    throw nobodyWaits();
  }
  // Nothing that comes too late can hit another question: the connection goes with the statement, and the pool makes a new one.
  const leave = (): void => void client.end().catch(() => undefined);
  until?.addEventListener("abort", leave);
  let broken: Error | true | undefined;
  let ending: Promise<void> | undefined;
  try {
    let result: Result;
    try {
      await client.query(opening(operation, args));
      result = await runWithActor(operation, connect(client), args, actor);
    } catch (error) {
      if (isSilence(error)) broken = true;
      else {
        await client.query("ROLLBACK").catch((problem: Error) => {
          broken = problem;
        });
      }
      throw error;
    }
    const committed = client.query("COMMIT").then(
      () => undefined,
      (error: unknown) => {
        broken = true;
        throw unknownCommit(operation.access, error) ?? error;
      },
    );
    // What was read is known, however its transaction ends: the answer does not wait for that, the connection does.
    if (operation.access === "read") ending = committed.catch(() => undefined);
    else await committed;
    return result;
  } finally {
    until?.removeEventListener("abort", leave);
    if (ending === undefined) client.release(broken);
    else void ending.then(() => client.release(broken));
  }
}

/** A commit whose answer was lost may have happened. */
const unknownCommit = (access: "read" | "write", error: unknown): Refusal | undefined =>
  access === "read" || isLostRace(error) ? undefined : lostCommitRefusal(error);

/** Begins the transaction of an operation and says whose rows it sees, in one message. */
function opening<Args>({ access, scope }: StoreOperation<Args, unknown>, args: Args): string {
  const organizationId = scope === "organization" ? (args as { readonly organizationId: string }).organizationId : "";
  const owner = pg.escapeLiteral(organizationId);
  const begin =
    access === "read"
      ? `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${keepMonths}`
      : `BEGIN ISOLATION LEVEL READ COMMITTED; ${lockOrganization(organizationId)}`;
  return `${begin}; SET LOCAL ${organizationSetting} = ${owner}; SET LOCAL ${scopeSetting} = '${scope}'`;
}
