import { isDeepStrictEqual } from "node:util";
import type { DatabaseAddress } from "../database-address.ts";
import { carriedTables } from "./carried-tables.ts";
import { loadInstallation, openInstallation } from "./installation.ts";
import {
  type Contents,
  createContentMeter,
  type DatabaseSource,
  type InstallationSource,
  metered,
} from "./table-block.ts";
import { type InstallationTotals, type LedgerSum, readTotals } from "./totals.ts";
import { TransferError } from "./transfer-error.ts";

export interface TableComparison {
  readonly table: string;
  readonly sourceRows: number;
  readonly targetRows: number;
  /** Whether the rows are the same to the last byte; undefined where a migration changed their form on the way. */
  readonly isSameContent: boolean | undefined;
}

export interface SumComparison {
  readonly source: LedgerSum | undefined;
  readonly target: LedgerSum | undefined;
}

export interface MigrationReport {
  readonly tables: readonly TableComparison[];
  readonly sums: readonly SumComparison[];
  readonly agrees: boolean;
}

/**
 * Moves an installation into an empty place and compares both sides: each table's content, counts, and the sums of the
 * ledger. The source is counted again after the move, so that what somebody wrote to it meanwhile shows.
 */
export async function migrateStore(
  from: DatabaseAddress,
  to: DatabaseAddress,
  signal?: AbortSignal,
): Promise<MigrationReport> {
  if (String(from) === String(to)) throw new TransferError("place", "both addresses name the same database");
  const source = await openInstallation(from);
  let moved: Contents;
  try {
    const meter = createContentMeter(carriedTables(source.schema));
    await loadInstallation(to, metered(source, meter), { signal });
    moved = meter.contents();
  } finally {
    await source.close();
  }
  const [before, after] = [await withInstallation(from, readTotals), await withInstallation(to, readTotals)];
  const arrived = await withInstallation(to, async (target) =>
    target.schema === source.schema ? contentsOf(target) : undefined,
  );
  return compare(before, after, moved, arrived);
}

/** Counts and digests all rows of a source. */
export async function contentsOf(source: InstallationSource): Promise<Contents> {
  const meter = createContentMeter(carriedTables(source.schema));
  for await (const block of source.blocks()) meter.add(block);
  return meter.contents();
}

async function withInstallation<T>(address: DatabaseAddress, work: (source: DatabaseSource) => Promise<T>): Promise<T> {
  const source = await openInstallation(address);
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

function compare(
  source: InstallationTotals,
  target: InstallationTotals,
  moved: Contents,
  arrived: Contents | undefined,
): MigrationReport {
  const tables = Object.entries(target.rows).map(([table, targetRows]): TableComparison => {
    const sourceRows = source.rows[table] ?? 0;
    const isSameContent = arrived === undefined ? undefined : moved[table]?.sha256 === arrived[table]?.sha256;
    return { table, sourceRows, targetRows, isSameContent };
  });
  const keyOf = ({ table, currency }: LedgerSum): string => `${table} ${currency}`;
  const [left, right] = [source, target].map(({ sums }) => new Map(sums.map((sum) => [keyOf(sum), sum])));
  const keys = new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])]);
  const sums = [...keys].map((key): SumComparison => ({ source: left?.get(key), target: right?.get(key) }));
  return {
    tables,
    sums,
    agrees:
      tables.every((each) => each.sourceRows === each.targetRows && each.isSameContent !== false) &&
      sums.every((each) => isDeepStrictEqual(each.source, each.target)),
  };
}
