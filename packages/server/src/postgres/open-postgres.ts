import { postgresCostQuery } from "../costs/cost-query.postgres.ts";
import type { OpenedStore, OpenOptions } from "../store/opened-store.ts";
import { startPostgresLedger } from "../usage/ledger.postgres.ts";
import { openPostgres } from "./postgres-store.ts";

/** Groups of bodies that one process writes at once, each on a connection of its own. */
const appendConnections = 3;

/** Opens a database whose schema is made or brought up to date where the user of the address may do so. */
export async function openPostgresStore(
  { url, poolSize }: { readonly url: string; readonly poolSize: number },
  { onCommitted, onTrouble }: OpenOptions = {},
): Promise<OpenedStore> {
  const store = await openPostgres({
    url,
    poolSize: poolSize - appendConnections,
    now: Date.now,
    onBroken: (error) => onTrouble?.("store.connection_broken", { err: error }),
  });
  const ledger = await startPostgresLedger({
    url,
    connections: appendConnections,
    ...(onCommitted === undefined ? {} : { onCommitted }),
    onCrash: (role, error) => onTrouble?.("store.thread_crashed", { role, err: error }),
  }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  return {
    store,
    ledger,
    query: postgresCostQuery(store),
    // Whether the database answers is found out by asking it.
    problem: () => undefined,
    queuedBytes: () => ledger.queuedBytes,
    close: async () => {
      await ledger.close();
      await store.close();
    },
  };
}
