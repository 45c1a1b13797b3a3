/**
 * Processes that reserve, settle, crash and lose answers at a clock that jumps, against the smallest model of a budget. What
 * happens follows from the seed alone.
 */
import { formatMoney, periodAt, type ReservationModel, releaseInModel, reserveInModel } from "@llm-cost-ops/core";
import { expect, it } from "vitest";
import { testedStore } from "../store/database-fixture.ts";
import type { LeaseAnswer, LeaseAsk } from "./budget-leases.ts";
import { type ValueKey, wholeBudget, withoutValue } from "./budget-value.ts";
import { type LeasesUnderTest, openLeases, organizationId } from "./leases-fixture.ts";
import { standingOf } from "./standing.ts";

const steps = testedStore() === "sqlite" ? 2_500 : 250;
const startMs = Date.UTC(2026, 2, 10, 23, 40);
const coverMs = 70_000;
const ttlMaxMs = 60_000;
const aliveMs = 3_000;

interface Reservation {
  readonly amount: bigint;
  readonly expiresAtMs: number;
}

/** What of a budget something happens to, and the fields of records that are of it. */
interface Other {
  readonly value: ValueKey;
  readonly fields: object;
}

interface Simulated extends Other {
  readonly per: string | undefined;
  readonly others: readonly Other[];
}

interface Process {
  readonly id: string;
  slack: bigint;
  /** Until then the slack stays set aside. */
  coveredUntilMs: number;
  readonly reservations: Map<string, Reservation>;
}

interface Row {
  readonly held: bigint;
  readonly allocated: bigint;
  readonly seenAtMs: number;
  readonly expiresAtMs: number;
}

const total = (amounts: Iterable<bigint>): bigint => [...amounts].reduce((sum, amount) => sum + amount, 0n);

class Simulation {
  /** Reservations that the model was asked about, and those that were refused: without both nothing is shown. */
  compared = 0;
  refused = 0;
  readonly #under: LeasesUnderTest;
  readonly #budgetId: string;
  readonly #of: Simulated;
  #state: number;
  #limit: bigint;
  #made = 0;
  #processes: Process[];
  readonly #rows = new Map<string, Row>();
  readonly #ledger = new Map<string, { readonly picos: bigint; readonly atMs: number }>();
  #reserved = new Map<string, Reservation>();
  /** The latest that the clock has ever told: what expired by then does not come back when it is put back. */
  #latestMs = startMs;
  /** Whether something other than a grant made more of the budget used than there is, such as a smaller amount. */
  #isDisturbed = false;

  constructor(under: LeasesUnderTest, budgetId: string, of: Simulated, limit: bigint, seed: number) {
    this.#under = under;
    this.#budgetId = budgetId;
    this.#of = of;
    this.#limit = limit;
    this.#state = seed;
    this.#processes = [this.#newProcess(), this.#newProcess(), this.#newProcess()];
  }

  #below(end: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * end);
  }

  #oneOf<T>(list: readonly T[]): T | undefined {
    return list[this.#below(list.length)];
  }

  #name(kind: string): string {
    this.#made += 1;
    return `${kind} ${this.#made}`;
  }

  #newProcess(): Process {
    return { id: this.#name("process"), slack: 0n, coveredUntilMs: 0, reservations: new Map() };
  }

  #amount(): bigint {
    return BigInt(1 + this.#below(60)) * 1_000_000_007n;
  }

  /** What the ledger has in the period that runs. */
  #spent(): bigint {
    const { fromMs, toMs } = periodAt({ kind: "day", zone: "UTC" }, this.#under.nowMs);
    const counted = [...this.#ledger.values()].filter(({ atMs }) => atMs >= fromMs && atMs < (toMs ?? atMs + 1));
    return total(counted.map(({ picos }) => picos));
  }

  #liveRows(): readonly (readonly [string, Row])[] {
    return [...this.#rows].filter(([, { expiresAtMs }]) => expiresAtMs > this.#under.nowMs);
  }

  #model(): ReservationModel {
    for (const [id, { expiresAtMs }] of this.#reserved) if (expiresAtMs <= this.#latestMs) this.#reserved.delete(id);
    return { limit: this.#limit, spent: this.#spent(), reservations: this.#reserved };
  }

  async #renew(process: Process, need: bigint, want: bigint, isLost: boolean): Promise<void> {
    const { nowMs } = this.#under;
    for (const [id, { expiresAtMs }] of process.reservations) if (expiresAtMs <= nowMs) process.reservations.delete(id);
    const allocated = total([...process.reservations.values()].map(({ amount }) => amount));
    const ends = [...process.reservations.values()].map(({ expiresAtMs }) => expiresAtMs);
    const expiresAtMs = Math.max(nowMs + coverMs, ...ends);
    const ask = { value: this.#of.value, allocated, needs: [need], want, expiresAtMs };
    const answer = await this.#under.renew(process.id, this.#budgetId, ask);
    this.#check(process.id, ask, answer);
    const { held } = answer;
    if (held === 0n) this.#rows.delete(process.id);
    else this.#rows.set(process.id, { held, allocated, seenAtMs: nowMs, expiresAtMs });
    // Whoever does not know what became of its question grants nothing until it has asked again.
    process.slack = isLost ? 0n : held - allocated;
    process.coveredUntilMs = expiresAtMs;
    if (answer.spent + answer.heldByOthers + held <= this.#limit) this.#isDisturbed = false;
  }

  #check(processId: string, { allocated, needs, want }: Omit<LeaseAsk, "budgetId">, answer: LeaseAnswer): void {
    const need = total(needs);
    const live = this.#liveRows();
    for (const id of [...this.#rows.keys()]) if (!live.some(([each]) => each === id)) this.#rows.delete(id);
    const others = live.filter(([id]) => id !== processId).map(([, row]) => row);
    const { held, limit, spent, heldByOthers, recalled } = answer;
    expect({ limit, spent, heldByOthers }).toEqual({
      limit: this.#limit,
      spent: this.#spent(),
      heldByOthers: total(others.map((row) => row.held)),
    });
    expect(held).toBeGreaterThanOrEqual(allocated);
    expect(held).toBeLessThanOrEqual(allocated + want);
    if (held > allocated) expect(spent + heldByOthers + held).toBeLessThanOrEqual(limit);
    const isMet = held >= allocated + need;
    if (limit - spent - heldByOthers - allocated >= need) expect(isMet).toBe(true);
    const unused = others.some((row) => this.#under.nowMs - row.seenAtMs < aliveMs && row.held > row.allocated);
    expect(recalled.length > 0).toBe(!isMet && unused);
  }

  async #reserve(process: Process): Promise<void> {
    const amount = this.#amount();
    const expiresAtMs = this.#under.nowMs + 1 + this.#below(ttlMaxMs);
    if (process.slack < amount || process.coveredUntilMs < expiresAtMs) {
      await this.#renew(process, amount, amount + this.#amount() * BigInt(this.#below(4)), false);
    }
    if (process.slack < amount) {
      this.refused += 1;
      return;
    }
    const id = this.#name("reservation");
    const reservation = { amount, expiresAtMs };
    if (!this.#isDisturbed) {
      expect(reserveInModel(this.#model(), id, reservation, this.#under.nowMs)).toBeDefined();
      this.compared += 1;
    }
    process.slack -= amount;
    process.reservations.set(id, reservation);
    this.#reserved.set(id, reservation);
  }

  async #spend(picos: bigint): Promise<void> {
    this.#ledger.set(await this.#under.spend(picos, this.#of.fields), { picos, atMs: this.#under.nowMs });
  }

  async #end(process: Process, isSettled: boolean): Promise<void> {
    const [id, reservation] = this.#oneOf([...process.reservations]) ?? [];
    if (id === undefined || reservation === undefined) return;
    if (isSettled) {
      const percent = BigInt(this.#below(108));
      await this.#spend((reservation.amount * percent) / 100n);
      if (percent > 100n || reservation.expiresAtMs <= this.#latestMs) this.#isDisturbed = true;
    }
    process.reservations.delete(id);
    this.#reserved = new Map(releaseInModel(this.#model(), id).reservations);
  }

  #move(byMs: number): void {
    this.#under.nowMs += byMs;
    this.#latestMs = Math.max(this.#latestMs, this.#under.nowMs);
    if (byMs < 0) this.#isDisturbed = true;
  }

  async #amend(): Promise<void> {
    const limit = this.#amount() * BigInt(5 + this.#below(20));
    await this.#under.budgets.update({ organizationId }, this.#budgetId, { picos: limit.toString() });
    if (limit < this.#limit) this.#isDisturbed = true;
    this.#limit = limit;
  }

  async #undo(): Promise<void> {
    const id = this.#oneOf([...this.#ledger.keys()]);
    if (id === undefined) return;
    await this.#under.undo(id);
    this.#ledger.delete(id);
  }

  async #lookAtStatus(): Promise<void> {
    const scoped = await this.#under.budgets.find({ organizationId }, { id: this.#budgetId });
    const { spent, reserved, remaining } = await standingOf(
      this.#under.query,
      scoped,
      this.#under.nowMs,
      this.#of.value,
    );
    const held = total(this.#liveRows().map(([, row]) => row.held));
    expect([spent, reserved, remaining]).toEqual(
      [this.#spent(), held, this.#limit - this.#spent() - held].map(formatMoney),
    );
  }

  /** What happens to another value of the budget is nothing to this one. */
  async #elsewhere(): Promise<void> {
    const other = this.#oneOf(this.#of.others);
    if (other === undefined) return;
    const ask = { value: other.value, need: this.#amount(), want: this.#amount() * 2n };
    await this.#under.renew(this.#oneOf(this.#processes)?.id ?? "", this.#budgetId, ask);
    await this.#under.spend(this.#amount(), other.fields);
  }

  async step(): Promise<void> {
    if (this.#below(10) === 0) await this.#elsewhere();
    const process = this.#oneOf(this.#processes) as Process;
    const dice = this.#below(100);
    if (dice < 45) await this.#reserve(process);
    else if (dice < 65) await this.#end(process, true);
    else if (dice < 70) await this.#end(process, false);
    else if (dice < 82) await this.#renew(process, 0n, this.#amount() * BigInt(this.#below(3)), this.#below(5) === 0);
    else if (dice < 85) this.#processes = this.#processes.map((each) => (each === process ? this.#newProcess() : each));
    else if (dice < 92) this.#move(this.#below(15_000));
    else if (dice < 93) this.#move(-this.#below(2_000));
    else if (dice < 94) this.#move(3_600_000 * this.#below(20));
    else if (dice < 96) await this.#amend();
    else if (dice < 97) {
      await this.#spend(this.#amount());
      this.#isDisturbed = true;
    } else if (dice < 98) await this.#undo();
    else await this.#lookAtStatus();
  }

  /** When all that was held has expired, nothing is left of it, and what is spent is what the ledger has. */
  async rest(): Promise<void> {
    this.#move(coverMs + ttlMaxMs);
    const { spent, heldByOthers } = await this.#under.renew("the last one", this.#budgetId, { value: this.#of.value });
    expect([spent, heldByOthers]).toEqual([this.#spent(), 0n]);
    this.#rows.clear();
    await this.#lookAtStatus();
  }
}

const whole: Simulated = { value: wholeBudget, fields: {}, per: undefined, others: [] };
const ofAda: Other = { value: "=ada", fields: { user_id: "ada" } };
const ofNobody: Other = { value: withoutValue, fields: {} };
const ofBob: Other = { value: "=bob", fields: { user_id: "bob" } };

it.each([
  [1, "the whole", whole],
  [2, "the whole", whole],
  [3, "a value", { ...ofAda, per: "user", others: [ofBob, ofNobody] }],
  [4, "what has no value", { ...ofNobody, per: "user", others: [ofAda, ofBob] }],
] as const)(
  "nothing that processes do grants more than the smallest model of the budget: seed %i, of %s",
  async (seed, _, of) => {
    const under = await openLeases(startMs);
    const limit = 700_000_000_001n;
    const { id } = await under.budget({
      ...{ period: { kind: "day" }, amount: formatMoney(limit) },
      ...(of.per !== undefined && { per: of.per }),
    });
    const simulation = new Simulation(under, id, of, limit, seed);
    for (let step = 0; step < steps; step += 1) await simulation.step();
    await simulation.rest();
    expect(simulation.compared).toBeGreaterThan(steps / 20);
    expect(simulation.refused).toBeGreaterThan(steps / 50);
    await under.close();
  },
);
