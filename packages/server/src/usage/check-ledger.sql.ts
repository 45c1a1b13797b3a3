import { readKeptFrom } from "../retention/kept-from.ts";
import type { StoreConnection } from "../store/connection.ts";
import { installationRead } from "../store/operation.ts";
import { linesProve } from "./explain-record.sql.ts";
import { fromLineText } from "./line-text.ts";
import { readInOrder } from "./rating-walk.sql.ts";
import { formatUuid } from "./record-id.ts";
import { entryCodes, picoFromLimbs } from "./record-row.ts";
import { moneyAt, picoPerMilli, rollupMeasures } from "./rollups.ts";
import { seriesOfDay, usersOfDay } from "./settle-days.sql.ts";

export interface LedgerCheckOptions {
  /**
   * Also has SQLite read every page of the file and compare indexes with tables; slow on large files. PostgreSQL keeps
   * checksums of its own.
   */
  readonly integrity?: boolean;
  /** How many differences are reported one by one; all are counted. */
  readonly reportMax?: number;
  /** One organization's part alone. */
  readonly organizationId?: string;
}

/** One place where the ledger is not what it must be. */
export interface LedgerDifference {
  readonly table: string;
  readonly key: string;
  readonly message: string;
}

export interface LedgerCheck {
  /** Where the check begins, since records of before are no longer kept. UTC milliseconds; 0 is with the first. */
  readonly keptFromMs: number;
  readonly records: number;
  readonly rollupRows: number;
  readonly linesChecked: number;
  readonly differences: number;
  readonly reported: readonly LedgerDifference[];
}

const hourMs = 3_600_000;
const hoursPerDay = 24;
const dayMs = hoursPerDay * hourMs;
const reportMaxDefault = 100;
/** Bounds what is in memory at once: rollup rows of users, and records whose lines are computed again. */
const userRowsMax = 20_000;
const pageRecords = 1_000;

type Report = (table: string, key: string, message: string) => void;

/**
 * Recomputes all rollups from the records, and all lines from what they say, and compares exactly. A rollup row that is
 * missing counts as zeros, for moving records leaves such rows behind. Goes day by day, so that neither memory nor one
 * statement grows with the ledger. Begins where records are kept, but compares settled days of all times: what they follow
 * from stays. Changes nothing; run it on a snapshot.
 */
export async function checkLedger(connection: StoreConnection, options: LedgerCheckOptions): Promise<LedgerCheck> {
  const reported: LedgerDifference[] = [];
  let differences = 0;
  const report: Report = (table, key, message) => {
    differences += 1;
    if (reported.length < (options.reportMax ?? reportMaxDefault)) reported.push({ table, key, message });
  };
  await readInOrder(connection);
  if (options.integrity === true && connection.dialect === "sqlite") await checkPages(connection, report);
  let rollupRows = 0;
  let records = 0;
  let linesChecked = 0;
  const keptFromMs = await readKeptFrom(connection);
  const firstDay = Math.floor(keptFromMs / dayMs);
  const one = options.organizationId;
  let organizationId = one ?? (await nextOrganization(connection, ""));
  while (organizationId !== null) {
    for (let day = await nextDay(connection, organizationId, firstDay); day !== null; ) {
      rollupRows += await compareDay(connection, { organizationId, day }, report);
      day = await nextDay(connection, organizationId, day + 1);
    }
    await compareSettledDays(connection, organizationId, report);
    const checked = await checkRecords(connection, { organizationId, keptFromMs }, report);
    records += checked.records;
    linesChecked += checked.linesChecked;
    organizationId = one === undefined ? await nextOrganization(connection, organizationId) : null;
  }
  return { keptFromMs, records, rollupRows, linesChecked, differences, reported };
}

/** The check of everything, or of one organization, on one snapshot. */
export const checkLedgerOperation = installationRead("usage.checkLedger", checkLedger);

async function checkPages(connection: StoreConnection, report: Report): Promise<void> {
  const rows = await connection.all<{ readonly integrity_check: string }>("PRAGMA integrity_check");
  for (const row of rows) {
    if (row.integrity_check !== "ok") report("database", "page", row.integrity_check);
  }
}

const checkedTables = ["records", "rollup_hourly", "rollup_daily", "rollup_user_daily", "rollup_days"] as const;

async function nextOrganization(connection: StoreConnection, after: string): Promise<string | null> {
  const firsts = checkedTables.map(
    (table) => `SELECT (SELECT organization_id FROM ${table} WHERE organization_id > ?1
      ORDER BY organization_id LIMIT 1) AS organization_id`,
  );
  const row = await connection.get<{ readonly next: string | null }>(
    `SELECT min(organization_id) AS next FROM (${firsts.join(" UNION ALL ")}) AS firsts`,
    after,
  );
  return row?.next ?? null;
}

/** The first day, from the given one on, of which there is a record or a rollup. */
async function nextDay(connection: StoreConnection, organizationId: string, from: number): Promise<number | null> {
  const first = (table: string, column: string, place: number): string =>
    `(SELECT ${column} FROM ${table} WHERE organization_id = ?1 AND ${column} >= ?${place} ORDER BY ${column} LIMIT 1)`;
  const row = await connection.get<Readonly<Record<"at" | "hour" | "day" | "user_day", number | null>>>(
    `SELECT ${first("records", "occurred_at", 2)} AS at, ${first("rollup_hourly", "hour", 3)} AS hour,
       ${first("rollup_daily", "day", 4)} AS day, ${first("rollup_user_daily", "day", 4)} AS user_day`,
    organizationId,
    from * dayMs,
    from * hoursPerDay,
    from,
  );
  const days = [
    row?.at == null ? null : Math.floor(row.at / dayMs),
    row?.hour == null ? null : Math.floor(row.hour / hoursPerDay),
    row?.day ?? null,
    row?.user_day ?? null,
  ].filter((day) => day !== null);
  return days.length === 0 ? null : Math.min(...days);
}

interface Day {
  readonly organizationId: string;
  readonly day: number;
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
  saved_milli: "coalesce(sum(saved_milli), 0)",
  saved_pico: "coalesce(sum(saved_pico), 0)",
};

// As text, for they may be beyond what a number holds.
const sumsOfRecords = rollupMeasures.map((measure) => `CAST(${recordExpressions[measure]} AS TEXT) AS ${measure}`);
const sumsOfRollup = rollupMeasures.map((measure) => `CAST(${measure} AS TEXT) AS ${measure}`);

type SumsRow = Readonly<Record<(typeof rollupMeasures)[number], string>> & {
  readonly bucket: number;
  readonly user_id?: string;
  readonly series_id: number;
};
type Sums = readonly bigint[];

/** Sums by the key of their row, in words. */
type SumsByKey = Map<string, Sums>;

const sumsOf = (row: SumsRow): Sums => carried(rollupMeasures.map((measure) => BigInt(row[measure])));

/** Sums with the 10⁻¹² carried, so that equal money has equal limbs. */
function carried(sums: Sums): Sums {
  const settled = [...sums];
  for (let at = moneyAt; at < settled.length; at += 2) {
    const [milli = 0n, pico = 0n] = sums.slice(at);
    settled[at] = milli + pico / BigInt(picoPerMilli);
    settled[at + 1] = pico % BigInt(picoPerMilli);
  }
  return settled;
}

const keyOf = (
  organizationId: string,
  bucket: string,
  { user_id, series_id }: Pick<SumsRow, "user_id" | "series_id">,
) =>
  `organization_id=${organizationId} ${bucket} ${user_id === undefined ? "" : `user_id=${user_id} `}series_id=${series_id}`;

async function compareDay(connection: StoreConnection, of: Day, report: Report): Promise<number> {
  const { organizationId, day } = of;
  const hours = await connection.all<SumsRow>(
    `SELECT occurred_at / ${hourMs} AS bucket, series_id, ${sumsOfRecords.join(", ")} FROM records
     WHERE organization_id = ? AND occurred_at >= ? AND occurred_at < ? GROUP BY 1, 2`,
    organizationId,
    day * dayMs,
    (day + 1) * dayMs,
  );
  const hourly: SumsByKey = new Map();
  const daily: SumsByKey = new Map();
  for (const row of hours) {
    const sums = sumsOf(row);
    hourly.set(keyOf(organizationId, `hour=${row.bucket}`, row), sums);
    const key = keyOf(organizationId, `day=${day}`, row);
    const before = daily.get(key);
    daily.set(key, before === undefined ? sums : carried(sums.map((sum, at) => sum + (before[at] as bigint))));
  }
  const storedHours = await connection.all<SumsRow>(
    `SELECT hour AS bucket, series_id, ${sumsOfRollup.join(", ")} FROM rollup_hourly
     WHERE organization_id = ? AND hour >= ? AND hour < ?`,
    organizationId,
    day * hoursPerDay,
    (day + 1) * hoursPerDay,
  );
  const storedDays = await connection.all<SumsRow>(
    `SELECT day AS bucket, series_id, ${sumsOfRollup.join(", ")} FROM rollup_daily
     WHERE organization_id = ? AND day = ?`,
    organizationId,
    day,
  );
  compare("rollup_hourly", hourly, byKey(organizationId, "hour", storedHours), report);
  compare("rollup_daily", daily, byKey(organizationId, "day", storedDays), report);
  return storedHours.length + storedDays.length + (await compareUsers(connection, of, report));
}

/** What is kept of a settled day follows from its rollups, which are compared by themselves. */
async function compareSettledDays(connection: StoreConnection, organizationId: string, report: Report): Promise<void> {
  interface Settled {
    readonly day: number;
    readonly users: Uint8Array | null;
    readonly series: Uint8Array | null;
  }
  for (let after = -1; ; ) {
    const settled: Settled | undefined = await connection.get<Settled>(
      `SELECT d.day, d.users, s.sums AS series FROM rollup_days d
       LEFT JOIN settled_series s ON s.organization_id = d.organization_id AND s.day = d.day
       WHERE d.organization_id = ? AND d.day > ? AND d.state = 1 ORDER BY d.day LIMIT 1`,
      organizationId,
      after,
    );
    if (settled === undefined) return;
    const { day, users, series } = settled;
    after = day;
    const key = `organization_id=${organizationId} day=${day}`;
    // What is not kept may be too much to be read at once.
    if (users !== null && !isSame(users, await usersOfDay(connection, organizationId, day))) {
      report("rollup_days", key, "users are not what rollup_user_daily sums to");
    }
    if (series !== null && !isSame(series, await seriesOfDay(connection, organizationId, day))) {
      report("settled_series", key, "series are not those of rollup_daily");
    }
  }
}

const isSame = (kept: Uint8Array, right: Uint8Array | undefined): boolean =>
  right !== undefined && Buffer.from(right).equals(kept);

/** The rollups of users, some users after the other where a day has very many. */
async function compareUsers(
  connection: StoreConnection,
  { organizationId, day }: Day,
  report: Report,
): Promise<number> {
  let after: string | null = null;
  let rows = 0;
  do {
    const last: { readonly user_id: string } | undefined = await connection.get<{ readonly user_id: string }>(
      `SELECT user_id FROM rollup_user_daily WHERE organization_id = ? AND day = ? ${after === null ? "" : "AND user_id > ?"}
       ORDER BY user_id, series_id LIMIT 1 OFFSET ${userRowsMax}`,
      ...[organizationId, day, ...(after === null ? [] : [after])],
    );
    const until: string | null = last?.user_id ?? null;
    const range = `${after === null ? "" : "AND user_id > ?"} ${until === null ? "" : "AND user_id <= ?"}`;
    const users = [after, until].filter((user) => user !== null);
    const wanted = await connection.all<SumsRow>(
      `SELECT user_id, series_id, ${sumsOfRecords.join(", ")} FROM records
       WHERE organization_id = ? AND occurred_at >= ? AND occurred_at < ? AND user_id IS NOT NULL ${range} GROUP BY 1, 2`,
      ...[organizationId, day * dayMs, (day + 1) * dayMs, ...users],
    );
    const stored = await connection.all<SumsRow>(
      `SELECT day AS bucket, user_id, series_id, ${sumsOfRollup.join(", ")} FROM rollup_user_daily
       WHERE organization_id = ? AND day = ? ${range}`,
      ...[organizationId, day, ...users],
    );
    const ofDay = (row: SumsRow): SumsRow => ({ ...row, bucket: day });
    compare(
      "rollup_user_daily",
      byKey(organizationId, "day", wanted.map(ofDay)),
      byKey(organizationId, "day", stored),
      report,
    );
    rows += stored.length;
    after = until;
  } while (after !== null);
  return rows;
}

const byKey = (organizationId: string, bucket: "hour" | "day", rows: readonly SumsRow[]): SumsByKey =>
  new Map(rows.map((row) => [keyOf(organizationId, `${bucket}=${row.bucket}`, row), sumsOf(row)]));

function compare(table: string, wanted: SumsByKey, stored: SumsByKey, report: Report): void {
  for (const key of new Set([...wanted.keys(), ...stored.keys()])) {
    for (const [at, measure] of rollupMeasures.entries()) {
      const right = wanted.get(key)?.[at] ?? 0n;
      const kept = stored.get(key)?.[at] ?? 0n;
      if (right !== kept) report(table, key, `${measure} is ${kept}, but the records sum to ${right}`);
    }
  }
}

interface CheckedRow {
  readonly id: Uint8Array;
  readonly occurred_at: number;
  readonly entry: number;
  readonly cost_milli: number | null;
  readonly cost_pico: number | null;
  readonly lines: string | null;
  readonly is_keyed: number;
}

/** Records in the order in which they lie: on SQLite by id, on PostgreSQL by time, where each must have its key as well. */
const checkedRecords = {
  sqlite: `SELECT id, occurred_at, entry, cost_milli, cost_pico, lines, 1 AS is_keyed FROM records
    WHERE organization_id = ?1 AND id > ?2 AND occurred_at >= ?3 ORDER BY id LIMIT ${pageRecords}`,
  // OFFSET 0 keeps the planner from reading all keys for each page.
  postgres: `SELECT r.id, r.occurred_at, r.entry, r.cost_milli, r.cost_pico, r.lines,
      CASE WHEN k.occurred_at = r.occurred_at AND k.entry = r.entry AND k.fingerprint = r.fingerprint THEN 1 ELSE 0 END
        AS is_keyed
    FROM (
      SELECT * FROM records WHERE organization_id = ?1 AND (occurred_at, id) > (?3, ?2) AND occurred_at >= ?3
      ORDER BY occurred_at, id LIMIT ${pageRecords}) AS r
    LEFT JOIN LATERAL (
      SELECT * FROM record_keys o WHERE o.organization_id = ?1 AND o.id = r.id OFFSET 0) AS k ON true
    ORDER BY r.occurred_at, r.id`,
} as const;

async function checkRecords(
  connection: StoreConnection,
  { organizationId, keptFromMs }: { readonly organizationId: string; readonly keptFromMs: number },
  report: Report,
): Promise<{ records: number; linesChecked: number }> {
  let records = 0;
  let linesChecked = 0;
  let last: Pick<CheckedRow, "id" | "occurred_at"> | undefined = {
    id: new Uint8Array(0),
    occurred_at: keptFromMs,
  };
  while (last !== undefined) {
    const place = [last.id, connection.dialect === "sqlite" ? keptFromMs : last.occurred_at];
    const page: readonly CheckedRow[] = await connection.all<CheckedRow>(
      checkedRecords[connection.dialect],
      organizationId,
      ...place,
    );
    for (const row of page) linesChecked += checkRecord(organizationId, row, report);
    records += page.length;
    last = page.length < pageRecords ? undefined : page.at(-1);
  }
  return { records, linesChecked };
}

/** Checks one record and returns how many lines were computed again. */
function checkRecord(organizationId: string, row: CheckedRow, report: Report): number {
  const key = `organization_id=${organizationId} id=${formatUuid(row.id)}`;
  if (row.is_keyed === 0) report("record_keys", key, "there is no such key for the record");
  if (row.lines === null) return 0;
  const lines = fromLineText(row.lines);
  // A correction's amount is a difference; its lines prove the whole cost, which `explain` sums up.
  const total =
    row.entry === entryCodes.correction || row.cost_milli === null
      ? null
      : picoFromLimbs(row.cost_milli, row.cost_pico ?? 0);
  if (!linesProve(lines, total)) report("records", key, "the lines do not prove the cost");
  return lines.length;
}
