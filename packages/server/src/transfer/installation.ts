import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseAddress } from "../database-address.ts";
import { latestSchema } from "./carried-tables.ts";
import { openPostgresSource } from "./source.postgres.ts";
import { openSqliteSource } from "./source.sqlite.ts";
import type { DatabaseSource, InstallationSource, LoadOptions } from "./table-block.ts";
import { loadIntoPostgres } from "./target.postgres.ts";
import { loadIntoSqlite } from "./target.sqlite.ts";

/** One snapshot of an installation, wherever it lies; to be closed. */
export const openInstallation = async (address: DatabaseAddress): Promise<DatabaseSource> =>
  address.store === "sqlite" ? openSqliteSource(address.path) : openPostgresSource(address.url.reveal());

/**
 * Puts a source in the place of an installation, whole or not at all, and brings it up to this program's schema.
 * @throws TransferError where something stands in the way.
 */
export async function loadInstallation(
  address: DatabaseAddress,
  source: InstallationSource,
  options: LoadOptions = {},
): Promise<void> {
  if (address.store === "sqlite") return loadIntoSqlite(address.path, source, options);
  const url = address.url.reveal();
  if (source.schema === latestSchema) return loadIntoPostgres(url, source, options);
  // Old rows become new ones by the embedded store's migrations, the only ones that run on rows of every schema.
  const folder = mkdtempSync(join(tmpdir(), "cost-ops-transfer-"));
  try {
    const path = join(folder, "upgraded.db");
    await loadIntoSqlite(path, source, options);
    const upgraded = openSqliteSource(path);
    try {
      await loadIntoPostgres(url, upgraded, options);
    } finally {
      await upgraded.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
