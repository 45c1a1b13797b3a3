import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type StoreThread, threadState } from "../sqlite/operation.ts";
import { onTransactionEnd } from "../sqlite/transaction.ts";
import {
  isSilent,
  keyHash,
  type RuleTexts,
  rulesTable,
  type SeriesDimensions,
  type SharedTable,
  seriesTable,
} from "./interning.ts";

/** How many combinations a thread remembers of each table; beyond it the memory starts afresh. */
const rememberedMax = 100_000;
type Numbers = Map<string, number>;

/**
 * One table of shared rows, each written once under a number. Other processes may write the same table, so its unique
 * index decides. What a transaction added must be settled with it: `keep` after the commit, `forget` after a rollback,
 * lest a number that was never stored is used again.
 */
class SharedRows {
  readonly #find: StatementSync;
  readonly #next: StatementSync;
  readonly #insert: StatementSync;
  readonly #forgetAll: () => void;
  #added: (readonly [numbers: Numbers, key: string])[] = [];
  #remembered = 0;

  constructor(db: DatabaseSync, { table, id, columns }: SharedTable<never>, forgetAll: () => void) {
    this.#find = db.prepare(`SELECT ${id} AS id FROM ${table} WHERE organization_id = ? AND key_hash = ?`);
    this.#next = db.prepare(`SELECT coalesce(max(${id}), 0) + 1 AS id FROM ${table} WHERE organization_id = ?`);
    const names = ["organization_id", id, "key_hash", ...columns];
    this.#insert = db.prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`);
    this.#forgetAll = forgetAll;
  }

  /** The number of a row, found or written, and remembered in `numbers` under `key`, the `keyOf` its values. */
  intern(organizationId: string, values: readonly (string | null)[], numbers: Numbers, key: string): number {
    const hash = keyHash(key);
    const stored = this.#find.get(organizationId, hash) as { id: number } | undefined;
    const id = stored?.id ?? (this.#next.get(organizationId) as { id: number }).id;
    if (stored === undefined) this.#insert.run(organizationId, id, hash, ...values);
    if (this.#remembered >= rememberedMax) {
      this.#forgetAll();
      this.#remembered = 0;
    }
    numbers.set(key, id);
    this.#added.push([numbers, key]);
    this.#remembered += 1;
    return id;
  }

  keep(): void {
    this.#added = [];
  }

  forget(): void {
    for (const [numbers, key] of this.#added) numbers.delete(key);
    this.#added = [];
  }
}

/** One table of `SharedRows` with what the thread knows of it, by organization. */
class Numbered<T extends { readonly organizationId: string }> {
  readonly #rows: SharedRows;
  readonly #shared: SharedTable<T>;
  readonly #numbers = new Map<string, Numbers>();
  /** Numbers by the very object that asked, which many records share: no text is put together for them. */
  #byObject = new WeakMap<T, number>();

  constructor(db: DatabaseSync, shared: SharedTable<T>) {
    this.#rows = new SharedRows(db, shared, () => this.#numbers.clear());
    this.#shared = shared;
  }

  number(of: T): number {
    const known = this.#byObject.get(of);
    if (known !== undefined) return known;
    let numbers = this.#numbers.get(of.organizationId);
    if (numbers === undefined) {
      numbers = new Map();
      this.#numbers.set(of.organizationId, numbers);
    }
    const values = this.#shared.valuesOf(of);
    const key = this.#shared.keyOf(values);
    const id = numbers.get(key) ?? this.#rows.intern(of.organizationId, values, numbers, key);
    this.#byObject.set(of, id);
    return id;
  }

  settle(committed: boolean): void {
    if (committed) {
      this.#rows.keep();
      return;
    }
    this.#rows.forget();
    this.#byObject = new WeakMap();
  }
}

/** The series and rules of one store thread, looked up for every record. */
export class Interning {
  readonly #series: Numbered<SeriesDimensions>;
  readonly #rules: Numbered<RuleTexts>;

  constructor(db: DatabaseSync) {
    this.#series = new Numbered(db, seriesTable);
    this.#rules = new Numbered(db, rulesTable);
  }

  /** The number of a series, within its organization. Inside a write transaction only. */
  seriesId(of: SeriesDimensions): number {
    return this.#series.number(of);
  }

  /** The number of a rule; null where there is nothing to say. Inside a write transaction only. */
  ruleId(texts: RuleTexts): number | null {
    if (isSilent(texts)) return null;
    return this.#rules.number(texts);
  }

  /** To be told how each write transaction ended. */
  settle(committed: boolean): void {
    this.#series.settle(committed);
    this.#rules.settle(committed);
  }
}

const interningKey = Symbol("series and rules");

/** The thread's interning; it follows the write transactions of its thread. */
export const interningOf = (store: StoreThread): Interning =>
  threadState(store, interningKey, () => {
    const interning = new Interning(store.db);
    onTransactionEnd(store, (committed) => interning.settle(committed));
    return interning;
  });
