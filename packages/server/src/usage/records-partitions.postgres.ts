import type pg from "pg";
import { type PartitionSpan, partitionSpan } from "../postgres/partitions.ts";
import type { PreparedRecord } from "./prepare-record.ts";

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

  nameOf(atMs: number): string {
    const name = this.#names.get(this.#startOf(atMs));
    if (name === undefined) throw new Error("a month has no partition");
    return name;
  }

  /** Instants of which nothing is known yet, one for each partition. */
  unknown(records: Iterable<PreparedRecord>): readonly number[] {
    const starts = new Set<number>();
    for (const { occurredAtMs } of records) {
      const start = this.#startOf(occurredAtMs);
      if (!this.#names.has(start)) starts.add(start);
    }
    return [...starts];
  }

  /** Makes what is not there, outside of any transaction, so that each is there for all others at once. */
  async make(client: pg.ClientBase, instants: readonly number[]): Promise<void> {
    for (const atMs of instants) {
      const { rows } = await client.query<{ name: string }>("SELECT make_records_partition($1) AS name", [atMs]);
      const [made] = rows;
      if (made === undefined) throw new Error("no partition was named");
      this.#names.set(atMs, made.name);
    }
  }

  /** To be called where one turned out to be gone. */
  forget(): void {
    this.#names.clear();
  }
}
