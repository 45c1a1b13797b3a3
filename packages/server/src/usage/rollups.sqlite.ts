import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type StoreThread, threadState } from "../sqlite/operation.ts";

const hourMs = 3_600_000;
const hoursPerDay = 24;
const picoPerMilli = 1_000_000_000;

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
] as const;
const measureCount = rollupMeasures.length;
const milliAt = 7;
const picoAt = 8;

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
}

/**
 * Exact sums of safe integers: a plain number each while it fits 2^53, the rest in a bigint that most sums never need.
 */
class Sums {
  readonly low: number[];
  high: bigint[] | undefined = undefined;

  constructor() {
    this.low = [0, 0, 0, 0, 0, 0, 0, 0, 0];
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
    this.add(milliAt, share.costMilli);
    this.add(picoAt, share.costPico);
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
    const pico = this.low[picoAt] as number;
    if (pico >= picoPerMilli) {
      const carry = Math.floor(pico / picoPerMilli);
      this.low[picoAt] = pico - carry * picoPerMilli;
      this.add(milliAt, carry);
    }
    const { high } = this;
    if (high === undefined) return this.low;
    return this.low.map((low, at) => (high[at] === 0n ? low : (high[at] as bigint) + BigInt(low)));
  }
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
 * What one transaction adds to the rollups, summed in memory so that each touched row is written once. `flush` in the
 * transaction that writes the records; a failed transaction forgets the whole object.
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

  /** Adds everything to the three tables. Throws where a sum leaves 64 bits; the transaction must then be rolled back. */
  flush(store: StoreThread): void {
    const statements = threadState(store, statementsKey, () => prepareUpserts(store.db));
    for (const [organizationId, { hourly, userDaily }] of this.#organizations) {
      const daily: Cells = new Map();
      for (const ofHour of hourly.values()) {
        for (const { bucket, seriesId, sums } of ofHour.values()) {
          sums.settle();
          cellOf(daily, Math.floor(bucket / hoursPerDay), seriesId).sums.addSums(sums);
        }
      }
      writeCells(statements.hourly, [organizationId], hourly);
      writeCells(statements.daily, [organizationId], daily);
      for (const [userId, cells] of userDaily) writeCells(statements.userDaily, [organizationId, userId], cells);
    }
    this.#organizations.clear();
  }
}

function writeCells(statement: StatementSync, owner: readonly string[], cells: Cells): void {
  for (const ofBucket of cells.values()) {
    for (const { bucket, seriesId, sums } of ofBucket.values()) {
      statement.run(...owner, bucket, seriesId, ...sums.settle());
    }
  }
}

const statementsKey = Symbol("rollup upserts");

function prepareUpserts(db: DatabaseSync) {
  const upsert = (table: string, owner: readonly string[], bucket: string): StatementSync => {
    const columns = [...owner, bucket, "series_id", ...rollupMeasures];
    const sums = rollupMeasures
      .slice(0, milliAt)
      .map((measure) => `${measure} = ${measure} + excluded.${measure}`)
      .join(", ");
    return db.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
      ON CONFLICT DO UPDATE SET ${sums},
        cost_milli = cost_milli + excluded.cost_milli + (cost_pico + excluded.cost_pico) / ${picoPerMilli},
        cost_pico = (cost_pico + excluded.cost_pico) % ${picoPerMilli}`);
  };
  return {
    hourly: upsert("rollup_hourly", ["organization_id"], "hour"),
    daily: upsert("rollup_daily", ["organization_id"], "day"),
    userDaily: upsert("rollup_user_daily", ["organization_id", "user_id"], "day"),
  };
}
