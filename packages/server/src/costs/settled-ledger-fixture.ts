/** Settles days of a written-down ledger, as a server does soon after its start. */
import type { DatabaseSync } from "node:sqlite";
import type { SqliteThreads } from "../sqlite/operation.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { settleDays } from "../usage/settle-days.sql.ts";

type Written = Pick<SqliteThreads, "read" | "write">;

export async function settleAll(threads: Written): Promise<void> {
  const store = sqliteStore(threads);
  while ((await store.run(settleDays, {})) > 0);
}

/** Leaves every third day open, so that questions meet settled and open days side by side. */
export async function settleMost({ threads, db }: { threads: Written; db: DatabaseSync }): Promise<void> {
  await settleAll(threads);
  db.exec("UPDATE rollup_days SET state = 0, users = NULL WHERE day % 3 = 0");
}
