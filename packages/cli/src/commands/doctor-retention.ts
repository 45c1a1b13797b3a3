import type { Composition, Config } from "@llm-cost-ops/server";
import { counted } from "../terminal/amounts.ts";

export interface RetentionReport {
  /** Since when single records are kept; null is since ever. */
  readonly kept_from: string | null;
  /** Since when they will be after the next daily run of a server with this configuration. */
  readonly next_kept_from: string | null;
  readonly will_drop: readonly { readonly month: string; readonly records: number }[];
}

const instantOrNull = (ms: number): string | null => (ms === 0 ? null : new Date(ms).toISOString());

/** Since when records are kept, and which would go by RETENTION_MONTHS. */
export async function readRetention(
  store: Composition["store"],
  { retentionMonths }: Pick<Config, "retentionMonths">,
): Promise<RetentionReport> {
  const { readRetentionOutlook } = await import("@llm-cost-ops/server");
  const outlook = await store.run(readRetentionOutlook, { months: retentionMonths });
  return {
    kept_from: instantOrNull(outlook.keptFromMs),
    next_kept_from: instantOrNull(outlook.nextKeptFromMs),
    will_drop: outlook.months,
  };
}

/** As lines for people; none where all records are kept and will be. */
export function retentionText({ kept_from, next_kept_from, will_drop }: RetentionReport): readonly string[] {
  const lines = kept_from === null ? [] : [`Single records are kept since ${kept_from}; the check begins there.`];
  const [first] = will_drop;
  const last = will_drop.at(-1);
  if (first === undefined || last === undefined) return lines;
  const records = will_drop.reduce((sum, month) => sum + month.records, 0);
  const span = first.month === last.month ? first.month : `${first.month} to ${last.month}`;
  return [
    ...lines,
    `The next daily run drops ${counted(records, "record")} of ${span}, all of before ${next_kept_from}.`,
  ];
}
