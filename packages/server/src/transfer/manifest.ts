import { type CarriedTable, carriedTables, latestSchema } from "./carried-tables.ts";
import type { Contents } from "./table-block.ts";
import { damaged, TransferError } from "./transfer-error.ts";

/** The first line of an archive. */
export interface Manifest {
  readonly format: typeof format;
  readonly version: typeof archiveVersion;
  /** The version of the program that wrote it. */
  readonly program: string;
  /** The last migration of the database that it was written from. */
  readonly schema: number;
  /** When its snapshot was taken: ISO 8601, UTC. */
  readonly created_at: string;
  readonly tables: readonly { readonly name: string; readonly columns: readonly string[] }[];
}

/** The line before each block's bytes. */
export interface BlockHeader {
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly crc32: number;
}

/** The last line. The digest is of the first line, a newline, and the contents as JSON. */
export interface Trailer {
  readonly end: Contents;
  readonly sha256: string;
}

const format = "llm-cost-ops-archive";
const archiveVersion = 1;

export const writeManifest = (
  tables: readonly CarriedTable[],
  about: Pick<Manifest, "program" | "schema" | "created_at">,
): Manifest => ({
  format,
  version: archiveVersion,
  ...about,
  tables: tables.map(({ name, columns }) => ({ name, columns: columns.map((column) => column.name) })),
});

/**
 * Reads the first line.
 * @throws TransferError where it is of a newer program, or names what its schema has not.
 */
export function readManifest(line: string): Manifest {
  const found = parsed(line) as Partial<Manifest> | null;
  if (typeof found !== "object" || found?.format !== format) {
    throw new TransferError("archive", "this is no archive of cost-ops backup");
  }
  if (found.version !== archiveVersion) {
    throw new TransferError(
      "archive",
      `the archive is of format version ${found.version}; this program reads version ${archiveVersion}`,
    );
  }
  const { schema } = found;
  if (typeof schema !== "number" || !Number.isSafeInteger(schema)) throw damaged("its manifest names no schema");
  if (schema > latestSchema) {
    throw new TransferError(
      "archive",
      `the archive has schema ${schema}, newer than this program's ${latestSchema}: use a newer version`,
    );
  }
  checkTables(found as Manifest);
  return found as Manifest;
}

function checkTables({ schema, tables }: Manifest): void {
  if (!Array.isArray(tables)) throw damaged("its manifest names no tables");
  const known = new Map(carriedTables(schema).map((table) => [table.name, table]));
  for (const table of tables as readonly (Partial<Manifest["tables"][number]> | null)[]) {
    if (typeof table !== "object" || table === null) throw damaged("its manifest names no tables");
    const own = known.get(String(table.name));
    if (own === undefined) {
      throw new TransferError("archive", `the archive has a table ${table.name} that schema ${schema} has not`);
    }
    const columns = own.columns.map(({ name }) => name);
    if (JSON.stringify(columns) !== JSON.stringify(table.columns)) {
      throw new TransferError("archive", `the archive's table ${own.name} has other columns than schema ${schema}`);
    }
    known.delete(own.name);
  }
  const [missing] = known.keys();
  if (missing !== undefined) throw new TransferError("archive", `the archive lacks the table ${missing}`);
}

/** A line's JSON; undefined where it is none. */
export function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
