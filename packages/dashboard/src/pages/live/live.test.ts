import { expect, test } from "vitest";
import { type Arrival, changedFeed, emptyFeed, type LiveCall, minuteOf, shownCalls } from "./live-feed.ts";

const call = (id: string, over: Partial<LiveCall> = {}): LiveCall => ({
  id,
  occurredAt: "2026-11-21T10:00:00Z",
  arrivedMs: 0,
  provider: "openai",
  model: "gpt-4o",
  projectId: null,
  userId: null,
  tags: {},
  inputTokens: 1,
  outputTokens: 1,
  latencyMs: null,
  status: null,
  costExact: "0.1",
  currency: "USD",
  costStatus: "priced",
  unpricedReason: null,
  hasUsage: false,
  ...over,
});
const come = (...calls: readonly LiveCall[]): readonly Arrival[] => calls.map((one) => ({ call: one, isNew: true }));
const usage = (id: string): LiveCall => call(id, { latencyMs: 12, status: "success", hasUsage: true });

test("a call and its cost are one line, in either order, and the newest stands first", () => {
  const ways = [
    [usage("a"), call("a"), usage("b"), call("b")],
    [call("a"), usage("a"), call("b"), usage("b")],
  ];
  for (const way of ways) {
    const { calls } = changedFeed(emptyFeed, { kind: "arrived", arrivals: come(...way), isHeld: false });
    expect(calls).toEqual([usage("b"), usage("a")]);
  }
});

test("a cost that changes is told of the call that is listed, and lists none that is not", () => {
  const listed = changedFeed(emptyFeed, { kind: "earlier", calls: [usage("a")] });
  const priced = (id: string): Arrival => ({ call: call(id, { costExact: "0.2" }), isNew: false });
  const { calls } = changedFeed(listed, { kind: "arrived", arrivals: [priced("a"), priced("old")], isHeld: false });
  expect(calls).toEqual([{ ...usage("a"), costExact: "0.2" }]);
});

test("while it is held nothing moves, each call that waits is counted once, and all of them are let in", () => {
  const before = changedFeed(emptyFeed, { kind: "earlier", calls: [usage("a")] });
  const held = changedFeed(before, { kind: "arrived", arrivals: come(usage("b"), call("b")), isHeld: true });
  const more = changedFeed(held, { kind: "arrived", arrivals: come(call("b"), usage("c"), call("a")), isHeld: true });
  expect(more.calls).toEqual(before.calls);
  expect(more.waitingCount).toBe(2);
  const after = changedFeed(more, { kind: "let-in" });
  expect(after.calls.map(({ id }) => id)).toEqual(["c", "b", "a"]);
  expect(after.waitingCount).toBe(0);
});

test("calls from before come behind those that are listed, once", () => {
  const live = changedFeed(emptyFeed, { kind: "arrived", arrivals: come(usage("b")), isHeld: false });
  const { calls } = changedFeed(live, { kind: "earlier", calls: [usage("b"), usage("a")] });
  expect(calls.map(({ id }) => id)).toEqual(["b", "a"]);
});

test("calls are found by any of their names", () => {
  const calls = [call("a", { tags: { team: "Growth" } }), call("b", { status: "error" })];
  expect(shownCalls(calls, "GPT team:growth", "all").map(({ id }) => id)).toEqual(["a"]);
  expect(shownCalls(calls, "", "errors").map(({ id }) => id)).toEqual(["b"]);
  expect(shownCalls(calls, "", "unpriced")).toEqual([]);
});

test("the last minute is summed exactly by currency, and what is older is left out", () => {
  const at = (id: string, over: Partial<LiveCall>) => call(id, { arrivedMs: 100_000, ...over });
  const minute = minuteOf(
    [
      at("a", { costExact: "0.1", latencyMs: 30 }),
      at("b", { costExact: "0.2", latencyMs: 10, status: "error" }),
      at("c", { costExact: "1", currency: "EUR", latencyMs: 20 }),
      at("d", { costExact: null, currency: null, costStatus: "unpriced" }),
      call("old", { arrivedMs: 1 }),
    ],
    110_000,
  );
  expect(minute).toEqual({
    calls: 4,
    errors: 1,
    unpriced: 1,
    medianLatencyMs: 20,
    costs: [
      { currency: "USD", costExact: "0.3" },
      { currency: "EUR", costExact: "1" },
    ],
  });
});
