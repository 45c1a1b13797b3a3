import { Refusal, unknownOutcome } from "../refusal.ts";
import type { BudgetLeases, LeaseAsk, LeasedOf } from "./budget-leases.ts";
import { type ValueKey, wholeBudget } from "./budget-value.ts";
import { HeldBudget } from "./held-budget.ts";
import { LiveReservations, type ReservationEnd } from "./live-reservations.ts";
import type { ReserveAnswer, ReserveAsk } from "./reserve-ask.ts";

/** Reservations of this process. They are in its memory; what it may reserve it holds on lease. */
export interface LeasedReservations {
  /** Of all budgets or of none. At once where the leases have room, else after one trip that serves all who wait. */
  reserve(ask: ReserveAsk): Promise<ReserveAnswer>;
  /** How the reservation ended, now or before; undefined where this process never made it. */
  end(number: number, how: "settled" | "released"): ReservationEnd | undefined;
  /** What the reservations of this process that live have set aside of a budget, to the last one. */
  allocated(organizationId: string, budgetId: string, value?: ValueKey): bigint;
  /** The same of all values of which anything is set aside. */
  allocatedByValue(organizationId: string, budgetId: string): ReadonlyMap<ValueKey, bigint>;
  /** Whether anything is held or reserved. */
  readonly isHolding: boolean;
  /** Lets go of what is held in advance of budgets. Resolves when the store knows, or after half a second. */
  drop(organizationId: string, budgetIds: readonly string[]): Promise<void>;
  /** Expiries, and renewals of what changed: to be called about four times a second. Resolves when they are done. */
  maintain(): Promise<void>;
  /** Gives back what is not allocated. */
  close(): Promise<void>;
}

export interface LeasedReservationsParts {
  readonly leases: BudgetLeases;
  /** Differs from every other process's, also from that of an earlier one. */
  readonly processId: string;
  /** UTC milliseconds. */
  readonly clock: () => number;
  /** From 0 to 1: processes that wait for each other do not come back in step. */
  readonly chance: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onAway?: (error: unknown) => void;
  readonly onBack?: () => void;
}

/** How long a reservation waits for what other processes give back, and longer for those that were not heard of since. */
const recallWaitMs = 500;
const recallPauseMs = 25;
/** It waits for at least so many answers: a machine under load takes long for each. */
const recallAttemptsMin = 6;
/** A store that does not answer for so long is away. */
const answerWaitMs = 5_000;
const probeMs = 1_000;
const tripMax = 1_000;

/** Ids have no control characters. */
const nameOf = ({ budgetId, value = wholeBudget }: LeasedOf): string => `${budgetId}\x1f${value}`;

interface Waiting {
  readonly ask: ReserveAsk;
  readonly entries: readonly HeldBudget[];
  readonly expiresAtMs: number;
  readonly sinceMs: number;
  attempts: number;
  /** Those that held something unused when it was first not served: what they have, nobody knows until they renew. */
  unheard: ReadonlySet<string> | undefined;
  isDone: boolean;
  readonly resolve: (answer: ReserveAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** What this process holds of one organization's budgets, and who waits for more. */
interface Desk {
  readonly organizationId: string;
  /** By `nameOf`. */
  readonly held: Map<string, HeldBudget>;
  waiting: Waiting[];
  /** Those who wait for what other processes were asked to give back. */
  readonly pausing: Set<Waiting>;
  readonly wishes: Set<HeldBudget>;
  /** The trip that waits for the store's answer: for whom, and since when. */
  asking: { readonly served: readonly Waiting[]; readonly sinceMs: number } | undefined;
  flight: Promise<void> | undefined;
}

export function createLeasedReservations(parts: LeasedReservationsParts): LeasedReservations {
  const { leases, processId, clock } = parts;
  const desks = new Map<string, Desk>();
  const live = new LiveReservations();
  let awayUntilMs: number | undefined;
  let recallsUnderWay: Promise<void> | undefined;

  const deskOf = (organizationId: string): Desk => {
    let desk = desks.get(organizationId);
    if (desk === undefined) {
      desk = {
        organizationId,
        held: new Map(),
        waiting: [],
        pausing: new Set(),
        wishes: new Set(),
        asking: undefined,
        flight: undefined,
      };
      desks.set(organizationId, desk);
    }
    return desk;
  };

  const entryOf = (desk: Desk, of: LeasedOf, nowMs: number): HeldBudget => {
    const name = nameOf(of);
    let entry = desk.held.get(name);
    if (entry === undefined) {
      entry = new HeldBudget(of, nowMs);
      desk.held.set(name, entry);
    }
    return entry;
  };

  const grant = (
    { ask: { organizationId, needs, onEnd }, entries, expiresAtMs }: Pick<Waiting, "ask" | "entries" | "expiresAtMs">,
    nowMs: number,
    isAway = false,
  ): ReserveAnswer => {
    const taken: (readonly [HeldBudget, bigint])[] = [];
    const overLimit: string[] = [];
    let isUnsecured = false;
    for (const [at, entry] of entries.entries()) {
      const quantity = needs[at]?.quantity ?? 0n;
      if (entry.isGone) continue;
      if (isAway ? !entry.hasRoom(quantity, expiresAtMs) : entry.slack < quantity) {
        if (isAway) isUnsecured = true;
        else overLimit.push(entry.budgetId);
      }
      entry.take(quantity, expiresAtMs, nowMs);
      taken.push([entry, quantity]);
    }
    const number = live.add({ organizationId, entries: taken, expiresAtMs, onEnd });
    const budgets = taken.map(([entry]) => ({ budgetId: entry.budgetId, value: entry.value, ...entry.standing }));
    return { kind: "granted", number, expiresAtMs, budgets, overLimit, isUnsecured };
  };

  /** By what is held here alone, and by what each budget wants then. */
  const answerAway = (each: Pick<Waiting, "ask" | "entries" | "expiresAtMs">): ReserveAnswer => {
    for (const [at, entry] of each.entries.entries()) {
      const need = each.ask.needs[at];
      if (need === undefined || entry.isGone || entry.hasRoom(need.quantity, each.expiresAtMs)) continue;
      if (need.whenStoreIsAway === "refuse") return { kind: "away", budgetId: entry.budgetId };
    }
    return grant(each, clock(), true);
  };

  const finish = (each: Waiting, answer: ReserveAnswer): void => {
    each.isDone = true;
    for (const entry of each.entries) entry.waiting -= 1;
    each.resolve(answer);
  };

  /** Serves, first come first served, who can be served by what is held; gives back who cannot. */
  const serveHeld = (waiting: readonly Waiting[]): Waiting[] => {
    const nowMs = clock();
    const before = new Set<HeldBudget>();
    return waiting.filter((each) => {
      if (each.isDone) return false;
      const fits = each.entries.every(
        (entry, at) =>
          !before.has(entry) && entry.hasRoom(each.ask.needs[at]?.quantity ?? 0n, each.expiresAtMs) && !entry.isGone,
      );
      if (fits) finish(each, grant(each, nowMs));
      else for (const entry of each.entries) before.add(entry);
      return !fits;
    });
  };

  /** Answers those for whom the store was just asked; who waits for other processes comes back. */
  const serveAsked = (desk: Desk, served: readonly Waiting[]): void => {
    const nowMs = clock();
    const again: Waiting[] = [];
    for (const each of served) {
      if (each.isDone) continue;
      const lacking = each.entries.filter((entry, at) => {
        const need = each.ask.needs[at];
        return need !== undefined && !entry.isGone && need.beyond === "refuse" && entry.slack < need.quantity;
      });
      const [first] = lacking;
      each.attempts += 1;
      if (first === undefined) finish(each, grant(each, nowMs));
      else if (lacking.every(({ recalling }) => recalling.length > 0) && mayWait(each, lacking, nowMs)) {
        again.push(each);
        // What is not enough must not keep others waiting who wait for this process likewise.
        for (const entry of each.entries) desk.wishes.add(entry);
      } else finish(each, refusal(each, lacking.find(({ recalling }) => recalling.length === 0) ?? first));
    }
    // Others wait to hear that nothing is left here.
    for (const entry of desk.held.values()) {
      if (entry.isRecalled && entry.isChanged(nowMs)) desk.wishes.add(entry);
    }
    if (again.length > 0) void comeBack(desk, again);
  };

  const mayWait = (each: Waiting, lacking: readonly HeldBudget[], nowMs: number): boolean => {
    const recalling = lacking.flatMap((entry) => entry.recalling.map((other) => `${entry.budgetId} ${other}`));
    each.unheard ??= new Set(recalling);
    const waitedMs = nowMs - each.sinceMs;
    if (waitedMs < recallWaitMs) return true;
    const { attempts, unheard } = each;
    return waitedMs < answerWaitMs && (attempts < recallAttemptsMin || recalling.some((other) => unheard.has(other)));
  };

  const refusal = ({ ask, entries }: Waiting, entry: HeldBudget): ReserveAnswer => ({
    kind: "refused",
    by: { budgetId: entry.budgetId, value: entry.value, ...entry.standing },
    requested: ask.needs[entries.indexOf(entry)]?.quantity ?? 0n,
  });

  const comeBack = async (desk: Desk, again: readonly Waiting[]): Promise<void> => {
    for (const each of again) desk.pausing.add(each);
    await parts.sleep(recallPauseMs * (0.5 + parts.chance()));
    for (const each of again) desk.pausing.delete(each);
    desk.waiting.unshift(...again.filter(({ isDone }) => !isDone));
    void fly(desk);
  };

  const trip = async (desk: Desk): Promise<void> => {
    desk.waiting = serveHeld(desk.waiting);
    const served = desk.waiting.splice(0, tripMax);
    const nowMs = clock();
    const asking = new Map<HeldBudget, { readonly needs: bigint[]; untilMs: number }>();
    for (const entry of desk.wishes) asking.set(entry, { needs: [], untilMs: 0 });
    desk.wishes.clear();
    for (const { entries, ask, expiresAtMs } of served) {
      for (const [at, entry] of entries.entries()) {
        const one = asking.get(entry) ?? { needs: [], untilMs: 0 };
        one.needs.push(ask.needs[at]?.quantity ?? 0n);
        one.untilMs = Math.max(one.untilMs, expiresAtMs);
        asking.set(entry, one);
      }
    }
    if (asking.size === 0) return;
    // Everybody locks in the same order.
    const sorted = [...asking].sort(([a], [b]) => (nameOf(a) < nameOf(b) ? -1 : 1));
    const asked = sorted.map(([entry, { needs, untilMs }]) => [entry, entry.ask(needs, untilMs, nowMs)] as const);
    try {
      const asks = asked.map(([, ask]) => ask);
      desk.asking = { served, sinceMs: nowMs };
      const answers = await leases.renew(desk.organizationId, processId, asks);
      desk.asking = undefined;
      takeIn(desk, asked, answers);
    } catch (error) {
      desk.asking = undefined;
      const isKnown = error instanceof Refusal && error.details?.["outcome"] !== unknownOutcome.outcome;
      for (const [entry] of asked) entry.fail(isKnown);
      const waiting = [...served, ...desk.waiting.splice(0)].filter(({ isDone }) => !isDone);
      if (!(error instanceof Refusal) || error.code !== "UNAVAILABLE") {
        for (const each of waiting) abandon(each, error);
        return;
      }
      if (awayUntilMs === undefined) parts.onAway?.(error);
      awayUntilMs = clock() + probeMs;
      for (const each of waiting) finish(each, answerAway(each));
      return;
    }
    if (awayUntilMs !== undefined) parts.onBack?.();
    awayUntilMs = undefined;
    serveAsked(desk, served);
  };

  const abandon = (each: Waiting, error: unknown): void => {
    each.isDone = true;
    for (const entry of each.entries) entry.waiting -= 1;
    each.reject(error);
  };

  const takeIn = (
    desk: Desk,
    asked: readonly (readonly [HeldBudget, LeaseAsk])[],
    answers: Awaited<ReturnType<BudgetLeases["renew"]>>,
  ): void => {
    const nowMs = clock();
    const byName = new Map(answers.map((answer) => [nameOf(answer), answer]));
    for (const [entry, ask] of asked) {
      const answer = byName.get(nameOf(entry));
      if (answer !== undefined) entry.takeIn(ask, answer, nowMs);
      else {
        // The budget is no more, and limits nothing.
        entry.isGone = true;
        entry.isFrozen = false;
        desk.held.delete(nameOf(entry));
      }
    }
  };

  /** One trip at a time for an organization; those who come meanwhile share the next one. */
  const fly = (desk: Desk): Promise<void> => {
    desk.flight ??= (async () => {
      // Everybody who comes in this turn shares the first trip.
      await Promise.resolve();
      try {
        while (desk.waiting.length > 0 || desk.wishes.size > 0) await trip(desk);
      } finally {
        desk.flight = undefined;
      }
    })();
    return desk.flight;
  };

  const noteRecalls = async (): Promise<void> => {
    const recalled = await leases.recalls(processId);
    const nowMs = clock();
    for (const { organizationId, ...of } of recalled) {
      const desk = desks.get(organizationId);
      const entry = desk?.held.get(nameOf(of));
      if (desk === undefined || entry === undefined) continue;
      entry.noteRecalled(nowMs);
      desk.wishes.add(entry);
    }
  };

  const isAway = (nowMs: number): boolean => awayUntilMs !== undefined && nowMs < awayUntilMs;
  /** Whether a trip has had no answer for so long that nobody else waits for it. */
  const isSilent = ({ asking }: Desk, nowMs: number): boolean =>
    asking !== undefined && nowMs - asking.sinceMs >= answerWaitMs;

  return {
    async reserve(ask) {
      live.requireRoom(ask.organizationId);
      const nowMs = clock();
      const desk = deskOf(ask.organizationId);
      const entries = ask.needs.map((need) => entryOf(desk, need, nowMs));
      const each = { ask, entries, expiresAtMs: nowMs + ask.ttlMs };
      const hasRoom = entries.every(
        (entry, at) => entry.waiting === 0 && entry.hasRoom(ask.needs[at]?.quantity ?? 0n, each.expiresAtMs),
      );
      if (hasRoom) return grant(each, nowMs);
      if (isAway(nowMs) || isSilent(desk, nowMs)) return answerAway(each);
      for (const entry of entries) entry.waiting += 1;
      return new Promise((resolve, reject) => {
        desk.waiting.push({ ...each, sinceMs: nowMs, attempts: 0, unheard: undefined, isDone: false, resolve, reject });
        void fly(desk);
      });
    },
    end: (number, how) => live.end(number, how, clock()),
    allocated: (organizationId, budgetId, value = wholeBudget) =>
      desks.get(organizationId)?.held.get(nameOf({ budgetId, value }))?.allocated ?? 0n,
    allocatedByValue(organizationId, budgetId) {
      const own = [...(desks.get(organizationId)?.held.values() ?? [])].filter(
        (entry) => entry.budgetId === budgetId && entry.allocated > 0n,
      );
      return new Map(own.map(({ value, allocated }) => [value, allocated]));
    },
    get isHolding() {
      return live.size > 0 || [...desks.values()].some(({ held }) => held.size > 0);
    },
    async drop(organizationId, budgetIds) {
      const desk = desks.get(organizationId);
      if (desk === undefined) return;
      for (const entry of desk.held.values()) {
        if (!budgetIds.includes(entry.budgetId)) continue;
        entry.drop();
        // Nor is any asked for anew with the renewal that tells of it.
        entry.noteRecalled(clock());
        desk.wishes.add(entry);
      }
      // A desk that is busy may fly on for ever.
      await Promise.race([fly(desk), parts.sleep(recallWaitMs)]);
    },
    async maintain() {
      const nowMs = clock();
      live.expire(nowMs);
      for (const desk of desks.values()) {
        for (const each of [...desk.waiting, ...desk.pausing, ...(desk.asking?.served ?? [])]) {
          if (!each.isDone && nowMs - each.sinceMs >= answerWaitMs) finish(each, answerAway(each));
        }
      }
      if (isAway(nowMs)) return;
      const holdsUnused = [...desks.values()].some(({ held }) => [...held.values()].some(({ slack }) => slack > 0n));
      if (holdsUnused) {
        // A store that is away shows in the renewals.
        recallsUnderWay ??= noteRecalls()
          .catch(() => undefined)
          .finally(() => {
            recallsUnderWay = undefined;
          });
        await recallsUnderWay;
      }
      await Promise.all(
        [...desks.values()].map((desk) => {
          for (const entry of desk.held.values()) {
            if (entry.isChanged(nowMs)) desk.wishes.add(entry);
            else if (entry.isForgettable(nowMs)) desk.held.delete(nameOf(entry));
          }
          if (desk.held.size === 0 && desk.flight === undefined && desk.pausing.size === 0) {
            desks.delete(desk.organizationId);
          }
          return fly(desk);
        }),
      );
    },
    async close() {
      await Promise.all(
        [...desks.values()].map(async (desk) => {
          // What is held is free when the lease expires.
          if (isSilent(desk, clock())) return;
          await desk.flight;
          for (const entry of desk.held.values()) {
            if (entry.slack === 0n && !entry.isChanged(clock())) continue;
            entry.drop();
            entry.noteRecalled(clock());
            desk.wishes.add(entry);
          }
          await fly(desk);
        }),
      );
    },
  };
}
