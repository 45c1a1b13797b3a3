import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { patienceMs } from "../store/in-time.ts";
import { type CountedSlot, freshMs, QuantityCounts } from "./quantity-counts.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a store that is silent keeps nobody waiting for long, and gets all that was counted when it answers again", async () => {
  const sent: CountedSlot[] = [];
  const answers: (() => void)[] = [];
  let isSilent = true;
  const counts = new QuantityCounts({
    shared: {
      exchange: async (_, changes) => {
        if (isSilent) await new Promise<void>((resolve) => answers.push(resolve));
        sent.push(...changes);
        return [];
      },
    },
    clock: Date.now,
    now: Date.now,
  });
  const place = { subject: "", unit: "tokens", window: "day" } as const;
  const startsAtMs = Date.now();
  const count = (amount: bigint): void => counts.add("acme", [{ ...place, startsAtMs, amount }]);
  const asked = counts.refresh("acme", [""]);
  count(3n);
  await vi.advanceTimersByTimeAsync(patienceMs);
  await asked;
  // Whoever comes later does not wait again.
  await counts.refresh("acme", [""]);
  count(4n);
  expect([...counts.slots("acme", place).values()]).toEqual([7n]);
  isSilent = false;
  for (const answer of answers) answer();
  await vi.advanceTimersByTimeAsync(2 * freshMs);
  expect(sent.map(({ amount }) => amount)).toEqual([7n]);
});
