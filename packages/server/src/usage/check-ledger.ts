import type { StoreThread } from "../sqlite/operation.ts";
import { linesProve } from "./explain-record.sqlite.ts";
import { fromLineText } from "./line-text.ts";
import { formatUuid } from "./record-id.ts";
import { entryCodes, picoFromLimbs } from "./record-row.ts";
import { rollupMeasures } from "./rollups.ts";

export interface LedgerCheckOptions {
  /** Also has SQLite read every page of the file and compare indexes with tables; slow on large files. */
  readonly integrity?: boolean;
  /** How many differences are reported one by one; all are counted. */
  readonly reportMax?: number;
}

/** One place where the ledger is not what it must be. */
export interface LedgerDifference {
  readonly table: string;
  readonly key: string;
  readonly message: string;
}

export interface LedgerCheck {
  readonly records: number;
  readonly rollupRows: number;
  readonly linesChecked: number;
  readonly differences: number;
  readonly reported: readonly LedgerDifference[];
}

type Sums = readonly bigint[];

interface RollupTable {
  readonly table: string;
  readonly bucket: "hour" | "day";
  readonly ofUser: boolean;
}

const tables: readonly RollupTable[] = [
  { table: "rollup_hourly", bucket: "hour", ofUser: false },
  { table: "rollup_daily", bucket: "day", ofUser: false },
  { table: "rollup_user_daily", bucket: "day", ofUser: true },
];
const bucketMs = { hour: 3_600_000, day: 86_400_000 } as const;
const picoPerMilli = 1_000_000_000n;
const reportMaxDefault = 100;

/**
 * Recomputes all rollups from the records, and all lines from what they say, and compares exactly. A rollup row that is
 * missing counts as zeros, for moving records leaves such rows behind. Changes nothing; run it on a snapshot.
 */
export function checkLedger(store: StoreThread, options: LedgerCheckOptions): LedgerCheck {
  const reported: LedgerDifference[] = [];
  let differences = 0;
  const report = (table: string, key: string, message: string): void => {
    differences += 1;
    if (reported.length < (options.reportMax ?? reportMaxDefault)) reported.push({ table, key, message });
  };
  if (options.integrity === true) checkPages(store, report);
  let rollupRows = 0;
  for (const table of tables) rollupRows += compareRollup(store, table, report);
  const { records, linesChecked } = checkLines(store, report);
  return { records, rollupRows, linesChecked, differences, reported };
}

type Report = (table: string, key: string, message: string) => void;

function checkPages({ db }: StoreThread, report: Report): void {
  for (const row of db.prepare("PRAGMA integrity_check").all() as { integrity_check: string }[]) {
    if (row.integrity_check !== "ok") report("database", "page", row.integrity_check);
  }
}

/** What each measure of a rollup is in terms of the records' columns. */
const recordExpressions: Readonly<Record<(typeof rollupMeasures)[number], string>> = {
  requests: "sum(requests)",
  errors: "sum(is_error * requests)",
  input_tokens: "sum(input_tokens)",
  output_tokens: "sum(output_tokens)",
  cached_tokens: "sum(cached_tokens)",
  cache_write_tokens: "sum(cache_write_tokens)",
  reasoning_tokens: "sum(reasoning_tokens)",
  cost_milli: "coalesce(sum(cost_milli), 0)",
  cost_pico: "coalesce(sum(cost_pico), 0)",
};

type Row = Readonly<Record<string, bigint | string | null>>;

/** Walks both sides in key order, so that memory does not grow with the ledger. */
function compareRollup({ db }: StoreThread, { table, bucket, ofUser }: RollupTable, report: Report): number {
  const keys = ["organization_id", bucket, ...(ofUser ? ["user_id"] : []), "series_id"];
  const expressions = rollupMeasures.map((measure) => `${recordExpressions[measure]} AS ${measure}`);
  const fromRecords = db.prepare(`SELECT organization_id, occurred_at / ${bucketMs[bucket]} AS ${bucket},
      ${ofUser ? "user_id," : ""} series_id, ${expressions.join(", ")} FROM records
    ${ofUser ? "WHERE user_id IS NOT NULL" : ""} GROUP BY ${keys.map((_, at) => at + 1).join(", ")}
    ORDER BY ${keys.map((_, at) => at + 1).join(", ")}`);
  const fromRollup = db.prepare(
    `SELECT ${[...keys, ...rollupMeasures].join(", ")} FROM ${table} ORDER BY ${keys.join(", ")}`,
  );
  fromRecords.setReadBigInts(true);
  fromRollup.setReadBigInts(true);
  const wanted = fromRecords.iterate() as unknown as Iterator<Row>;
  const stored = fromRollup.iterate() as unknown as Iterator<Row>;
  let rows = 0;
  let want = wanted.next();
  let have = stored.next();
  while (want.done !== true || have.done !== true) {
    const order = compareKeys(
      keys,
      want.done === true ? undefined : want.value,
      have.done === true ? undefined : have.value,
    );
    const key = keys.map((name) => `${name}=${(order <= 0 ? want.value : have.value)[name]}`).join(" ");
    const wantSums = order <= 0 ? sumsOf(want.value) : undefined;
    const haveSums = order >= 0 ? sumsOf(have.value) : undefined;
    for (const [at, measure] of rollupMeasures.entries()) {
      const right = wantSums?.[at] ?? 0n;
      const kept = haveSums?.[at] ?? 0n;
      if (right !== kept) report(table, key, `${measure} is ${kept}, but the records sum to ${right}`);
    }
    if (order >= 0) rows += 1;
    if (order <= 0) want = wanted.next();
    if (order >= 0) have = stored.next();
  }
  return rows;
}

/** Sums with the 10⁻¹² carried, so that equal money has equal limbs. */
function sumsOf(row: Row): Sums {
  const sums = rollupMeasures.map((measure) => row[measure] as bigint);
  const pico = sums.at(-1) ?? 0n;
  const milli = sums.at(-2) ?? 0n;
  return [...sums.slice(0, -2), milli + pico / picoPerMilli, pico % picoPerMilli];
}

function compareKeys(keys: readonly string[], a: Row | undefined, b: Row | undefined): number {
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  for (const key of keys) {
    const left = a[key];
    const right = b[key];
    if (left === right) continue;
    if (typeof left === "bigint" && typeof right === "bigint") return left < right ? -1 : 1;
    return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)));
  }
  return 0;
}

interface LineRow {
  readonly organization_id: string;
  readonly id: Uint8Array;
  readonly entry: number;
  readonly cost_milli: number | null;
  readonly cost_pico: number | null;
  readonly lines: string | null;
}

function checkLines({ db }: StoreThread, report: Report): { records: number; linesChecked: number } {
  let records = 0;
  let linesChecked = 0;
  const rows = db.prepare("SELECT organization_id, id, entry, cost_milli, cost_pico, lines FROM records").iterate();
  for (const row of rows as unknown as Iterable<LineRow>) {
    records += 1;
    if (row.lines === null) continue;
    const lines = fromLineText(row.lines);
    linesChecked += lines.length;
    // A correction's amount is a difference; its lines prove the whole cost, which `explain` sums up.
    const total =
      row.entry === entryCodes.correction || row.cost_milli === null
        ? null
        : picoFromLimbs(row.cost_milli, row.cost_pico ?? 0);
    if (!linesProve(lines, total)) {
      report(
        "records",
        `organization_id=${row.organization_id} id=${formatUuid(row.id)}`,
        "the lines do not prove the cost",
      );
    }
  }
  return { records, linesChecked };
}
