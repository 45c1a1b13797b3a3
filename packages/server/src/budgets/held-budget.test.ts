import { expect, test } from "vitest";
import { HeldBudget } from "./held-budget.ts";

const answer = {
  budgetId: "budget",
  limit: 100n,
  spent: 0n,
  heldByOthers: 0n,
  recalled: [],
  isRecalled: false,
  periodEndsAtMs: undefined,
};

test("what was taken while an answer was on its way is not there once more when it comes, and the store is told", () => {
  const held = new HeldBudget({ budgetId: "budget" }, 0);
  const asked = held.ask([60n], 1_000, 0);
  held.take(60n, 1_000, 0);
  held.takeIn(asked, { ...answer, held: 60n }, 1);
  expect([held.allocated, held.slack, held.hasRoom(1n, 1_000)]).toEqual([60n, 0n, false]);
  expect(held.isChanged(1)).toBe(true);
  const again = held.ask([], 0, 2);
  expect(again.allocated).toBe(60n);
  held.takeIn(again, { ...answer, held: 70n }, 3);
  expect([held.slack, held.hasRoom(10n, 1_000)]).toEqual([10n, true]);
});

test("more that was taken meanwhile than is granted leaves nothing", () => {
  const held = new HeldBudget({ budgetId: "budget" }, 0);
  const asked = held.ask([60n], 1_000, 0);
  held.take(60n, 1_000, 0);
  held.takeIn(asked, { ...answer, held: 40n }, 1);
  expect([held.allocated, held.slack, held.isChanged(1)]).toEqual([60n, 0n, true]);
});
