import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { patienceMs } from "../store/in-time.ts";
import { latelyRead, readAgainMs } from "./lately-read.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A store that answers when it is told to. */
function slowStore() {
  const answers: ((value: string) => void)[] = [];
  const values = latelyRead<string, string>({
    read: () => new Promise((resolve) => answers.push(resolve)),
    name: (key) => key,
    clock: Date.now,
  });
  return { answers, values };
}

test("a store that is silent is waited for once, and what was read before is told until it answers", async () => {
  const { answers, values } = slowStore();
  const first = values.get("acme");
  answers[0]?.("old");
  expect(await first).toBe("old");
  await vi.advanceTimersByTimeAsync(readAgainMs);
  const waiting = [values.get("acme"), values.get("acme")];
  await vi.advanceTimersByTimeAsync(patienceMs);
  expect(await Promise.all(waiting)).toEqual(["old", "old"]);
  // No further timer has to run out.
  expect(await values.get("acme")).toBe("old");
  expect(answers).toHaveLength(2);
  answers[1]?.("new");
  await vi.advanceTimersByTimeAsync(0);
  const next = values.get("acme");
  answers[2]?.("newest");
  expect(await next).toBe("newest");
});

test("nobody waits without end for what was never read", async () => {
  const { answers, values } = slowStore();
  const refused = expect(values.get("acme")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await vi.advanceTimersByTimeAsync(patienceMs);
  await refused;
  const again = values.get("acme");
  answers[1]?.("there");
  expect(await again).toBe("there");
});
