import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BudgetLeases } from "./budget-leases.ts";
import { MemoryBudgetLeases } from "./budget-leases-fixture.ts";
import { createLeasedReservations, type LeasedReservations } from "./leased-reservations.ts";
import type { ReserveAnswer } from "./reserve-ask.ts";

const rounds = 40;
const minute = 60_000;

/** Repeats exactly what it does. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

let nowMs = 1_000_000;
let chance = seeded(1);
let leases: MemoryBudgetLeases;
let processes: LeasedReservations[] = [];
let running = true;

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A millisecond of the clock for each turn of the loop. */
const sleep = async (ms: number): Promise<void> => {
  const endMs = nowMs + ms;
  while (running && nowMs < endMs) await turns(1);
};

/** More processes; each has its trips begin when it was waited for. */
const open = (count: number, before?: () => Promise<void>): LeasedReservations[] => {
  const reached: BudgetLeases = {
    renew: async (...renewal) => {
      await before?.();
      return leases.renew(...renewal);
    },
    recalls: async (processId) => {
      await before?.();
      return leases.recalls(processId);
    },
  };
  const first = processes.length;
  const made = Array.from({ length: count }, (_, at) =>
    createLeasedReservations({
      leases: reached,
      processId: `process ${first + at}`,
      clock: () => nowMs,
      chance,
      sleep,
    }),
  );
  processes = [...processes, ...made];
  return made;
};

const reserve = (
  process: LeasedReservations,
  quantity: bigint,
  budgets: readonly string[] = ["budget"],
  more: { readonly ttlMs?: number; readonly beyond?: "allow"; readonly whenStoreIsAway?: "allow" } = {},
): Promise<ReserveAnswer> =>
  process.reserve({
    organizationId: "acme",
    needs: budgets.map((budgetId) => ({
      budgetId,
      quantity,
      beyond: more.beyond ?? "refuse",
      whenStoreIsAway: more.whenStoreIsAway ?? "refuse",
    })),
    ttlMs: more.ttlMs ?? 10 * minute,
  });

const numberOf = (answer: ReserveAnswer): number => {
  if (answer.kind !== "granted") throw new Error(`was ${answer.kind}`);
  return answer.number;
};

/** The clock, and every process's maintenance four times a second. */
async function run(): Promise<void> {
  while (running) {
    await turns(1);
    nowMs += 1;
    if (nowMs % 250 === 0) for (const process of processes) void process.maintain();
  }
}

let clockwork: Promise<void>;
beforeEach(() => {
  running = true;
  chance = seeded(7);
  processes = [];
  leases = new MemoryBudgetLeases(
    () => nowMs,
    () => turns(1 + Math.floor(chance() * 4)),
  );
  clockwork = run();
});
afterEach(async () => {
  running = false;
  await clockwork;
});

describe("reservations of several processes", () => {
  it("are granted exactly as often as they fit, of a burst of 200 in two processes at once", async () => {
    const [one, two] = open(2) as [LeasedReservations, LeasedReservations];
    for (let round = 0; round < rounds; round += 1) {
      const budget = `round ${round}`;
      const fitting = 1 + Math.floor(chance() * 230);
      const cost = BigInt(1 + Math.floor(chance() * 1_000));
      leases.budget(budget, BigInt(fitting) * cost + cost / 2n);
      // Some use before it, so that both hold money in advance.
      const before = round % 2 === 0 ? 0 : Math.min(fitting, Math.floor(chance() * 20));
      let granted = 0;
      const count = (answer: ReserveAnswer): void => {
        if (answer.kind === "granted") granted += 1;
      };
      for (let at = 0; at < before; at += 1) {
        count(await reserve(at % 2 === 0 ? one : two, cost, [budget]));
        await sleep(60);
      }
      const burst = Array.from({ length: 200 }, (_, at) => reserve(at % 2 === 0 ? one : two, cost, [budget]));
      for (const answer of await Promise.all(burst)) count(answer);
      expect({ round, granted }).toEqual({ round, granted: Math.min(fitting, before + 200) });
    }
  }, 60_000);

  it("wait for another that is slow to say what it holds, and not for one that has said", async () => {
    const [slow] = open(1, () => sleep(700)) as [LeasedReservations];
    const [quick] = open(1) as [LeasedReservations];
    leases.budget("budget", 10_000n);
    await Promise.all(Array.from({ length: 20 }, () => reserve(slow, 100n)));
    await reserve(slow, 100n);
    const held = leases.budgets.get("budget")?.rows.get("process 0");
    expect(held?.held).toBeGreaterThan(2_500n);
    const answer = await reserve(quick, 7_900n);
    expect(answer.kind).toBe("granted");
    const askedAtMs = nowMs;
    expect((await reserve(quick, 1n)).kind).toBe("refused");
    expect(nowMs - askedAtMs).toBeLessThan(3_000);
  });

  it("never hold more than the budget, whatever begins, ends and is recorded in between", async () => {
    const all = open(3);
    const budget = leases.budget("budget", 50_000n);
    const live: { readonly process: LeasedReservations; readonly number: number; readonly quantity: bigint }[] = [];
    let reserved = 0n;
    for (let step = 0; step < 3_000; step += 1) {
      const process = all[Math.floor(chance() * all.length)] as LeasedReservations;
      if (chance() < 0.55) {
        const quantity = BigInt(1 + Math.floor(chance() * 2_000));
        void reserve(process, quantity).then((answer) => {
          if (answer.kind !== "granted") return;
          live.push({ process, number: answer.number, quantity });
          reserved += quantity;
          expect(budget.spent + reserved).toBeLessThanOrEqual(budget.limit);
        });
      } else if (live.length > 0) {
        const [ended] = live.splice(Math.floor(chance() * live.length), 1);
        if (ended === undefined) continue;
        // Half of it is recorded before it ends, or nothing where it is released.
        const isSettled = chance() < 0.7;
        if (isSettled) budget.spent += ended.quantity / 2n;
        expect(ended.process.end(ended.number, isSettled ? "settled" : "released")).toBe(
          isSettled ? "settled" : "released",
        );
        reserved -= ended.quantity;
      }
      if (budget.limit - budget.spent < 5_000n) budget.spent = 0n;
      if (chance() < 0.3) await turns(1 + Math.floor(chance() * 20));
    }
    await sleep(6_000);
    const held = [...budget.rows.values()].reduce((sum, row) => sum + row.held, 0n);
    expect(held).toBe(reserved);
  }, 60_000);

  it("get what another process holds unused", async () => {
    const [one, two] = open(2) as [LeasedReservations, LeasedReservations];
    const budget = leases.budget("budget", 10_000n);
    for (let at = 0; at < 20; at += 1) {
      await reserve(one, 100n);
      await sleep(20);
    }
    expect([...budget.rows.values()].some(({ held, allocated }) => held > allocated)).toBe(true);
    const answers = await Promise.all(Array.from({ length: 80 }, () => reserve(two, 100n)));
    expect(answers.every(({ kind }) => kind === "granted")).toBe(true);
    expect((await reserve(two, 1n)).kind).toBe("refused");
  });

  it("mostly need no trip to the store", async () => {
    const [one] = open(1) as [LeasedReservations];
    leases.budget("budget", 10n ** 15n);
    for (let at = 0; at < 4_000; at += 1) {
      one.end(numberOf(await reserve(one, 1_000n)), "settled");
      if (at % 4 === 0) await turns(1);
    }
    expect(leases.trips).toBeLessThan(100);
  });
});

describe("a reservation", () => {
  it("is made of all its budgets or of none, and names the one that refused with how it stands", async () => {
    const [one] = open(1) as [LeasedReservations];
    leases.budget("wide", 1_000n);
    const narrow = leases.budget("narrow", 100n);
    narrow.spent = 30n;
    expect(await reserve(one, 60n, ["narrow", "wide"])).toMatchObject({
      kind: "granted",
      budgets: [
        { budgetId: "narrow", limit: 100n, spent: 30n, reserved: 60n },
        { budgetId: "wide", limit: 1_000n, spent: 0n, reserved: 60n },
      ],
    });
    expect(await reserve(one, 60n, ["wide", "narrow"])).toEqual({
      kind: "refused",
      by: { budgetId: "narrow", value: "", limit: 100n, spent: 30n, reserved: 60n },
      requested: 60n,
    });
    expect((await reserve(one, 940n, ["wide"])).kind).toBe("granted");
    // Equality fits.
    expect((await reserve(one, 10n, ["narrow"])).kind).toBe("granted");
    expect((await reserve(one, 1n, ["narrow"])).kind).toBe("refused");
  });

  it("gives its budget back when it ends, and says how it ended however often it is asked", async () => {
    const [one] = open(1) as [LeasedReservations];
    const budget = leases.budget("budget", 100n);
    const first = numberOf(await reserve(one, 100n));
    budget.spent = 40n;
    expect(one.end(first, "settled")).toBe("settled");
    expect(one.end(first, "released")).toBe("settled");
    expect((await reserve(one, 61n)).kind).toBe("refused");
    const second = numberOf(await reserve(one, 60n));
    expect(one.end(second, "released")).toBe("released");
    expect(one.end(second, "settled")).toBe("released");
    expect(one.end(second + 1, "settled")).toBeUndefined();
    expect((await reserve(one, 60n)).kind).toBe("granted");
  });

  it("expires by itself, and not before", async () => {
    const [one] = open(1) as [LeasedReservations];
    leases.budget("budget", 100n);
    const madeAtMs = nowMs;
    const number = numberOf(await reserve(one, 100n, ["budget"], { ttlMs: 3_000 }));
    while (nowMs < madeAtMs + 2_900) {
      expect((await reserve(one, 1n)).kind).toBe("refused");
      await sleep(300);
    }
    await sleep(1_500);
    expect((await reserve(one, 100n)).kind).toBe("granted");
    expect(["settled", "expired"]).toContain(one.end(number, "settled"));
  });

  it("of a process that died stays set aside until it would have expired", async () => {
    const [one, two] = open(2) as [LeasedReservations, LeasedReservations];
    leases.budget("budget", 100n);
    await reserve(one, 100n, ["budget"], { ttlMs: 20_000 });
    processes = [two];
    await sleep(19_000);
    expect((await reserve(two, 1n)).kind).toBe("refused");
    await sleep(12_000);
    expect((await reserve(two, 100n)).kind).toBe("granted");
  });

  it("goes beyond a budget that only notes it, and counts there", async () => {
    const [one] = open(1) as [LeasedReservations];
    leases.budget("budget", 100n);
    expect(await reserve(one, 150n, ["budget"], { beyond: "allow" })).toMatchObject({
      kind: "granted",
      overLimit: ["budget"],
    });
    expect((await reserve(one, 1n)).kind).toBe("refused");
  });

  it("needs nothing of a budget that is gone", async () => {
    const [one] = open(1) as [LeasedReservations];
    leases.budget("budget", 100n);
    const number = numberOf(await reserve(one, 10n));
    leases.budgets.delete("budget");
    expect(await reserve(one, 1_000n)).toMatchObject({ kind: "granted", budgets: [] });
    expect(one.end(number, "settled")).toBe("settled");
  });
});

describe("without the store", () => {
  it("what is held goes on being reserved, and beyond it each budget decides", async () => {
    const [one] = open(1) as [LeasedReservations];
    leases.budget("budget", 1_000_000n);
    for (let at = 0; at < 20; at += 1) {
      await reserve(one, 1_000n);
      await sleep(20);
    }
    leases.trouble = "away";
    let granted = 0;
    let answer = await reserve(one, 1_000n);
    for (; answer.kind === "granted" && granted < 1_000; answer = await reserve(one, 1_000n)) granted += 1;
    expect(granted).toBeGreaterThan(0);
    expect(granted).toBeLessThan(1_000);
    expect(answer).toEqual({ kind: "away", budgetId: "budget" });
    expect(await reserve(one, 1_000n, ["budget"], { whenStoreIsAway: "allow" })).toMatchObject({
      kind: "granted",
      isUnsecured: true,
    });
    leases.trouble = undefined;
    await sleep(1_500);
    expect(await reserve(one, 1_000n)).toMatchObject({ kind: "granted", isUnsecured: false });
    // What was promised meanwhile counts.
    const row = leases.budgets.get("budget")?.rows.get("process 0");
    expect(row?.allocated).toBeGreaterThanOrEqual(BigInt(granted + 21) * 1_000n);
  });

  it("whoever waits for an answer that does not come is told after five seconds, and nothing is granted twice when it comes", async () => {
    const [one] = open(1) as [LeasedReservations];
    leases.budget("budget", 100n);
    const { promise, resolve } = Promise.withResolvers<void>();
    leases.silence = promise;
    const askedAtMs = nowMs;
    const first = reserve(one, 60n, ["budget"], { whenStoreIsAway: "allow" });
    await turns(10);
    const second = reserve(one, 60n);
    expect(await first).toMatchObject({ kind: "granted", isUnsecured: true });
    expect(await second).toEqual({ kind: "away", budgetId: "budget" });
    expect(nowMs - askedAtMs).toBeGreaterThanOrEqual(5_000);
    const laterAtMs = nowMs;
    expect(await reserve(one, 1n)).toEqual({ kind: "away", budgetId: "budget" });
    expect(nowMs - laterAtMs).toBeLessThan(1_000);
    resolve();
    await turns(10);
    // The answer was for the first one, which has its 60 already.
    expect((await reserve(one, 41n, ["budget"], { ttlMs: minute })).kind).toBe("refused");
    expect((await reserve(one, 40n, ["budget"], { ttlMs: minute })).kind).toBe("granted");
  });

  it("nothing is reserved of what a renewal may have given back whose answer was lost", async () => {
    const [one] = open(1) as [LeasedReservations];
    leases.budget("budget", 1_000_000n);
    for (let at = 0; at < 20; at += 1) {
      await reserve(one, 1_000n);
      await sleep(20);
    }
    leases.trouble = "unknown";
    await sleep(600);
    expect(await reserve(one, 1_000n)).toEqual({ kind: "away", budgetId: "budget" });
  });
});

it("gives back what is not allocated when it closes", async () => {
  const [one] = open(1) as [LeasedReservations];
  const budget = leases.budget("budget", 1_000_000n);
  for (let at = 0; at < 20; at += 1) {
    await reserve(one, 1_000n);
    await sleep(20);
  }
  await one.close();
  expect(budget.rows.get("process 0")).toMatchObject({ held: 20_000n, allocated: 20_000n });
});
