import { actingStore, commandActor, createActing } from "../../packages/server/src/audit/acting.ts";
import { PostgresAddress, SqliteAddress } from "../../packages/server/src/database-address.ts";
import { createApiKeys } from "../../packages/server/src/identity/api-keys.sql.ts";
import { createAuthenticator } from "../../packages/server/src/identity/authenticator.ts";
import { hashKey, makeKey } from "../../packages/server/src/identity/credential.ts";
import { openStore } from "../../packages/server/src/open-store.ts";
import { startPostgres } from "../../packages/server/src/postgres/postgres-fixture.ts";
import { Secret } from "../../packages/server/src/secret.ts";
import { temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";
import { median, printFigure } from "./figures.ts";

const requests = 300_000;
const key = makeKey("sk_bench_");

/** Microseconds of one call. */
async function each(times: number, call: () => unknown): Promise<number> {
  const startedAt = performance.now();
  for (let at = 0; at < times; at += 1) {
    const called = call();
    if (called instanceof Promise) await called;
  }
  return ((performance.now() - startedAt) * 1_000) / times;
}

/** From the cache, with the looks at the store that come due meanwhile, and how long another process knows a revoked key. */
async function authenticate(database: SqliteAddress | PostgresAddress): Promise<{ cachedUs: number; knownMs: number }> {
  const open = async () => {
    const told = { onAccessChanged: (): void => undefined };
    const store = await openStore({ database, databasePoolSize: 8 }, { onAccessChanged: () => told.onAccessChanged() });
    const apiKeys = createApiKeys(actingStore(store.store, createActing(commandActor())), "sk_bench_");
    const authenticator = createAuthenticator({
      apiKeys,
      tokens: { callerOf: async () => undefined },
      clock: Date.now,
    });
    told.onAccessChanged = authenticator.forget;
    return { store, apiKeys, authenticator };
  };
  const one = await open();
  const other = await open();
  await one.apiKeys.ensureFirstKey(new Secret(key));
  await one.authenticator.authenticate(`Bearer ${key}`);
  const cachedUs = await each(requests, () => one.authenticator.authenticate(`Bearer ${key}`));

  const lives: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const admin = await one.authenticator.authenticate(`Bearer ${key}`);
    const shortLived = { name: "short-lived", scopes: null, projectId: null, expiresAtMs: null };
    const made = await one.apiKeys.create(admin.organizationId, shortLived, "live");
    const bearer = `Bearer ${made.key}`;
    await other.authenticator.authenticate(bearer);
    await one.apiKeys.revoke(admin, made.id);
    const revokedAt = performance.now();
    for (;;) {
      // Requests of the other process do not stop meanwhile, as in a server.
      const isKnown = await Promise.resolve()
        .then(() => other.authenticator.authenticate(bearer))
        .then(
          () => true,
          () => false,
        );
      if (!isKnown) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    lives.push(performance.now() - revokedAt);
  }
  for (const { authenticator, store } of [one, other]) {
    await authenticator.flush();
    await store.close();
  }
  return { cachedUs, knownMs: median(lives) };
}

/** Prints what the check of a credential costs a request on each store. */
export async function benchAuthentication(): Promise<void> {
  const hashUs = await each(requests, () => hashKey(key));
  printFigure("SHA-256 of a key alone (floor)", { value: hashUs, unit: "µs" });
  const folder = temporaryFolder();
  const postgres = await startPostgres({ outlivesTheMachine: true });
  const stores = [
    ["SQLite", new SqliteAddress(folder.file)],
    ["PostgreSQL", new PostgresAddress(await postgres.database())],
  ] as const;
  for (const [name, address] of stores) {
    const { cachedUs, knownMs } = await authenticate(address);
    printFigure(`an authentication from the cache, ${name}`, {
      value: cachedUs,
      unit: "µs",
      ratio: cachedUs / hashUs,
      wanted: "wanted: below 100 µs",
    });
    printFigure(`a revoked key in another process, ${name}`, { value: knownMs, unit: "ms until refused" });
  }
  await postgres.stop();
  folder.remove();
}

if (import.meta.main) await benchAuthentication();
