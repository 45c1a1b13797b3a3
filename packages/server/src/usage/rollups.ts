const hourMs = 3_600_000;
const hoursPerDay = 24;
/** Of `cost_pico` in one `cost_milli`. */
export const picoPerMilli = 1_000_000_000;

/** What rollups sum, in the order of their columns. */
export const rollupMeasures = [
  "requests",
  "errors",
  "input_tokens",
  "output_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "cost_milli",
  "cost_pico",
  "saved_milli",
  "saved_pico",
] as const;
const measureCount = rollupMeasures.length;
/** Where money begins: pairs of limbs, thousandths before 10⁻¹². */
export const moneyAt = 7;
const costAt = moneyAt;
const savedAt = moneyAt + 2;

/** One record's share in its rollups. Signed: what leaves a series is added with minus signs, as limbs of its own. */
export interface RollupShare {
  readonly organizationId: string;
  readonly seriesId: number;
  readonly userId: string | null;
  readonly occurredAtMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  readonly costMilli: number;
  readonly costPico: number;
  readonly savedMilli: number;
  readonly savedPico: number;
}

/**
 * Exact sums of safe integers: a plain number each while it fits 2^53, the rest in a bigint that most sums never need.
 */
class Sums {
  readonly low: number[];
  high: bigint[] | undefined = undefined;

  constructor() {
    this.low = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  }

  add(at: number, value: number): void {
    const held = this.low[at] as number;
    const sum = held + value;
    if (sum <= Number.MAX_SAFE_INTEGER && sum >= -Number.MAX_SAFE_INTEGER) {
      this.low[at] = sum;
      return;
    }
    this.high ??= new Array<bigint>(measureCount).fill(0n);
    this.high[at] = (this.high[at] as bigint) + BigInt(held);
    this.low[at] = value;
  }

  addShare(share: RollupShare): void {
    this.add(0, share.requests);
    this.add(1, share.errors);
    this.add(2, share.inputTokens);
    this.add(3, share.outputTokens);
    this.add(4, share.cachedTokens);
    this.add(5, share.cacheWriteTokens);
    this.add(6, share.reasoningTokens);
    this.add(costAt, share.costMilli);
    this.add(costAt + 1, share.costPico);
    this.add(savedAt, share.savedMilli);
    this.add(savedAt + 1, share.savedPico);
  }

  addSums(other: Sums): void {
    for (let at = 0; at < measureCount; at += 1) this.add(at, other.low[at] as number);
    if (other.high === undefined) return;
    this.high ??= new Array<bigint>(measureCount).fill(0n);
    for (let at = 0; at < measureCount; at += 1) {
      this.high[at] = (this.high[at] as bigint) + (other.high[at] as bigint);
    }
  }

  /** Carries whole thousandths out of the 10⁻¹² and returns each sum, as a bigint where a number cannot hold it. */
  settle(): readonly (number | bigint)[] {
    this.#carry(costAt);
    this.#carry(savedAt);
    const { high } = this;
    if (high === undefined) return this.low;
    return this.low.map((low, at) => (high[at] === 0n ? low : (high[at] as bigint) + BigInt(low)));
  }

  #carry(milliAt: number): void {
    const pico = this.low[milliAt + 1] as number;
    if (pico < picoPerMilli) return;
    const carry = Math.floor(pico / picoPerMilli);
    this.low[milliAt + 1] = pico - carry * picoPerMilli;
    this.add(milliAt, carry);
  }
}

/** A table of rollups and what tells its rows apart, in the order of their values. */
export const rollupTables = {
  hourly: { table: "rollup_hourly", key: ["organization_id", "hour", "series_id"] },
  daily: { table: "rollup_daily", key: ["organization_id", "day", "series_id"] },
  userDaily: { table: "rollup_user_daily", key: ["organization_id", "user_id", "day", "series_id"] },
} as const;
export type RollupName = keyof typeof rollupTables;

/** How days that somebody wrote to are kept in `rollup_days`: whatever was settled of them is open again. */
export const openedDays = {
  columns: ["organization_id", "day", "state"],
  // The row is held until the end of the transaction even where nothing of it changes: whoever settles the day waits.
  conflict: `ON CONFLICT (organization_id, day) DO UPDATE SET state = 0, users = NULL WHERE rollup_days.state <> 0`,
} as const;

/** How sums are added to those of a row that is there: without overflow of 10⁻¹², whose thousandths are carried. */
export function rollupUpdate(table: string): string {
  const sums = rollupMeasures
    .slice(0, moneyAt)
    .map((measure) => `${measure} = ${table}.${measure} + excluded.${measure}`);
  const amounts = ["cost", "saved"].map((amount) => {
    const [milli, pico] = [`${amount}_milli`, `${amount}_pico`];
    const picos = `(${table}.${pico} + excluded.${pico})`;
    return `${milli} = ${table}.${milli} + excluded.${milli} + ${picos} / ${picoPerMilli}, ${pico} = ${picos} % ${picoPerMilli}`;
  });
  return [...sums, ...amounts].join(", ");
}

interface Cell {
  readonly bucket: number;
  readonly seriesId: number;
  readonly sums: Sums;
}

type Cells = Map<number, Map<number, Cell>>;

/** The cell of a bucket (an hour or a day) and a series. */
function cellOf(cells: Cells, bucket: number, seriesId: number): Cell {
  let ofBucket = cells.get(bucket);
  if (ofBucket === undefined) {
    ofBucket = new Map();
    cells.set(bucket, ofBucket);
  }
  let cell = ofBucket.get(seriesId);
  if (cell === undefined) {
    cell = { bucket, seriesId, sums: new Sums() };
    ofBucket.set(seriesId, cell);
  }
  return cell;
}

interface OrganizationShares {
  readonly hourly: Cells;
  readonly userDaily: Map<string, Cells>;
}

/**
 * What one transaction adds to the rollups, summed in memory so that each touched row is written once. Its store's
 * `flushRollups` writes it in the transaction that writes the records; a failed transaction forgets the whole object.
 */
export class RollupChanges {
  readonly #organizations = new Map<string, OrganizationShares>();

  add(share: RollupShare): void {
    let shares = this.#organizations.get(share.organizationId);
    if (shares === undefined) {
      shares = { hourly: new Map(), userDaily: new Map() };
      this.#organizations.set(share.organizationId, shares);
    }
    const hour = Math.floor(share.occurredAtMs / hourMs);
    cellOf(shares.hourly, hour, share.seriesId).sums.addShare(share);
    if (share.userId === null) return;
    let ofUser = shares.userDaily.get(share.userId);
    if (ofUser === undefined) {
      ofUser = new Map();
      shares.userDaily.set(share.userId, ofUser);
    }
    cellOf(ofUser, Math.floor(hour / hoursPerDay), share.seriesId).sums.addShare(share);
  }

  /**
   * Each row that changes, once: the values of its key and what is added to its measures; those of one table in the order
   * of their keys, for who writes in this order waits for others in one direction only. At last the days that are opened, by
   * the columns of `openedDays`. Forgets all of them.
   */
  *take(): Generator<{ readonly rollup: RollupName | "days"; readonly values: readonly RollupValue[] }> {
    for (const [organizationId, { hourly, userDaily }] of inOrder(this.#organizations)) {
      const daily: Cells = new Map();
      for (const ofHour of hourly.values()) {
        for (const { bucket, seriesId, sums } of ofHour.values()) {
          sums.settle();
          cellOf(daily, Math.floor(bucket / hoursPerDay), seriesId).sums.addSums(sums);
        }
      }
      yield* rowsOf("hourly", [organizationId], hourly);
      yield* rowsOf("daily", [organizationId], daily);
      for (const [userId, cells] of inOrder(userDaily)) yield* rowsOf("userDaily", [organizationId, userId], cells);
      for (const [day] of inOrder(daily)) yield { rollup: "days", values: [organizationId, day, 0] };
    }
    this.#organizations.clear();
  }
}

export type RollupValue = string | number | bigint;

function* rowsOf(
  rollup: RollupName,
  owner: readonly string[],
  cells: Cells,
): Generator<{ readonly rollup: RollupName; readonly values: readonly RollupValue[] }> {
  for (const [, ofBucket] of inOrder(cells)) {
    for (const [, { bucket, seriesId, sums }] of inOrder(ofBucket)) {
      yield { rollup, values: [...owner, bucket, seriesId, ...sums.settle()] };
    }
  }
}

/** The entries of a map by ascending keys. */
function inOrder<Key extends string | number, Value>(map: ReadonlyMap<Key, Value>): Iterable<readonly [Key, Value]> {
  if (map.size < 2) return map;
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
