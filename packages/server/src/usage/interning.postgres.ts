import type pg from "pg";
import {
  isSilent,
  keyHash,
  keyWithin,
  type RuleTexts,
  rulesTable,
  type SeriesDimensions,
  type SharedTable,
  seriesTable,
} from "./interning.ts";
import type { PreparedRecord } from "./prepare-record.ts";

/** How many combinations a process remembers of each table; beyond it the memory starts afresh. */
const rememberedMax = 100_000;

interface Numbered<T> {
  readonly of: T;
  readonly number: number;
}

/** What is known of one shared table: numbers that are committed, and so never change. */
class Numbers<T extends { readonly organizationId: string }> {
  readonly #table: SharedTable<T>;
  readonly #byKey = new Map<string, number>();
  /** Numbers by the very object that asked, which many records share: no text is put together for them. */
  readonly #byObject = new WeakMap<T, number>();

  constructor(table: SharedTable<T>) {
    this.#table = table;
  }

  /** Undefined where the row has to be interned first. */
  find(of: T): number | undefined {
    const known = this.#byObject.get(of);
    if (known !== undefined) return known;
    const number = this.#byKey.get(this.#keyOf(of));
    if (number !== undefined) this.#byObject.set(of, number);
    return number;
  }

  /** Finds or writes the rows, in a transaction that holds its organization's lock, so that numbers commit in order. */
  async intern(client: pg.ClientBase, organizationId: string, rows: ReadonlySet<T>): Promise<readonly Numbered<T>[]> {
    if (rows.size === 0) return [];
    const { table, id, columns, valuesOf, keyOf } = this.#table;
    const wanted = new Map<string, { readonly of: T; readonly hash: Buffer }>();
    for (const of of rows) {
      const hash = Buffer.from(keyHash(keyOf(valuesOf(of))));
      wanted.set(hash.toString("hex"), { of, hash });
    }
    const stored = await client.query<{ id: number; key_hash: Buffer }>(
      `SELECT ${id} AS id, key_hash FROM ${table} WHERE organization_id = $1 AND key_hash = ANY($2::bytea[])`,
      [organizationId, [...wanted.values()].map(({ hash }) => hash)],
    );
    const found: Numbered<T>[] = [];
    for (const row of stored.rows) {
      const key = row.key_hash.toString("hex");
      const of = wanted.get(key)?.of;
      if (of !== undefined) found.push({ of, number: row.id });
      wanted.delete(key);
    }
    if (wanted.size === 0) return found;
    const last = await client.query<{ id: number }>(
      `SELECT coalesce(max(${id}), 0) AS id FROM ${table} WHERE organization_id = $1`,
      [organizationId],
    );
    let number = last.rows[0]?.id ?? 0;
    const numbered = [...wanted.values()].map(({ of, hash }) => {
      number += 1;
      return { of, hash, number };
    });
    const texts = columns.map((_, at) => numbered.map(({ of }) => valuesOf(of)[at] ?? null));
    await client.query(
      `INSERT INTO ${table} (organization_id, ${id}, key_hash, ${columns.join(", ")})
       SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], ${columns.map((_, at) => `$${at + 4}::text[]`).join(", ")})`,
      [organizationId, numbered.map((row) => row.number), numbered.map((row) => row.hash), ...texts],
    );
    return [...found, ...numbered];
  }

  #keyOf(of: T): string {
    const { keyOf, valuesOf } = this.#table;
    return keyWithin(of.organizationId, keyOf(valuesOf(of)));
  }

  keep(numbered: readonly Numbered<T>[]): void {
    for (const { of, number } of numbered) {
      if (this.#byKey.size >= rememberedMax) this.#byKey.clear();
      this.#byKey.set(this.#keyOf(of), number);
      this.#byObject.set(of, number);
    }
  }
}

/** What has to be interned before records can be written. */
export interface Unknown {
  readonly series: ReadonlySet<SeriesDimensions>;
  readonly rules: ReadonlySet<RuleTexts>;
}

/** Numbers that a transaction found or wrote. */
export interface Interned {
  keep(): void;
}

/** The numbers of series and rules that a process knows to be committed. */
export class PostgresInterning {
  readonly #series = new Numbers(seriesTable);
  readonly #rules = new Numbers(rulesTable);

  /** What the records need and is not known yet; undefined where there is nothing. */
  unknown(records: Iterable<PreparedRecord>): Unknown | undefined {
    const series = new Set<SeriesDimensions>();
    const rules = new Set<RuleTexts>();
    for (const record of records) {
      if (this.knows(record)) continue;
      const { rule } = record;
      series.add(record.series);
      if (rule !== null && !isSilent(rule)) rules.add(rule);
    }
    return series.size > 0 || rules.size > 0 ? { series, rules } : undefined;
  }

  /** In a transaction that holds its organization's lock. Once that is committed, `keep` what it found and wrote. */
  async intern(client: pg.ClientBase, organizationId: string, { series, rules }: Unknown): Promise<Interned> {
    const ofSeries = await this.#series.intern(client, organizationId, series);
    const ofRules = await this.#rules.intern(client, organizationId, rules);
    return {
      keep: () => {
        this.#series.keep(ofSeries);
        this.#rules.keep(ofRules);
      },
    };
  }

  /** Whether both numbers of a record are known. */
  knows({ series, rule }: PreparedRecord): boolean {
    if (this.#series.find(series) === undefined) return false;
    return rule === null || isSilent(rule) || this.#rules.find(rule) !== undefined;
  }

  seriesId({ series }: PreparedRecord): number {
    const id = this.#series.find(series);
    if (id === undefined) throw new Error("a series has no number");
    return id;
  }

  ruleId({ rule }: PreparedRecord): number | null {
    if (rule === null || isSilent(rule)) return null;
    const id = this.#rules.find(rule);
    if (id === undefined) throw new Error("a rule has no number");
    return id;
  }
}
