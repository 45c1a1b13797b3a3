import type { Config } from "./config.ts";
import { DatabaseProblem } from "./store/database-problem.ts";
import type { OpenedStore, OpenOptions } from "./store/opened-store.ts";

interface OpenStoreOptions extends OpenOptions {
  /** For a process that may only ask, and ends soon. */
  readonly isForOneCommand?: boolean;
}

/**
 * Opens the database of the configuration, made and brought up to date where needed. Nobody loads the other store.
 * @throws DatabaseProblem with the reason where it cannot be opened.
 */
export async function openStore(
  { database, databasePoolSize }: Pick<Config, "database" | "databasePoolSize">,
  options: OpenStoreOptions = {},
): Promise<OpenedStore> {
  if (database.store === "sqlite") {
    const { openSqlite } = await import("./sqlite/open-sqlite.ts");
    return openSqlite({ path: database.path, isWriterLazy: options.isForOneCommand === true }, options).catch(
      (error: Error) => {
        throw new DatabaseProblem(error.message, error);
      },
    );
  }
  const [{ openPostgresStore }, { openProblem }] = await Promise.all([
    import("./postgres/open-postgres.ts"),
    import("./postgres/open-problem.ts"),
  ]);
  const { isForOneCommand = false } = options;
  return openPostgresStore({ url: database.url.reveal(), poolSize: databasePoolSize, isForOneCommand }, options).catch(
    (error: unknown) => {
      throw new DatabaseProblem(openProblem(error), error);
    },
  );
}
