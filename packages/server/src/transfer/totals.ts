import { formatMoney } from "@llm-cost-ops/core";
import { carriedRows, carriedTables, embeddedTables } from "./carried-tables.ts";
import type { DatabaseSource } from "./table-block.ts";

/** What a table of the ledger sums up to in one currency; null is without one. Every sum is exact, in decimal. */
export interface LedgerSum {
  readonly table: (typeof ledgerTables)[number];
  readonly currency: string | null;
  readonly requests: string;
  readonly input_tokens: string;
  readonly output_tokens: string;
  readonly cached_tokens: string;
  readonly cache_write_tokens: string;
  readonly reasoning_tokens: string;
  /** In the currency. */
  readonly cost: string;
  /** By caching, in the currency; 0 in a schema that does not know it. */
  readonly saved: string;
}

/** What two installations that hold the same agree in. */
export interface InstallationTotals {
  readonly rows: Readonly<Record<string, number>>;
  readonly sums: readonly LedgerSum[];
}

const ledgerTables = ["records", "rollup_hourly", "rollup_daily", "rollup_user_daily"] as const;
const measures = [
  "requests",
  "input_tokens",
  "output_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
] as const;
const picoPerMilli = 1_000_000_000n;
/** Columns of 64 bits are summed in two parts, for SQLite's sum of whole columns may not hold. */
const partSize = 1_000_000_000n;

/** Counts the carried rows of every table and sums up the ledger. */
export async function readTotals(source: DatabaseSource): Promise<InstallationTotals> {
  const rows: Record<string, number> = {};
  const tables = carriedTables(source.schema);
  const kept = new Set(embeddedTables(source.schema).map(({ name }) => name));
  for (const { name } of tables) {
    // A schema before retention has dropped nothing, and the embedded store no table for it.
    const [row] = kept.has(name)
      ? await source.texts(`SELECT CAST(count(*) AS TEXT) FROM ${name} t ${carriedRows(name)}`)
      : [];
    rows[name] = Number(row?.[0] ?? 0);
  }
  const sums: LedgerSum[] = [];
  for (const table of ledgerTables) {
    const columns = new Set(tables.find(({ name }) => name === table)?.columns.map(({ name }) => name));
    for (const row of await source.texts(sumStatement(table, columns))) sums.push(fromRow(table, row));
  }
  return { rows, sums };
}

const parts = (column: string): string =>
  `CAST(coalesce(sum(t.${column} / ${partSize}), 0) AS TEXT), CAST(coalesce(sum(t.${column} % ${partSize}), 0) AS TEXT)`;

const limbs = ["cost_milli", "cost_pico", "saved_milli", "saved_pico"] as const;

const sumStatement = (table: LedgerSum["table"], columns: ReadonlySet<string>): string =>
  `SELECT s.currency, ${[...measures, ...limbs].map((column) => (columns.has(column) ? parts(column) : "'0', '0'")).join(", ")}
   FROM ${table} t JOIN series s ON s.organization_id = t.organization_id AND s.series_id = t.series_id
   GROUP BY s.currency ORDER BY s.currency NULLS FIRST`;

function fromRow(table: LedgerSum["table"], [currency = null, ...cells]: readonly (string | null)[]): LedgerSum {
  const sumAt = (position: number): bigint =>
    BigInt(cells[2 * position] ?? "0") * partSize + BigInt(cells[2 * position + 1] ?? "0");
  const sums = Object.fromEntries(measures.map((measure, at) => [measure, String(sumAt(at))]));
  const moneyAt = (position: number): string => formatMoney(sumAt(position) * picoPerMilli + sumAt(position + 1));
  return {
    table,
    currency,
    ...(sums as Record<(typeof measures)[number], string>),
    cost: moneyAt(measures.length),
    saved: moneyAt(measures.length + 2),
  };
}
