/** Alerts of a budget beside the smallest model of them: sums of a list, and what was told, in a map. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Alerting } from "./alerting-fixture.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** How long a day that has ended is still looked at. */
const graceMs = hourMs;
const thresholds = [50, 80, 100];
const steps = 90;
const processes = 3;

let alerting: Alerting;
beforeAll(async () => {
  alerting = await Alerting.open();
}, 60_000);
afterAll(() => alerting.close());

/** Mulberry32: the same numbers from the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface Spent {
  readonly id: string;
  readonly atMs: number;
  readonly cents: number;
}

class Model {
  amountCents = 100_00;
  readonly spent: Spent[] = [];
  /** Thresholds that are told of a day and still hold. */
  readonly #told = new Map<number, Set<number>>();
  /** `day threshold`, in the order in which they were told. */
  readonly opened: string[] = [];

  look(nowMs: number): void {
    const today = nowMs - (nowMs % dayMs);
    if (!this.#told.has(today)) this.#told.set(today, new Set());
    for (const [day, told] of [...this.#told].toSorted(([a], [b]) => a - b)) {
      const cents = this.spent
        .filter(({ atMs }) => atMs >= day && atMs < day + dayMs)
        .reduce((sum, one) => sum + one.cents, 0);
      for (const threshold of thresholds) {
        const isReached = cents * 100 >= this.amountCents * threshold;
        if (isReached && !told.has(threshold)) this.opened.push(`${new Date(day).toISOString()} ${threshold}`);
        if (isReached) told.add(threshold);
        else told.delete(threshold);
      }
      if (nowMs >= day + dayMs + graceMs) this.#told.delete(day);
    }
  }

  open(): readonly string[] {
    return [...this.#told].flatMap(([day, told]) =>
      [...told].map((threshold) => `${new Date(day).toISOString()} ${threshold}`),
    );
  }
}

test.each([1, 2])("whatever happens in whatever order, seed %i, each crossing is told once", async (seed) => {
  const upTo = random(seed);
  const tenant = alerting.tenant();
  alerting.now = Date.UTC(2026, 10, 16, 20);
  const { id } = await tenant.budget({ period: { kind: "day" }, amount: "100", thresholds });
  await tenant.rule();
  const model = new Model();
  const looking = Array.from({ length: processes }, () => alerting.process());
  const spend = async (atMs: number): Promise<void> => {
    const cents = 1 + upTo(40_00);
    const cost = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
    model.spent.push({ id: await tenant.spend(cost, atMs), atMs, cents });
  };
  for (let step = 0; step < steps; step += 1) {
    const kind = upTo(10);
    if (kind < 4) await spend(alerting.now);
    else if (kind === 4) await spend(alerting.now - upTo(3 * hourMs));
    else if (kind === 5 && model.spent.length > 0) {
      const [taken] = model.spent.splice(upTo(model.spent.length), 1);
      if (taken !== undefined) await tenant.takeBack(taken.id);
    } else if (kind === 6) {
      model.amountCents = 50_00 + upTo(150) * 100;
      await tenant.amend(id, { amount: model.amountCents / 100 });
    } else if (kind === 7) alerting.now += upTo(9 * hourMs);
    else {
      model.look(alerting.now);
      await Promise.all(looking.slice(upTo(processes)).map((parts) => tenant.look(parts)));
    }
  }
  const alerts = await tenant.alerts();
  const named = alerts.map(({ period, threshold }) => `${period.from} ${threshold}`);
  expect(named.toSorted()).toEqual(model.opened.toSorted());
  const open = named.filter((_, at) => alerts[at]?.state === "open");
  expect(open.toSorted()).toEqual(model.open().toSorted());
  expect(named.length).toBeGreaterThan(5);
  expect(alerting.failures).toEqual([]);
});
