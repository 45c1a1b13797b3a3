/**
 * Whatever becomes of the ledger, of prices, of budgets and of processes, and in whatever order: what budgets say is spent,
 * and what may be reserved of them, is what the smallest ledger sums. What happens follows from the seed alone.
 */
import { type Budget, PricingInput, PricingUpdate } from "@llm-cost-ops/contract";
import { formatMoney, periodAt } from "@llm-cost-ops/core";
import { expect, it } from "vitest";
import { claimJob } from "../jobs/job-queue.sql.ts";
import { createPriceBook } from "../pricing/price-book.sql.ts";
import type { PriceBook } from "../pricing/price-book.ts";
import { priceWaitingKind } from "../pricing/price-changes.sql.ts";
import { pricingJobHandlers } from "../pricing/pricing-jobs.ts";
import { beginStep } from "../pricing/repricing.sql.ts";
import type { Repricings } from "../pricing/repricing.ts";
import { createRepricings } from "../pricing/repricings.ts";
import { testedStore } from "../store/database-fixture.ts";
import { updateLabels } from "../usage/operations.sql.ts";
import { batchOf } from "../usage/store-with-ledger-fixture.ts";
import { type BudgetTransfers, createBudgetTransfers } from "./budget-transfer.sql.ts";
import { type LeasesUnderTest, openLeases, organizationId } from "./leases-fixture.ts";
import { LedgerModel } from "./ledger-model-fixture.ts";
import { toCorePeriod } from "./read-budget.ts";
import { standingOf } from "./standing.ts";

const [seeds, steps] = testedStore() === "sqlite" ? [[1, 2, 3], 250] : [[4, 5], 80];
const startMs = Date.UTC(2026, 2, 28, 20);
const hourMs = 3_600_000;
const since = "2020-01-01T00:00:00Z";
const label = "case:counted";
const asker = { organizationId };

interface Lease {
  readonly held: bigint;
  readonly expiresAtMs: number;
}

interface Watched {
  readonly id: string;
  readonly period: Budget["period"];
  readonly unit: "money" | "tokens";
  amount: bigint;
  onlyLabelled: boolean;
  /** By process: what each holds, all of it reserved. */
  readonly leases: Map<string, Lease>;
}

class Simulation {
  readonly #done: Map<string, number>;
  readonly #under: LeasesUnderTest;
  readonly #model = new LedgerModel();
  readonly #book: PriceBook;
  readonly #repricings: Repricings;
  readonly #transfers: BudgetTransfers;
  readonly #budgets: Watched[] = [];
  readonly #prices = new Map<string, string>();
  readonly #applied: string[] = [];
  /** Steps of repricings that a process began and died over. */
  readonly #begun: { readonly id: string; readonly step: "apply" | "undo" }[] = [];
  #state: number;
  #made = 0;

  constructor(under: LeasesUnderTest, seed: number, done: Map<string, number>) {
    this.#under = under;
    this.#state = seed;
    this.#done = done;
    this.#book = createPriceBook(under.store);
    this.#repricings = createRepricings(under.store, () => under.nowMs);
    this.#transfers = createBudgetTransfers(under.store);
  }

  async open(): Promise<void> {
    const amount = 1_000_000_000_000n;
    const money = { amount: formatMoney(amount) };
    const kinds = [
      { terms: { ...money, period: { kind: "day", time_zone: "Europe/Berlin" } }, onlyLabelled: true },
      { terms: { ...money, period: { kind: "rolling", rolling_hours: 24 } }, onlyLabelled: true },
      { terms: { ...money, period: { kind: "prepaid", starts_at: since } }, onlyLabelled: false },
      { terms: { tokens: 1_000_000, period: { kind: "month" } }, onlyLabelled: false },
    ];
    for (const { terms, onlyLabelled } of kinds) {
      const scope = onlyLabelled ? { tags: [label] } : {};
      const { id, period, tokens } = await this.#under.budget({ ...terms, scope });
      const unit = tokens === null ? "money" : "tokens";
      const limit = tokens === null ? amount : BigInt(tokens);
      this.#budgets.push({ id, period, unit, amount: limit, onlyLabelled, leases: new Map() });
    }
    for (const model of ["first", "second"]) await this.#setPrice(model);
  }

  #below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  #oneOf<T>(list: readonly T[]): T | undefined {
    return list[this.#below(list.length)];
  }

  #name(kind: string): string {
    this.#made += 1;
    return `${kind}-${this.#made}`;
  }

  #instant(): { readonly atMs: number; readonly timestamp: string } {
    // Half of the calls arrive late, some of them after their period.
    const atMs = this.#under.nowMs - this.#below(2) * this.#below(40 * hourMs);
    return { atMs, timestamp: new Date(atMs).toISOString() };
  }

  async #setPrice(model: string): Promise<void> {
    const picos = BigInt(1_000_000 + this.#below(9_000_000));
    const input_price_per_million = formatMoney(picos * 1_000_000n);
    const terms = { input_price_per_million, output_price_per_million: 0, effective_date: since };
    const known = this.#prices.get(model);
    const { id } =
      known === undefined
        ? await this.#book.create(organizationId, PricingInput.parse({ provider: "ours", model, ...terms }))
        : await this.#book.update(organizationId, known, PricingUpdate.parse(terms));
    this.#prices.set(model, id);
    this.#model.prices.set(model, picos);
  }

  /** Prices what waits, as a job that nobody took until now. */
  async #priceWaiting(): Promise<void> {
    const handlers = pricingJobHandlers(this.#under.store);
    for (;;) {
      const { job } = await this.#under.store.run(claimJob, { kinds: [priceWaitingKind] });
      if (job === null) break;
      await handlers[priceWaitingKind]?.(job, new AbortController().signal);
      this.#model.priceWaiting();
    }
  }

  async #use(): Promise<void> {
    const { atMs, timestamp } = this.#instant();
    const id = this.#name("call");
    const isLabelled = this.#below(3) > 0;
    const model = this.#oneOf(["first", "second", "third", "fourth"]) ?? "first";
    const tokens = 1 + this.#below(9_000);
    const counts = { input_tokens: tokens, output_tokens: 0 };
    const call = { id, provider: "ours", model, ...counts, timestamp, tags: isLabelled ? [label] : [] };
    const isSentAgain = this.#below(10) === 0;
    await this.#append(isSentAgain ? [call, call] : [call], "usage");
    this.#model.use(id, { atMs, tokens, isLabelled, model });
  }

  async #report(): Promise<void> {
    const { atMs, timestamp } = this.#instant();
    const id = this.#name("cost");
    const isLabelled = this.#below(3) > 0;
    const cost = BigInt(this.#below(90_000)) * 1_000_003n;
    const told = { id, provider: "ours", model: "first", cost: formatMoney(cost), currency: "USD" };
    await this.#append([{ ...told, occurred_at: timestamp, tags: isLabelled ? [label] : [] }], "cost");
    this.#model.report(id, cost, { atMs, isLabelled });
  }

  async #append(records: readonly unknown[], entry: "usage" | "cost"): Promise<void> {
    const items = await this.#under.ledger.append(organizationId, batchOf(records, entry));
    expect(items.filter(({ status }) => status === "rejected")).toEqual([]);
  }

  /** Every other time one of those that repricings changed, for these may be undone after. */
  async #void(): Promise<void> {
    const repriced = this.#below(2) === 0 ? this.#model.repriced() : [];
    const id = this.#oneOf(repriced.length > 0 ? repriced : [...this.#model.records.keys()]);
    if (id === undefined) return;
    await this.#under.undo(id);
    this.#model.change(id, { isVoid: true });
  }

  async #relabel(): Promise<void> {
    const [id, record] = this.#oneOf([...this.#model.records]) ?? [];
    if (id === undefined || record === undefined) return;
    const isLabelled = !record.isLabelled;
    await this.#under.store.run(updateLabels, { organizationId, id, tags: isLabelled ? [label] : [] });
    this.#model.change(id, { isLabelled });
  }

  /** A process dies over every third repricing: another goes on with it, now or later, at the prices of then. */
  async #reprice(): Promise<void> {
    const scope = { fromMs: null, toMs: null, provider: null, model: null };
    const { id } = await this.#repricings.create(organizationId, scope, "somebody", null);
    await this.#take({ id, step: "apply" });
  }

  async #undoRepricing(): Promise<void> {
    const [id] = this.#applied.splice(this.#below(this.#applied.length), 1);
    if (id !== undefined) await this.#take({ id, step: "undo" });
  }

  async #take(begun: { readonly id: string; readonly step: "apply" | "undo" }): Promise<void> {
    if (this.#below(3) > 0) return this.#goOn(begun);
    await this.#under.store.run(beginStep, { organizationId, ...begun });
    this.#begun.push(begun);
  }

  async #goOn({ id, step }: { readonly id: string; readonly step: "apply" | "undo" }): Promise<void> {
    await this.#repricings[step](organizationId, id);
    if (step === "undo") this.#model.undoRepricing(id);
    else {
      this.#model.reprice(id);
      this.#applied.push(id);
    }
  }

  async #goOnLater(): Promise<void> {
    const [begun] = this.#begun.splice(this.#below(this.#begun.length), 1);
    if (begun !== undefined) await this.#goOn(begun);
  }

  #amountFor({ unit }: Watched): bigint {
    return unit === "tokens" ? BigInt(100_000 + this.#below(3_000_000)) : BigInt(this.#below(900_000)) * 9_000_001n;
  }

  async #amend(budget: Watched): Promise<void> {
    const amount = this.#amountFor(budget);
    const change = budget.unit === "tokens" ? { tokens: Number(amount) } : { picos: amount.toString() };
    await this.#under.budgets.update(asker, budget.id, change);
    budget.amount = amount;
  }

  async #rescope(budget: Watched): Promise<void> {
    budget.onlyLabelled = !budget.onlyLabelled;
    const scope = budget.onlyLabelled ? { tags: [label] } : {};
    await this.#under.budgets.update(asker, budget.id, { scope });
  }

  async #transfer(from: Watched): Promise<void> {
    const to = this.#oneOf(this.#budgets.filter((one) => one !== from && one.unit === "money"));
    if (to === undefined || from.unit !== "money") return;
    const amount = 1n + this.#amountFor(from) / 4n;
    const isForced = this.#below(4) === 0;
    const left = from.amount - amount;
    const isRefused = left < 0n || (!isForced && left < this.#spent(from) + this.#reserved(from));
    const move = { from: from.id, to: to.id, amount: { picos: amount.toString() }, isForced };
    const moved = this.#transfers.transfer(asker, move);
    if (isRefused) {
      await expect(moved).rejects.toMatchObject({ code: "CONFLICT" });
      this.#note("refused transfer");
      return;
    }
    await moved;
    from.amount = left;
    to.amount += amount;
    this.#note("granted transfer");
  }

  /** What a process asks for it has if that fits, and else only what it had: it dies by never asking again. */
  async #lease(budget: Watched): Promise<void> {
    const { nowMs } = this.#under;
    const process = this.#below(8) === 0 ? this.#name("process") : `process ${this.#below(3)}`;
    const own = this.#alive(budget).get(process);
    const allocated = ((own?.held ?? 0n) * BigInt(this.#below(5))) / 4n;
    const need = this.#amountFor(budget) / 8n;
    const expiresAtMs = nowMs + 1 + this.#below(3 * hourMs);
    const answer = await this.#under.renew(process, budget.id, { allocated, need, expiresAtMs });
    budget.leases.delete(process);
    const { amount: limit } = budget;
    const [spent, heldByOthers] = [this.#spent(budget), this.#reserved(budget)];
    const held = spent + heldByOthers + allocated + need <= limit ? allocated + need : allocated;
    expect(answer).toMatchObject({ held, limit, spent, heldByOthers });
    if (held > 0n) budget.leases.set(process, { held, expiresAtMs });
    this.#note(held === allocated ? "refused lease" : "granted lease");
  }

  #alive({ leases }: Watched): Map<string, Lease> {
    return new Map([...leases].filter(([, { expiresAtMs }]) => expiresAtMs > this.#under.nowMs));
  }

  #reserved(budget: Watched): bigint {
    return [...this.#alive(budget).values()].reduce((sum, { held }) => sum + held, 0n);
  }

  #sum({ period, onlyLabelled }: Watched) {
    const { fromMs, toMs } = periodAt(toCorePeriod(period, Date.parse(since)), this.#under.nowMs);
    return this.#model.sum(fromMs, toMs ?? Number.POSITIVE_INFINITY, onlyLabelled);
  }

  #spent(budget: Watched): bigint {
    const { picos, tokens } = this.#sum(budget);
    return budget.unit === "tokens" ? tokens : picos;
  }

  async #compare(budget: Watched): Promise<void> {
    const scoped = await this.#under.budgets.find(asker, { id: budget.id });
    const { amount, spent, reserved, remaining, unpriced_requests } = await standingOf(
      this.#under.query,
      scoped,
      this.#under.nowMs,
    );
    const write = budget.unit === "tokens" ? (count: bigint) => count.toString() : formatMoney;
    const [isSpent, isReserved] = [this.#spent(budget), this.#reserved(budget)];
    expect({ amount, spent, reserved, remaining, unpriced_requests }).toEqual({
      amount: write(budget.amount),
      spent: write(isSpent),
      reserved: write(isReserved),
      remaining: write(budget.amount - isSpent - isReserved),
      unpriced_requests: this.#sum(budget).unpriced,
    });
  }

  #note(what: string): void {
    this.#done.set(what, (this.#done.get(what) ?? 0) + 1);
  }

  async #move(byMs: number): Promise<void> {
    this.#under.nowMs += byMs;
  }

  async step(): Promise<void> {
    const budget = this.#oneOf(this.#budgets) as Watched;
    const may: readonly (readonly [name: string, weight: number, act: () => Promise<void>])[] = [
      ["use", 22, () => this.#use()],
      ["report", 6, () => this.#report()],
      ["lease", 16, () => this.#lease(budget)],
      ["void", 7, () => this.#void()],
      ["relabel", 6, () => this.#relabel()],
      ["change a price", 6, () => this.#setPrice(this.#oneOf(["first", "second", "third", "fourth"]) ?? "first")],
      ["price what waits", 4, () => this.#priceWaiting()],
      ["reprice", 5, () => this.#reprice()],
      ["undo a repricing", 5, () => this.#undoRepricing()],
      ["go on with a repricing", 3, () => this.#goOnLater()],
      ["amend", 5, () => this.#amend(budget)],
      ["rescope", 3, () => this.#rescope(budget)],
      ["transfer", 9, () => this.#transfer(budget)],
      ["time passes", 6, () => this.#move(this.#below(7 * hourMs))],
      ["clock is put back", 1, () => this.#move(-this.#below(5_000))],
      ["days pass", 1, () => this.#move(this.#below(5 * 24 * hourMs))],
    ];
    let dice = this.#below(may.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [name, weight, act] of may) {
      dice -= weight;
      if (dice >= 0) continue;
      this.#note(name);
      await act();
      break;
    }
    for (const one of this.#budgets) if (one === budget || this.#below(4) === 0) await this.#compare(one);
  }

  async compareAll(): Promise<void> {
    for (const budget of this.#budgets) await this.#compare(budget);
  }
}

/** What happened in all seeds together: without each of these nothing is shown. */
const done = new Map<string, number>();

it.each(seeds)(
  "what budgets say is spent and may be reserved follows the ledger through all that becomes of it: seed %i",
  async (seed) => {
    const under = await openLeases(startMs);
    const simulation = new Simulation(under, seed, done);
    await simulation.open();
    for (let step = 0; step < steps; step += 1) await simulation.step();
    await simulation.compareAll();
    await under.close();
  },
  120_000,
);

it("what it follows was done, granted and refused", () => {
  const wanted = ["granted lease", "refused lease", "granted transfer", "undo a repricing", "price what waits"];
  expect(wanted.filter((what) => !done.has(what))).toEqual([]);
});
