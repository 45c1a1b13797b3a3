/** The smallest ledger: what each call took and costs at this moment, whatever became of it since. */

export interface ModelRecord {
  /** When the call was made, in UTC milliseconds. */
  readonly atMs: number;
  readonly tokens: number;
  /** Undefined of a cost that was reported, which no price changes. */
  readonly model: string | undefined;
  /** Whether it has the label that budgets may ask for. */
  readonly isLabelled: boolean;
  /** Picos; undefined while it has no price. */
  readonly cost: bigint | undefined;
  readonly isVoid: boolean;
}

export interface ModelSum {
  readonly picos: bigint;
  readonly tokens: bigint;
  readonly unpriced: number;
}

export class LedgerModel {
  readonly records = new Map<string, ModelRecord>();
  /** Picos of a token. */
  readonly prices = new Map<string, bigint>();
  /** What repricings that are applied have changed of each record. */
  readonly #repricings = new Map<string, ReadonlyMap<string, bigint>>();

  #costOf(model: string, tokens: number): bigint | undefined {
    const price = this.prices.get(model);
    return price === undefined ? undefined : price * BigInt(tokens);
  }

  use(id: string, call: Pick<ModelRecord, "atMs" | "tokens" | "isLabelled"> & { readonly model: string }): void {
    this.records.set(id, { ...call, cost: this.#costOf(call.model, call.tokens), isVoid: false });
  }

  report(id: string, cost: bigint, told: Pick<ModelRecord, "atMs" | "isLabelled">): void {
    this.records.set(id, { ...told, tokens: 0, model: undefined, cost, isVoid: false });
  }

  change(id: string, change: Partial<ModelRecord>): void {
    const record = this.records.get(id);
    if (record !== undefined) this.records.set(id, { ...record, ...change });
  }

  /** Prices what waits for the price of a model that has one by now. */
  priceWaiting(): void {
    for (const [id, { cost, isVoid, model, tokens }] of this.records) {
      if (cost === undefined && !isVoid && model !== undefined) this.change(id, { cost: this.#costOf(model, tokens) });
    }
  }

  reprice(repricing: string): void {
    const changes = new Map<string, bigint>();
    for (const [id, { cost, isVoid, model, tokens }] of this.records) {
      if (cost === undefined || isVoid || model === undefined) continue;
      const now = this.#costOf(model, tokens) ?? cost;
      if (now !== cost) changes.set(id, now - cost);
      this.change(id, { cost: now });
    }
    this.#repricings.set(repricing, changes);
  }

  /** Takes back what a repricing changed, and nothing that was changed otherwise since. */
  undoRepricing(repricing: string): void {
    for (const [id, change] of this.#repricings.get(repricing) ?? []) {
      this.change(id, { cost: (this.records.get(id)?.cost ?? 0n) - change });
    }
    this.#repricings.delete(repricing);
  }

  /** Records that cost what they do by a repricing that could be undone. */
  repriced(): readonly string[] {
    return [...this.#repricings.values()].flatMap((changes) => [...changes.keys()]);
  }

  sum(fromMs: number, toMs: number, onlyLabelled: boolean): ModelSum {
    let [picos, tokens, unpriced] = [0n, 0n, 0];
    for (const record of this.records.values()) {
      const isCounted = record.atMs >= fromMs && record.atMs < toMs && (record.isLabelled || !onlyLabelled);
      if (!isCounted || record.isVoid) continue;
      tokens += BigInt(record.tokens);
      if (record.cost === undefined) unpriced += 1;
      else picos += record.cost;
    }
    return { picos, tokens, unpriced };
  }
}
