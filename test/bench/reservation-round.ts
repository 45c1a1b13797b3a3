/**
 * One budget of k times a cost, asked for by more at once than fit, through two processes: what is granted, how it stands
 * meanwhile, what it settles for, and whether what is left then is granted again to the last piece. What is done follows
 * from the seed and the number of the round alone.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Budget, BudgetStatus, CostRecord, Reservation, ReservationRelease } from "@llm-cost-ops/contract";
import { formatMoney, parseMoney } from "@llm-cost-ops/core";
import type { KeepAliveClient } from "./keep-alive-client.ts";

export const burst = 200;
const secondBurst = 40;
/** Until then two processes have told each other what they hold. */
const settledWithinMs = 60_000;
const longTtlSeconds = 600;
/** As a rule longer than a burst takes: one that expires during it makes room for another, rightly. */
const shortTtlSeconds = 15;

const ends = ["released", "settled", "expired"] as const;
const kinds = ["project_id", "user_id", "tags"] as const;

export interface RoundPlan {
  readonly number: number;
  /** Picos of one reservation. */
  readonly cost: bigint;
  /** How many of them fit. */
  readonly fits: number;
  /** What is left then, less than another: not a pico of it may help. */
  readonly rest: bigint;
  /** Of a hundred reservations, how many the first process is asked for. */
  readonly firstPercent: number;
  readonly scope: (typeof kinds)[number];
  readonly end: (typeof ends)[number];
  readonly below: (end: number) => number;
}

/** What the round found that must not be; empty where all was right. */
export interface RoundFindings {
  readonly overshoots: readonly string[];
  readonly wrong: readonly string[];
  readonly granted: number;
  readonly asked: number;
  /** Picos that were settled. */
  readonly spent: bigint;
}

/** Numbers that look random and follow from the seed (mulberry32). */
function numbersOf(seed: number): (end: number) => number {
  let state = seed >>> 0;
  return (end) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  };
}

export function planRound(seed: number, number: number): RoundPlan {
  const below = numbersOf(Math.imul(seed, 1_000_003) + number);
  const [kind, end] = [below(10), below(10)];
  const cost = BigInt(1 + below(1_000_000)) * BigInt(10 ** below(7)) + BigInt(below(1_000));
  const fits = [0, 1, burst - 1, burst + below(100)][kind] ?? 2 + below(burst - 2);
  return {
    number,
    cost,
    fits,
    rest: below(3) === 0 ? cost - 1n : 0n,
    firstPercent: [0, 10, 50, 50, 50, 90, 100][below(7)] ?? 50,
    scope: kinds[below(kinds.length)] ?? "tags",
    end: end < 5 ? "released" : end < 9 ? "settled" : "expired",
    below,
  };
}

const nameOf = ({ number }: RoundPlan): string => `round-${number}`;
const labelsOf = (plan: RoundPlan) =>
  plan.scope === "tags" ? { tags: [`case:${nameOf(plan)}`] } : { [plan.scope]: nameOf(plan) };
const limitOf = ({ cost, fits, rest }: RoundPlan): bigint => cost * BigInt(fits) + rest;

export function makeBudget(client: KeepAliveClient, plan: RoundPlan): Promise<Budget> {
  const labels = labelsOf(plan);
  const scope = plan.scope === "tags" ? labels : { [plan.scope]: [nameOf(plan)] };
  const terms = { period: { kind: "prepaid", starts_at: "2020-01-01T00:00:00Z" }, enforcement: "hard", scope };
  return client.data("POST", "/budgets", { name: nameOf(plan), amount: formatMoney(limitOf(plan)), ...terms });
}

interface Held {
  readonly reservation: Reservation;
  /** The process that granted it. */
  readonly owner: number;
}

/** How many lived at the same instant, by the clocks that granted them. */
function mostAtOnce(held: readonly Held[], ttlSeconds: number): number {
  const ends = held.map(({ reservation }) => Date.parse(reservation.expires_at)).sort((a, b) => a - b);
  return Math.max(
    0,
    ...ends.map((end, at) => ends.filter((other, n) => n >= at && other - ttlSeconds * 1_000 < end).length),
  );
}

const picosOf = (text: string): bigint => {
  const picos = parseMoney(text);
  if (picos === undefined) throw new Error(`${text} is no amount`);
  return picos;
};

export class Round {
  readonly #clients: readonly KeepAliveClient[];
  readonly #plan: RoundPlan;
  readonly #budget: Budget;
  readonly #overshoots: string[] = [];
  readonly #wrong: string[] = [];
  #granted = 0;
  #asked = 0;
  #spent = 0n;
  /** What calls cost more than was reserved for them: by so much a budget may be beyond its amount. */
  #beyond = 0n;

  constructor(clients: readonly KeepAliveClient[], plan: RoundPlan, budget: Budget) {
    this.#clients = clients;
    this.#plan = plan;
    this.#budget = budget;
  }

  #client(at: number): KeepAliveClient {
    return this.#clients[at] as KeepAliveClient;
  }

  /** Asks for all at once, and for the status by both processes in the midst of it and after. */
  async burst(): Promise<readonly Held[]> {
    return this.#reserve(burst, Math.min(burst, this.#plan.fits), 0n);
  }

  /** Ends what was granted, waits until both processes tell the same of it, and asks for what is left. */
  async finish(held: readonly Held[]): Promise<RoundFindings> {
    const { cost, end } = this.#plan;
    const kept = end === "released" ? await this.#releaseAll(held) : await this.#endSome(held);
    if (end !== "released") {
      const reserved = cost * BigInt(kept.length);
      if (await this.#agree(reserved)) {
        const left = limitOf(this.#plan) - this.#spent - reserved;
        const fits = left < 0n ? 0 : left >= cost * BigInt(secondBurst) ? secondBurst : Number(left / cost);
        await this.#releaseAll([...kept, ...(await this.#reserve(secondBurst, fits, reserved))]);
      }
      await this.#compareWithRecords();
    }
    await this.#client(0).data("DELETE", `/budgets/${this.#budget.id}`);
    return {
      overshoots: this.#overshoots,
      wrong: this.#wrong,
      granted: this.#granted,
      asked: this.#asked,
      spent: this.#spent,
    };
  }

  async #reserve(count: number, expected: number, before: bigint): Promise<readonly Held[]> {
    const { cost, firstPercent, end, below } = this.#plan;
    const ttl_seconds = end === "expired" ? shortTtlSeconds : longTtlSeconds;
    const body = { amount: formatMoney(cost), ...labelsOf(this.#plan), ttl_seconds };
    const statuses: Promise<void>[] = [];
    const startedAt = performance.now();
    const answers = await Promise.all(
      Array.from({ length: count }, async (_, at) => {
        if (at === count >> 1) statuses.push(...this.#clients.map((_, which) => this.#lookAt(which)));
        const owner = below(100) < firstPercent ? 0 : 1;
        return { owner, ...(await this.#client(owner).ask<Reservation>("POST", "/budgets/reservations", body)) };
      }),
    );
    const seconds = (performance.now() - startedAt) / 1_000;
    const held: Held[] = [];
    for (const { owner, status, data, text } of answers) {
      if (status === 201) held.push({ owner, reservation: data });
      else if (status !== 402) this.#wrong.push(`answered ${status}: ${text.slice(0, 300)}`);
    }
    this.#asked += count;
    this.#granted += held.length;
    const unheard = held.filter(({ reservation }) => reservation.budgets.length !== 1).length;
    if (unheard > 0) this.#wrong.push(`${unheard} were granted without the budget`);
    const hasExpired = seconds >= ttl_seconds;
    const most = mostAtOnce(held, ttl_seconds);
    const text = `granted ${held.length} of ${count} in ${seconds.toFixed(1)} s, ${most} at once, where ${expected} fit`;
    if (held.length !== expected && !hasExpired) this.#wrong.push(text);
    if (most > expected) this.#overshoots.push(text);
    await Promise.all(statuses);
    const least = hasExpired ? 0n : before + cost * BigInt(held.length);
    for (const which of this.#clients.keys()) await this.#lookAt(which, least);
    return held;
  }

  async #statusOf(which: number): Promise<{ readonly spent: bigint; readonly reserved: bigint }> {
    const { spent, reserved } = await this.#client(which).data<BudgetStatus>(
      "GET",
      `/budgets/${this.#budget.id}/status`,
    );
    return { spent: picosOf(spent), reserved: picosOf(reserved) };
  }

  /** Nothing is settled meanwhile, so that nothing counts twice. */
  async #lookAt(which: number, leastReserved = 0n): Promise<void> {
    const { spent, reserved } = await this.#statusOf(which);
    const limit = limitOf(this.#plan) + this.#beyond;
    const told = `process ${which + 1} tells of ${spent} spent and ${reserved} reserved`;
    if (spent + reserved > limit) this.#overshoots.push(`${told} of ${limit}`);
    if (reserved < leastReserved) this.#wrong.push(`${told}, where ${leastReserved} are reserved`);
  }

  async #releaseAll(held: readonly Held[]): Promise<readonly Held[]> {
    const isElsewhere = this.#plan.below(8) === 0;
    await Promise.all(
      held.map(async ({ owner, reservation }) => {
        const path = `/budgets/reservations/${reservation.id}/release`;
        const told = await this.#client(isElsewhere ? 1 - owner : owner).data<ReservationRelease>("POST", path);
        if (told.reservation !== "released") this.#wrong.push(`released, and it is told to have ${told.reservation}`);
      }),
    );
    return [];
  }

  /** Settles for less, for as much and for more, in either process; releases some, and keeps some or lets them expire. */
  async #endSome(held: readonly Held[]): Promise<readonly Held[]> {
    const { cost, end, below } = this.#plan;
    const isDearer = below(3) === 0;
    const kept: Held[] = [];
    await Promise.all(
      held.map(async (one) => {
        const path = `/budgets/reservations/${one.reservation.id}`;
        const client = this.#client(below(2));
        const dice = below(10);
        if (dice < 2) kept.push(one);
        else if (dice < 4 && end === "settled") await client.data("POST", `${path}/release`);
        else if (dice < 7 || end === "settled") {
          const [quarters, more] = [BigInt(below(5)), isDearer ? BigInt(below(2)) : 0n];
          const real = (cost * quarters) / 4n + cost * more;
          this.#spent += real;
          if (real > cost) this.#beyond += real - cost;
          await client.data("POST", `${path}/settle`, { cost: { amount: formatMoney(real) } });
        }
      }),
    );
    if (end === "settled") return kept;
    const lastAtMs = Math.max(...held.map(({ reservation }) => Date.parse(reservation.expires_at)), 0);
    await pause(Math.max(0, lastAtMs - Date.now()));
    return [];
  }

  /** Waits until both processes tell exactly what is spent and reserved; false where they never do. */
  async #agree(reserved: bigint): Promise<boolean> {
    const startedAt = performance.now();
    for (;;) {
      const told = await Promise.all(this.#clients.map((_, which) => this.#statusOf(which)));
      if (told.every((one) => one.spent === this.#spent && one.reserved === reserved)) return true;
      if (performance.now() - startedAt > settledWithinMs) {
        const seen = told.map((one) => `${one.spent} and ${one.reserved}`).join("; ");
        this.#wrong.push(`${this.#spent} are spent and ${reserved} reserved, told are: ${seen}`);
        return false;
      }
      await pause(50);
    }
  }

  /** The records themselves, one by one, have what the status tells. */
  async #compareWithRecords(): Promise<void> {
    const name = this.#plan.scope === "tags" ? `case:${nameOf(this.#plan)}` : nameOf(this.#plan);
    const path = `/costs?limit=1000&fields=total_cost&${this.#plan.scope}=${encodeURIComponent(name)}`;
    for (const client of this.#clients) {
      const records = await client.data<readonly CostRecord[]>("GET", path);
      const sum = records.reduce((total, { total_cost }) => total + picosOf(total_cost ?? "0"), 0n);
      if (sum !== this.#spent) this.#wrong.push(`records have ${sum} where ${this.#spent} were settled`);
    }
  }
}
