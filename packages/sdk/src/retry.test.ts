import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AbortedError, APIError, type CostOpsError, NetworkError, RateLimitError, TimeoutError } from "./errors.ts";
import { defaultRetryPolicy, retryDelayMs } from "./retry.ts";

const api = (statusCode: number, code = "X", retryAfter?: number, outcome?: string): APIError =>
  new APIError("no", { statusCode, code, retryAfter, details: outcome === undefined ? undefined : { outcome } });
const situation = (failure: CostOpsError, repeatable: boolean, keyed = false) => ({
  failure,
  attempt: 1,
  elapsedMs: 0,
  repeatable,
  keyed,
  policy: defaultRetryPolicy,
  random: 0.5,
});

describe("what is tried again", () => {
  const cases: readonly [name: string, failure: CostOpsError, repeatable: boolean, keyed: boolean, once: boolean][] = [
    ["a connection that was never made", new NetworkError("x", { unsent: true }), true, true, true],
    ["a connection that broke", new NetworkError("x"), true, true, false],
    ["a time-out", new TimeoutError("x"), true, true, false],
    ["429", api(429), true, true, true],
    ["425", api(425), true, true, true],
    ["503 of our server", api(503, "UNAVAILABLE"), true, true, true],
    ["503 of anything between", api(503, "HTTP_503"), true, true, false],
    ["408", api(408), true, false, false],
    ["500", api(500), true, false, false],
    ["502", api(502), true, true, false],
    ["504", api(504), true, true, false],
    ["503 of our server that does not know what was written", api(503, "UNAVAILABLE", 5, "unknown"), true, true, false],
    ["409 of a key in flight", api(409, "IDEMPOTENCY_002", 1, "in_flight"), true, true, false],
    ["409 of a key whose server crashed", api(409, "IDEMPOTENCY_002", undefined, "unknown"), false, false, false],
    ["409 of a key whose answer was not kept", api(409, "IDEMPOTENCY_002", undefined, "done"), false, false, false],
    ["an answer that is not JSON", api(200, "INVALID_RESPONSE"), true, false, false],
    ["501", api(501), false, false, false],
    ["400", api(400), false, false, false],
    ["401", api(401), false, false, false],
    ["404", api(404), false, false, false],
    ["409", api(409), false, false, false],
    ["422", api(422), false, false, false],
    ["an abort by the caller", new AbortedError("x"), false, false, false],
  ];
  test.each(cases)("%s", (_name, failure, repeatable, keyed, once) => {
    expect(retryDelayMs(situation(failure, true)) !== undefined).toBe(repeatable);
    expect(retryDelayMs(situation(failure, false, true)) !== undefined).toBe(keyed);
    expect(retryDelayMs(situation(failure, false)) !== undefined).toBe(once);
  });
});

test("a wait is jittered over the whole of an exponential ceiling, and bounded", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, random) => {
        const delay = retryDelayMs({ ...situation(api(500), true), attempt, random });
        expect(delay).toBeCloseTo(random * Math.min(30_000, 500 * 2 ** (attempt - 1)), 6);
      },
    ),
  );
});

test("the server's Retry-After is the least wait", () => {
  const failure = new RateLimitError("x", { statusCode: 429, code: "RATE_LIMITED", retryAfter: 7 });
  expect(retryDelayMs(situation(failure, true))).toBe(7_000);
});

test("a wait that would end after the total is not begun", () => {
  expect(retryDelayMs(situation(api(429, "X", 600), true))).toBeUndefined();
  expect(retryDelayMs({ ...situation(api(500), true), elapsedMs: 119_999 })).toBeUndefined();
});

test("attempts end with maxRetries", () => {
  expect(retryDelayMs({ ...situation(api(500), true), attempt: 3 })).toBeDefined();
  expect(retryDelayMs({ ...situation(api(500), true), attempt: 4 })).toBeUndefined();
});
