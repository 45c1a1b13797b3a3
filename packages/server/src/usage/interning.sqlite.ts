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

/**
 * Numbers for what many records share: each distinct row of a table is written once and remembered. Other processes may
 * write the same table, so its unique index decides. What a transaction added must be settled with it: `keep` after the
 * commit, `forget` after a rollback, lest a number that was never stored is used again.
 */
class InternedTable {
  readonly #find: StatementSync;
  readonly #next: StatementSync;
  readonly #insert: StatementSync;
  readonly #known = new Map<string, number>();
  #added: string[] = [];

  constructor(db: DatabaseSync, table: string, id: string, columns: readonly string[]) {
    this.#find = db.prepare(`SELECT ${id} AS id FROM ${table} WHERE organization_id = ? AND key_hash = ?`);
    this.#next = db.prepare(`SELECT coalesce(max(${id}), 0) + 1 AS id FROM ${table} WHERE organization_id = ?`);
    const names = ["organization_id", id, "key_hash", ...columns];
    this.#insert = db.prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`);
  }

  known(key: string): number | undefined {
    return this.#known.get(key);
  }

  /** The number of a row that is not remembered; written if it is new. */
  intern(organizationId: string, key: string, values: readonly (string | null)[]): number {
    const hash = digest16(key);
    const stored = this.#find.get(organizationId, hash) as { id: number } | undefined;
    const id = stored?.id ?? (this.#next.get(organizationId) as { id: number }).id;
    if (stored === undefined) this.#insert.run(organizationId, id, hash, ...values);
    if (this.#known.size >= rememberedMax) this.#known.clear();
    this.#known.set(key, id);
    this.#added.push(key);
    return id;
  }

  keep(): void {
    this.#added = [];
  }

  forget(): void {
    for (const key of this.#added) this.#known.delete(key);
    this.#added = [];
  }
}

/** The series and rules of one store thread. */
export class Interning {
  readonly #series: InternedTable;
  readonly #rules: InternedTable;

  constructor(db: DatabaseSync) {
    this.#series = new InternedTable(db, "series", "series_id", [
      "provider",
      "model",
      "resolved_model",
      "project_id",
      "service_tier",
      "region",
      "currency",
      "cost_status",
      "tags",
    ]);
    this.#rules = new InternedTable(db, "rules", "rule_id", ["resolution_rule", "resolution_detail", "price_rule"]);
  }

  /** The number of a series, within its organization. Inside a write transaction only. */
  seriesId(of: SeriesDimensions): number {
    const { provider, model, resolvedModel, projectId, serviceTier, region, currency, costStatus, tags } = of;
    const key = `${of.organizationId}${mark}${provider}${mark}${model}${mark}${resolvedModel ?? absent}${mark}${projectId ?? absent}${mark}${serviceTier}${mark}${region ?? absent}${mark}${currency ?? absent}${mark}${costStatus}${mark}${tags}`;
    return (
      this.#series.known(key) ??
      this.#series.intern(of.organizationId, key, [
        provider,
        model,
        resolvedModel,
        projectId,
        serviceTier,
        region,
        currency,
        costStatus,
        tags,
      ])
    );
  }

  /** The number of a rule; null where there is nothing to say. Inside a write transaction only. */
  ruleId({ organizationId, resolutionRule, resolutionDetail, priceRule }: RuleTexts): number | null {
    if (resolutionRule === null && resolutionDetail === null && priceRule === null) return null;
    const key = `${organizationId}${mark}${resolutionRule ?? absent}${mark}${resolutionDetail ?? absent}${mark}${priceRule ?? absent}`;
    return (
      this.#rules.known(key) ?? this.#rules.intern(organizationId, key, [resolutionRule, resolutionDetail, priceRule])
    );
  }

  keep(): void {
    this.#series.keep();
    this.#rules.keep();
  }

  forget(): void {
    this.#series.forget();
    this.#rules.forget();
  }
}

const interningKey = Symbol("series and rules");

/** The thread's interning; it follows the write transactions of its thread. */
export const interningOf = (store: StoreThread): Interning =>
  threadState(store, interningKey, () => {
    const interning = new Interning(store.db);
    onTransactionEnd(store, (committed) => (committed ? interning.keep() : interning.forget()));
    return interning;
  });
