import { formatInstant } from "@llm-cost-ops/core";
import type { StoreConnection } from "../store/connection.ts";

/** Since when records are kept, in UTC milliseconds; 0 is since ever. Every store has one row. */
export const keptFromSql = "SELECT value FROM settings WHERE key = 'records_kept_from'";

export async function readKeptFrom(connection: Pick<StoreConnection, "get">): Promise<number> {
  return (await connection.get<{ readonly value: number }>(keptFromSql))?.value ?? 0;
}

/**
 * The beginning of the first UTC month whose records are kept, where that many whole months before the present one are.
 *
 * @example keptFromOf(Date.UTC(2026, 10, 21), 12) // 2025-11-01T00:00:00Z
 */
export function keptFromOf(nowMs: number, months: number): number {
  const now = new Date(nowMs);
  return Math.max(0, Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months));
}

/** The part of a period of which records are kept, which may be none. */
export const keptPart = <Period extends { readonly fromMs: number }>(period: Period, keptFromMs: number): Period =>
  period.fromMs >= keptFromMs ? period : { ...period, fromMs: keptFromMs };

/** The end of a sentence that says that something is not there; nothing where all records are kept. */
export const unlessDropped = (keptFromMs: number): string =>
  keptFromMs === 0 ? "" : `; records of before ${formatInstant(keptFromMs)} are not kept`;
