import { addAbortSignal, type Readable, type Writable } from "node:stream";
import type { DatabaseAddress } from "../database-address.ts";
import { loadInstallation, openInstallation } from "./installation.ts";
import type { Manifest } from "./manifest.ts";
import { contentsOf } from "./migrate-store.ts";
import { type OpenedArchive, openArchive } from "./read-archive.ts";
import { type Contents, createContentMeter, type LoadOptions, metered } from "./table-block.ts";
import { type WrittenArchive, writeArchive } from "./write-archive.ts";

export { readDatabaseAddress } from "../database-address.ts";
export { readWholeFile, writeFileWhole } from "./archive-file.ts";
export { type MigrationReport, migrateStore, type SumComparison, type TableComparison } from "./migrate-store.ts";
export { type PreparedDatabase, prepareDatabase } from "./prepare-database.ts";
export { TransferError } from "./transfer-error.ts";
export type { WrittenArchive };

/** What an archive turned out to hold. */
export interface ReadArchive {
  readonly manifest: Manifest;
  readonly contents: Contents;
}

/** Writes one snapshot of an installation as an archive. Servers may go on working with it. */
export async function backUp(
  address: DatabaseAddress,
  output: Writable,
  about: { readonly now: number; readonly signal?: AbortSignal },
): Promise<WrittenArchive> {
  const source = await openInstallation(address);
  try {
    return await writeArchive(source, output, about);
  } finally {
    await source.close();
  }
}

/**
 * Puts an archive's installation in a place that is empty, or whose installation it replaces. It is there whole once this
 * resolves, and not at all if it rejects.
 */
export const restore = (input: Readable, address: DatabaseAddress, options: LoadOptions): Promise<ReadArchive> =>
  withArchive(input, options.signal, async (archive) => {
    const meter = createContentMeter(archive.manifest.tables);
    await loadInstallation(address, metered(archive, meter), options);
    return { manifest: archive.manifest, contents: meter.contents() };
  });

/** Reads an archive to its end. Rejects where anything in it is not as it was written. */
export const checkArchive = (input: Readable, signal?: AbortSignal): Promise<ReadArchive> =>
  withArchive(input, signal, async (archive) => ({ manifest: archive.manifest, contents: await contentsOf(archive) }));

async function withArchive<T>(
  input: Readable,
  signal: AbortSignal | undefined,
  work: (archive: OpenedArchive) => Promise<T>,
): Promise<T> {
  // Whoever waits for bytes that do not come is stopped as well.
  if (signal !== undefined) addAbortSignal(signal, input);
  const archive = await openArchive(input);
  try {
    return await work(archive);
  } finally {
    await archive.close();
  }
}
