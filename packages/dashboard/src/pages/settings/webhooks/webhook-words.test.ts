import { expect, test } from "vitest";
import { answerText, readable, stateOf } from "./webhook-words.ts";

test.each([
  [{ status: "active", failingSince: null }, "active"],
  [{ status: "active", failingSince: "2026-11-21T00:00:00Z" }, "failing"],
  [{ status: "paused", failingSince: "2026-11-21T00:00:00Z" }, "paused"],
  [{ status: "disabled", failingSince: "2026-11-21T00:00:00Z" }, "disabled"],
] as const)("an endpoint that is %j is called %s", (webhook, state) => {
  expect(stateOf(webhook)).toBe(state);
});

test.each([
  [{ status: "pending", responseStatus: 500, error: null }, "answer 500"],
  [{ status: "pending", responseStatus: null, error: "timed out" }, "timed out"],
  [{ status: "pending", responseStatus: null, error: null }, "none yet"],
  [{ status: "failed", responseStatus: null, error: null }, "no answer"],
] as const)("a delivery with %j says %s", (delivery, text) => {
  expect(answerText(delivery)).toBe(text);
});

test("a body is laid out where it is JSON, and left alone where it is not", () => {
  expect(readable('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(readable("<b>no</b>")).toBe("<b>no</b>");
  expect(readable('{"cut":')).toBe('{"cut":');
});
