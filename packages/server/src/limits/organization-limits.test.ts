import { expect, test } from "vitest";
import { rememberedLimits } from "./organization-limits.ts";

function remembered() {
  const state = { nowMs: 0, perMinute: 100 as number | undefined, isAway: false, awayMs: 0, reads: 0, failures: 0 };
  const limits = rememberedLimits({
    clock: () => state.nowMs,
    onFailure: () => {
      state.failures += 1;
    },
    read: async () => {
      state.reads += 1;
      if (state.isAway) {
        state.nowMs += state.awayMs;
        throw new Error("away");
      }
      return { requests: state.perMinute };
    },
  });
  return { state, limits };
}

test("only the first request of an organization waits, and those that come with it share one read", async () => {
  const { state, limits } = remembered();
  const first = [limits.perMinute("a"), limits.perMinute("a")];
  expect(await Promise.all(first)).toEqual([100, 100]);
  expect([limits.perMinute("a"), state.reads]).toEqual([100, 1]);
});

test("a change is followed beside the requests, a second after it was looked for last", async () => {
  const { state, limits } = remembered();
  await limits.perMinute("a");
  state.perMinute = undefined;
  state.nowMs = 999;
  limits.perMinute("a");
  expect(state.reads).toBe(1);
  state.nowMs = 1_000;
  expect(limits.perMinute("a")).toBe(100);
  await new Promise(setImmediate);
  expect([limits.perMinute("a"), state.reads]).toEqual([undefined, 2]);
});

test("the first requests after a pause wait together for what holds by then", async () => {
  const { state, limits } = remembered();
  await limits.perMinute("a");
  state.perMinute = 50;
  state.nowMs = 2_000;
  expect(await Promise.all([limits.perMinute("a"), limits.perMinute("a")])).toEqual([50, 50]);
  expect([limits.perMinute("a"), state.reads]).toEqual([50, 2]);
});

test("what cannot be read stays what it was, and is not tried at every request", async () => {
  const { state, limits } = remembered();
  await limits.perMinute("a");
  state.isAway = true;
  state.nowMs = 2_000;
  for (let at = 0; at < 3; at += 1) expect(await limits.perMinute("a")).toBe(100);
  expect([state.reads, state.failures]).toEqual([2, 1]);
  expect(await limits.perMinute("b")).toBeUndefined();
});

test("a database that takes long to fail keeps no request waiting again at once", async () => {
  const { state, limits } = remembered();
  await limits.perMinute("a");
  Object.assign(state, { isAway: true, awayMs: 10_000, nowMs: 2_000 });
  expect(await limits.perMinute("a")).toBe(100);
  expect([limits.perMinute("a"), state.reads]).toEqual([100, 2]);
});
