import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { QuantityLimits } from "../limits/quantity-limits.ts";
import type { Secret } from "../secret.ts";
import { keepSigningSecret } from "../sessions/sessions.sql.ts";
import type { Store } from "../store/operation.ts";
import type { Ledger } from "../usage/ledger.ts";
import type { Budgets, ReservedHere, ScopedBudget } from "./budget.ts";
import { createBudgetLeases } from "./budget-leases.sql.ts";
import type { BudgetTransfers } from "./budget-transfer.sql.ts";
import { latelyRead } from "./lately-read.ts";
import { createLeasedReservations } from "./leased-reservations.ts";
import { type ReservationIds, reservationIds } from "./reservation-ids.ts";
import { endsToHear, noteEndsHeard, readEstimatePrice } from "./reservations.sql.ts";
import { createReservations, type PriceKey, type Reservations } from "./reservations.ts";
import { listHardBudgets } from "./scoped-budgets.sql.ts";

const maintainEveryMs = 250;
const sweepEveryMs = 60_000;

export interface OpenedReservations {
  readonly reservations: Reservations;
  /** What this process itself knows of what is reserved. */
  readonly here: ReservedHere;
  /**
   * The same budgets; what is changed by them holds for reservations of this process at once, and what it holds of a budget
   * in advance does not stand in the way of a transfer.
   */
  watched(budgets: Budgets & BudgetTransfers): Budgets & BudgetTransfers;
  start(): void;
  /** Gives back what is not reserved. */
  close(): Promise<void>;
}

export interface OpenReservationsParts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly limits: QuantityLimits;
  readonly secretKey: Secret | undefined;
  /** UTC milliseconds. */
  readonly clock: () => number;
  /** Runs what the process does by itself, whoever gave the occasion. */
  readonly aside: <T>(work: () => T) => T;
  /** Told of an organization whose budgets were changed in this process. */
  readonly onChanged?: (organizationId: string) => void;
  readonly onAway: (error: unknown) => void;
  readonly onBack: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** Reservations of one process on a store. */
export function openReservations(parts: OpenReservationsParts): OpenedReservations {
  const { store, clock, aside } = parts;
  const processId = randomBytes(9).toString("base64url");
  const leases = createBudgetLeases(store);
  const leased = createLeasedReservations({
    leases: {
      renew: (...renewal) => aside(() => leases.renew(...renewal)),
      recalls: (id) => aside(() => leases.recalls(id)),
    },
    processId,
    clock,
    chance: Math.random,
    sleep: (ms) => sleep(ms),
    onAway: parts.onAway,
    onBack: parts.onBack,
  });

  let known: Promise<ReservationIds> | undefined;
  const makeIds = async (): Promise<ReservationIds> => {
    if (parts.secretKey !== undefined) return reservationIds(parts.secretKey.reveal());
    const secret = await store.run(keepSigningSecret, { offered: randomBytes(32) });
    return reservationIds(Buffer.from(secret).toString("base64url"));
  };
  const ids = (): Promise<ReservationIds> => {
    known ??= makeIds().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };

  const budgets = latelyRead<string, readonly ScopedBudget[]>({
    read: (organizationId) => store.run(listHardBudgets, { organizationId }),
    name: (organizationId) => organizationId,
    clock,
    onRead: (organizationId, now, before = []) => {
      const changed = before.filter(({ budget }) => !now.some((one) => isSame(one.budget, budget)));
      if (changed.length === 0) return;
      const ids = changed.map(({ budget }) => budget.id);
      leased.drop(organizationId, ids).catch(parts.onFailure);
    },
  });
  const prices = latelyRead({
    read: (key: PriceKey) => store.run(readEstimatePrice, key),
    name: ({ organizationId, provider = "", model }) => `${organizationId}\x1f${provider}\x1f${model}`,
    clock,
  });

  let sweptAtMs = Number.NEGATIVE_INFINITY;
  const hearEnds = async (): Promise<void> => {
    const isSweeping = clock() - sweptAtMs >= sweepEveryMs;
    if (!leased.isHolding && !isSweeping) return;
    const ends = await store.run(endsToHear, { processId });
    for (const { number, how } of ends) leased.end(number, how);
    if (ends.length === 0 && !isSweeping) return;
    sweptAtMs = clock();
    await store.run(noteEndsHeard, { processId, numbers: ends.map(({ number }) => number) });
  };

  let timer: NodeJS.Timeout | undefined;
  let hearing: Promise<void> | undefined;
  const maintain = (): void => {
    hearing ??= hearEnds()
      .catch(parts.onFailure)
      .finally(() => {
        hearing = undefined;
      });
    leased.maintain().catch(parts.onFailure);
  };

  return {
    reservations: createReservations({ ...parts, leased, processId, budgets, prices, ids }),
    here: { processId, reserved: leased.allocatedByValue },
    watched: (kept) => {
      const after = async <T>(organizationId: string, change: Promise<T>): Promise<T> => {
        try {
          return await change;
        } finally {
          budgets.forget(organizationId);
          parts.onChanged?.(organizationId);
        }
      };
      return {
        ...kept,
        create: (asker, ...rest) => after(asker.organizationId, kept.create(asker, ...rest)),
        update: (asker, ...rest) => after(asker.organizationId, kept.update(asker, ...rest)),
        remove: (asker, ...rest) => after(asker.organizationId, kept.remove(asker, ...rest)),
        transfer: async (asker, move) => {
          await leased.drop(asker.organizationId, [move.from]);
          return after(asker.organizationId, kept.transfer(asker, move));
        },
      };
    },
    start() {
      timer = aside(() => setInterval(maintain, maintainEveryMs).unref());
    },
    async close() {
      clearInterval(timer);
      await hearing;
      await leased.close();
    },
  };
}

const isSame = (a: ScopedBudget["budget"], b: ScopedBudget["budget"]): boolean =>
  a.id === b.id && a.updated_at === b.updated_at;
