import { channelKinds } from "@llm-cost-ops/contract/channel-kinds";
import { expect, test } from "vitest";
import { answerText, channelKindLabel, outcomeText, stateOf } from "./delivery-words.ts";

test("every kind of channel has its name at the head of a line", () => {
  expect(channelKinds.map(channelKindLabel)).toEqual(["E-mail", "Slack", "Teams", "PagerDuty", "Webhook"]);
});

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

test.each([
  [{ status: "succeeded", responseStatus: 204, error: null }, "Delivered: answer 204"],
  [{ status: "failed", responseStatus: null, error: "timed out" }, "Failed: timed out"],
  [{ status: "pending", responseStatus: null, error: null }, "Under way"],
  [{ status: "pending", responseStatus: null, error: "timed out" }, "Under way: timed out"],
] as const)("what became of a delivery with %j is %s", (delivery, text) => {
  expect(outcomeText(delivery)).toBe(text);
});
