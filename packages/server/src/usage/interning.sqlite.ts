import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type StoreThread, threadState } from "../sqlite/operation.ts";
import { onTransactionEnd } from "../sqlite/transaction.ts";
import { digest16 } from "./record-id.ts";

/** How many combinations a thread remembers of each table; beyond it the memory starts afresh. */
const rememberedMax = 100_000;
const mark = "\x1f";
const absent = "\x00";

/** The dimensions of one series. Tags are JSON with sorted keys. */
export interface SeriesDimensions {
  readonly organizationId: string;
  readonly provider: string;
  readonly model: string;
  readonly resolvedModel: string | null;
  readonly projectId: string | null;
  readonly serviceTier: string;
  readonly region: string | null;
  readonly currency: string | null;
  readonly costStatus: string;
  readonly tags: string;
}

/** Why a model and a rate were chosen. */
export interface RuleTexts {
  readonly organizationId: string;
  readonly resolutionRule: string | null;
  readonly resolutionDetail: string | null;
  readonly priceRule: string | null;
}

type Numbers = Map<string, number>;

const keyOf = (values: readonly (string | null)[]): string => values.map((value) => value ?? absent).join(mark);

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

  constructor(db: DatabaseSync, table: string, id: string, columns: readonly string[], forgetAll: () => void) {
    this.#find = db.prepare(`SELECT ${id} AS id FROM ${table} WHERE organization_id = ? AND key_hash = ?`);
    this.#next = db.prepare(`SELECT coalesce(max(${id}), 0) + 1 AS id FROM ${table} WHERE organization_id = ?`);
    const names = ["organization_id", id, "key_hash", ...columns];
    this.#insert = db.prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`);
    this.#forgetAll = forgetAll;
  }

  /** The number of a row, found or written, and remembered in `numbers` under `key`, the `keyOf` its values. */
  intern(organizationId: string, values: readonly (string | null)[], numbers: Numbers, key: string): number {
    const hash = digest16(key);
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

const seriesColumns = [
  "provider",
  "model",
  "resolved_model",
  "project_id",
  "service_tier",
  "region",
  "currency",
  "cost_status",
  "tags",
] as const;
const ruleColumns = ["resolution_rule", "resolution_detail", "price_rule"] as const;

/** One table of `SharedRows` with what the thread knows of it, by organization. */
class Numbered<T extends { readonly organizationId: string }> {
  readonly #rows: SharedRows;
  readonly #valuesOf: (of: T) => readonly (string | null)[];
  readonly #numbers = new Map<string, Numbers>();
  /** Numbers by the very object that asked, which many records share: no text is put together for them. */
  #byObject = new WeakMap<T, number>();

  constructor(
    db: DatabaseSync,
    table: string,
    id: string,
    columns: readonly string[],
    valuesOf: (of: T) => readonly (string | null)[],
  ) {
    this.#rows = new SharedRows(db, table, id, columns, () => this.#numbers.clear());
    this.#valuesOf = valuesOf;
  }

  number(of: T): number {
    const known = this.#byObject.get(of);
    if (known !== undefined) return known;
    let numbers = this.#numbers.get(of.organizationId);
    if (numbers === undefined) {
      numbers = new Map();
      this.#numbers.set(of.organizationId, numbers);
    }
    const values = this.#valuesOf(of);
    const key = keyOf(values);
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
    this.#series = new Numbered(db, "series", "series_id", seriesColumns, (of) => [
      of.provider,
      of.model,
      of.resolvedModel,
      of.projectId,
      of.serviceTier,
      of.region,
      of.currency,
      of.costStatus,
      of.tags,
    ]);
    this.#rules = new Numbered(db, "rules", "rule_id", ruleColumns, (of) => [
      of.resolutionRule,
      of.resolutionDetail,
      of.priceRule,
    ]);
  }

  /** The number of a series, within its organization. Inside a write transaction only. */
  seriesId(of: SeriesDimensions): number {
    return this.#series.number(of);
  }

  /** The number of a rule; null where there is nothing to say. Inside a write transaction only. */
  ruleId(texts: RuleTexts): number | null {
    const { resolutionRule, resolutionDetail, priceRule } = texts;
    if (resolutionRule === null && resolutionDetail === null && priceRule === null) return null;
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
