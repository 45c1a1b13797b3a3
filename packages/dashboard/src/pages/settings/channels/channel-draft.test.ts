import type { Channel } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { channelChange, channelToMake, draftOfChannel, isComplete } from "./channel-draft.ts";

const draft = { ...draftOfChannel(undefined), name: " On call ", url: " https://hooks.example.com/x ", to: ["a@b.c"] };

test.each([
  ["email", { kind: "email", name: "On call", description: "", to: ["a@b.c"] }],
  ["slack", { kind: "slack", name: "On call", description: "", url: "https://hooks.example.com/x" }],
  [
    "pagerduty",
    { kind: "pagerduty", name: "On call", description: "", routingKey: "key", url: "https://hooks.example.com/x" },
  ],
] as const)("of a channel of the kind %s only its own fields are sent", (kind, sent) => {
  expect(channelToMake({ ...draft, kind, routingKey: "key" })).toEqual(sent);
});

test("a kind is complete with what it needs and a name", () => {
  expect(isComplete({ ...draft, kind: "email", to: [] })).toBe(false);
  expect(isComplete({ ...draft, kind: "pagerduty" })).toBe(false);
  expect(isComplete({ ...draft, kind: "teams" })).toBe(true);
  expect(isComplete({ ...draft, kind: "teams", name: " " })).toBe(false);
});

test("what lets one in is changed only where a new one was typed", () => {
  const kept = draftOfChannel({ kind: "pagerduty", name: "Duty", description: "x", to: null } as Channel);
  expect(channelChange(kept)).toEqual({ name: "Duty", description: "x" });
  expect(channelChange({ ...kept, routingKey: "new" })).toEqual({ name: "Duty", description: "x", routingKey: "new" });
});
