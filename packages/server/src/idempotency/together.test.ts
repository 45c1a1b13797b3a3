import { expect, it } from "vitest";
import { together } from "./together.ts";

interface Item {
  readonly organizationId: string;
  readonly number: number;
}

it("runs what came meanwhile together, each organization for itself, and answers each by its place", async () => {
  const runs: (readonly [string, readonly number[]])[] = [];
  const double = together(async (organizationId, items: readonly Item[]) => {
    runs.push([organizationId, items.map(({ number }) => number)]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return items.map(({ number }) => number * 2);
  });
  const asked = [1, 2, 3].flatMap((number) => ["a", "b"].map((organizationId) => double({ organizationId, number })));
  expect(await Promise.all(asked)).toEqual([2, 2, 4, 4, 6, 6]);
  expect(runs).toEqual([
    ["a", [1]],
    ["b", [1]],
    ["a", [2, 3]],
    ["b", [2, 3]],
  ]);
});

it("tells a failure to those in it alone, and goes on", async () => {
  const run = together(async (_, items: readonly Item[]) => {
    await Promise.resolve();
    if (items.some(({ number }) => number === 2)) throw new Error("no");
    return items;
  });
  const asked = [1, 2, 3].map((number) => run({ organizationId: "a", number }));
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  expect(await run({ organizationId: "a", number: 4 })).toMatchObject({ number: 4 });
});
