import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type StoreThread, threadState } from "../sqlite/operation.ts";
import { onTransactionEnd } from "../sqlite/transaction.ts";
import { digest16 } from "./record-id.ts";

/** How many combinations a thread remembers of each table; beyond it the memory starts afresh. */
const rememberedMax = 100_000;
/** Families of one model (its tiers, regions, currencies) are searched one by one; a caller who makes up more starts anew. */
const familiesMax = 64;
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

  /** The number of a row, found or written, and remembered in `numbers` under `key`. */
  intern(organizationId: string, values: readonly (string | null)[], numbers: Numbers, key: string): number {
    const hash = digest16(values.map((value) => value ?? absent).join(mark));
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

/** Series that differ in project and tags alone. */
interface SeriesFamily {
  readonly dimensions: SeriesDimensions;
  readonly byProject: Map<string | null, Numbers>;
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

/** The series and rules of one store thread. Looked up for every record: short keys, no text put together for a hit. */
export class Interning {
  readonly #families = new Map<string, SeriesFamily[]>();
  readonly #series: SharedRows;
  readonly #ruleNumbers = new Map<string, Numbers>();
  readonly #rules: SharedRows;
  /** The numbers of rules by the very object that asked, which many records share. */
  #ruleOfTexts = new WeakMap<RuleTexts, number>();

  constructor(db: DatabaseSync) {
    this.#series = new SharedRows(db, "series", "series_id", seriesColumns, () => this.#families.clear());
    const ruleColumns = ["resolution_rule", "resolution_detail", "price_rule"];
    this.#rules = new SharedRows(db, "rules", "rule_id", ruleColumns, () => this.#ruleNumbers.clear());
  }

  /** The number of a series, within its organization. Inside a write transaction only. */
  seriesId(of: SeriesDimensions): number {
    const { byProject } = this.#familyOf(of);
    let numbers = byProject.get(of.projectId);
    if (numbers === undefined) {
      numbers = new Map();
      byProject.set(of.projectId, numbers);
    }
    const known = numbers.get(of.tags);
    if (known !== undefined) return known;
    const { provider, model, resolvedModel, projectId, serviceTier, region, currency, costStatus, tags } = of;
    const values = [provider, model, resolvedModel, projectId, serviceTier, region, currency, costStatus, tags];
    return this.#series.intern(of.organizationId, values, numbers, tags);
  }

  #familyOf(of: SeriesDimensions): SeriesFamily {
    const key = `${of.organizationId}${mark}${of.model}`;
    let families = this.#families.get(key);
    if (families === undefined || families.length >= familiesMax) {
      families = [];
      this.#families.set(key, families);
    }
    for (const family of families) if (isSameFamily(family.dimensions, of)) return family;
    const made: SeriesFamily = { dimensions: familyDimensions(of), byProject: new Map() };
    families.push(made);
    return made;
  }

  /** The number of a rule; null where there is nothing to say. Inside a write transaction only. */
  ruleId(texts: RuleTexts): number | null {
    const known = this.#ruleOfTexts.get(texts);
    if (known !== undefined) return known;
    const { organizationId, resolutionRule, resolutionDetail, priceRule } = texts;
    if (resolutionRule === null && resolutionDetail === null && priceRule === null) return null;
    let numbers = this.#ruleNumbers.get(organizationId);
    if (numbers === undefined) {
      numbers = new Map();
      this.#ruleNumbers.set(organizationId, numbers);
    }
    const key = `${resolutionRule ?? absent}${mark}${resolutionDetail ?? absent}${mark}${priceRule ?? absent}`;
    const id =
      numbers.get(key) ??
      this.#rules.intern(organizationId, [resolutionRule, resolutionDetail, priceRule], numbers, key);
    this.#ruleOfTexts.set(texts, id);
    return id;
  }

  keep(): void {
    this.#series.keep();
    this.#rules.keep();
  }

  forget(): void {
    this.#series.forget();
    this.#rules.forget();
    this.#ruleOfTexts = new WeakMap();
  }
}

/** A copy of the dimensions alone: what is asked with may be a whole record, which must not be kept. */
const familyDimensions = (of: SeriesDimensions): SeriesDimensions => ({
  organizationId: of.organizationId,
  provider: of.provider,
  model: of.model,
  resolvedModel: of.resolvedModel,
  projectId: null,
  serviceTier: of.serviceTier,
  region: of.region,
  currency: of.currency,
  costStatus: of.costStatus,
  tags: "",
});

const isSameFamily = (a: SeriesDimensions, b: SeriesDimensions): boolean =>
  a.provider === b.provider &&
  a.costStatus === b.costStatus &&
  a.serviceTier === b.serviceTier &&
  a.region === b.region &&
  a.currency === b.currency &&
  a.resolvedModel === b.resolvedModel &&
  a.organizationId === b.organizationId;

const interningKey = Symbol("series and rules");

/** The thread's interning; it follows the write transactions of its thread. */
export const interningOf = (store: StoreThread): Interning =>
  threadState(store, interningKey, () => {
    const interning = new Interning(store.db);
    onTransactionEnd(store, (committed) => (committed ? interning.keep() : interning.forget()));
    return interning;
  });
