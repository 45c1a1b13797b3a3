import type { Config } from "./config.ts";
import { type OpenedSqlite, openSqlite } from "./sqlite/open-sqlite.ts";
import type { OpenOptions } from "./store/opened-store.ts";

/** Opens the database of the configuration, made and brought up to date where needed. */
export async function openStore(
  { database }: Pick<Config, "database">,
  options: OpenOptions & { readonly isForOneCommand?: boolean } = {},
): Promise<OpenedSqlite> {
  if (database.store === "postgres") throw new Error("this release cannot serve a PostgreSQL database yet");
  return openSqlite({ path: database.path, isWriterLazy: options.isForOneCommand === true }, options);
}
