import type pg from "pg";
import { type PartitionSpan, partitionSpan } from "../postgres/partitions.ts";
import type { PreparedRecord } from "./prepare-record.ts";

/** A partition is made so long before the first record of its time comes. */
const aheadMs = 7 * 24 * 60 * 60 * 1_000;

/** The partitions of `records` that this process knows to be there. */
export class RecordsPartitions {
  readonly #names = new Map<number, string>();
  /** The span of the record before: nearly always the next record's as well. */
  #last: PartitionSpan = { fromMs: 0, toMs: 0 };

  #startOf(atMs: number): number {
    const last = this.#last;
    if (atMs >= last.fromMs && atMs < last.toMs) return last.fromMs;
    this.#last = partitionSpan(atMs);
    return this.#last.fromMs;
  }

  knows(atMs: number): boolean {
    return this.#names.has(this.#startOf(atMs));
  }

  nameOf(atMs: number): string {
    const name = this.#names.get(this.#startOf(atMs));
    if (name === undefined) throw new Error("a month has no partition");
    return name;
  }

  /** Starts of the spans of which nothing is known yet: of the records', and of the one that begins soon. */
  unknown(records: Iterable<PreparedRecord>, nowMs: number): readonly number[] {
    const starts = new Set<number>();
    const see = (atMs: number): void => {
      const start = this.#startOf(atMs);
      if (!this.#names.has(start)) starts.add(start);
    };
    see(nowMs + aheadMs);
    for (const { occurredAtMs } of records) see(occurredAtMs);
    return [...starts];
  }

  /**
   * Makes what is not there, outside of any transaction, so that each is there for all others at once. Months whose records
   * are no longer kept stay unknown.
   */
  async make(client: pg.ClientBase, instants: readonly number[]): Promise<void> {
    for (const atMs of instants) {
      const { rows } = await client.query<{ name: string | null }>("SELECT make_records_partition($1) AS name", [atMs]);
      const [made] = rows;
      if (made === undefined) throw new Error("no partition was named");
      if (made.name !== null) this.#names.set(atMs, made.name);
    }
  }

  /** To be called where one turned out to be gone. */
  forget(): void {
    this.#names.clear();
  }
}
