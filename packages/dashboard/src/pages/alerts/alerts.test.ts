import type { AlertRule } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { filtersField } from "../../url-state/filters.ts";
import { isWatched, minutesText, ruleText } from "./alert-words.ts";
import { callsBehind } from "./calls-behind.ts";
import { newRule, ruleDraftOf, ruleParamsOf, ruleUpdateOf, windowKindOf } from "./rule-draft.ts";

const made = (change: Partial<AlertRule>): AlertRule => ({
  id: "r",
  organizationId: "o",
  name: "Errors",
  kind: "metric",
  budgetId: null,
  thresholds: null,
  of: null,
  metric: "error_rate",
  comparison: ">=",
  threshold: "5",
  currency: null,
  window: { kind: "rolling", minutes: 30 },
  scope: { model: ["gpt-4o"] },
  requestsMin: 20,
  severity: "critical",
  channels: ["c1"],
  quietPeriodMinutes: 60,
  escalateAfterMinutes: null,
  escalateTo: [],
  enabled: true,
  createdAt: "2026-11-01T00:00:00Z",
  updatedAt: "2026-11-01T00:00:00Z",
  ...change,
});

const ofBudgets = made({
  kind: "budget",
  budgetId: "b",
  thresholds: [50, 90],
  of: "projected",
  metric: null,
  comparison: null,
  threshold: null,
  window: null,
  scope: null,
  requestsMin: null,
});

test("a draft that nothing was changed in changes nothing, and one field is one field", () => {
  for (const rule of [
    made({}),
    ofBudgets,
    made({ metric: "daily_cost", currency: "EUR", requestsMin: null, window: { kind: "day", timeZone: "UTC" } }),
  ]) {
    const draft = ruleDraftOf(rule);
    expect(ruleUpdateOf(draft, rule)).toBeUndefined();
    expect(ruleUpdateOf({ ...draft, escalateAfterMinutes: "15" }, rule)).toEqual({ escalateAfterMinutes: 15 });
    expect(ruleUpdateOf({ ...draft, isEnabled: false }, rule)).toEqual({ enabled: false });
  }
  expect(ruleUpdateOf({ ...ruleDraftOf(ofBudgets), budget: "", thresholds: [] }, ofBudgets)).toEqual({
    budget: null,
    thresholds: null,
  });
});

test("a rule sends only what belongs to its kind and metric", () => {
  const draft = { ...newRule("Europe/Berlin"), name: " New " };
  expect(ruleParamsOf(draft)).toMatchObject({
    name: "New",
    kind: "budget",
    budget: null,
    thresholds: null,
    of: "spent",
  });
  expect(ruleParamsOf(draft)).not.toHaveProperty("metric");
  const metric = { ...draft, kind: "metric", metric: "tokens", threshold: " 100 ", windowKind: "rolling" } as const;
  const params = ruleParamsOf(metric);
  expect(params).toMatchObject({ metric: "tokens", threshold: "100", window: { kind: "rolling", minutes: 60 } });
  for (const field of ["budget", "currency", "requestsMin"]) expect(params).not.toHaveProperty(field);
  expect(windowKindOf({ metric: "daily_cost", windowKind: "rolling" })).toBe("day");
  expect(ruleParamsOf({ ...metric, metric: "daily_cost" })).toMatchObject({
    window: { kind: "day", timeZone: "Europe/Berlin" },
    currency: "USD",
  });
});

test("another metric brings all of its terms with it", () => {
  const update = ruleUpdateOf({ ...ruleDraftOf(made({})), metric: "tokens" }, made({}));
  expect(update).toMatchObject({ metric: "tokens", threshold: "5", window: { kind: "rolling", minutes: 30 } });
  expect(update).not.toHaveProperty("requestsMin");
});

test("rules read as sentences", () => {
  expect(ruleText(made({}), undefined)).toBe("Error rate in the last 30 minutes reaches 5%, model gpt-4o");
  expect(ruleText(ofBudgets, "Production")).toBe("The projection of Production reaches 50%, 90%");
  expect(ruleText({ ...ofBudgets, budgetId: null, thresholds: null, of: "spent" }, undefined)).toBe(
    "What is spent of any budget reaches its thresholds",
  );
  expect([1, 60, 90, 1_440, 2_880].map(minutesText)).toEqual(["a minute", "an hour", "90 minutes", "a day", "2 days"]);
});

test("an alert of a metric leads to the calls of its scope on the days of its value, and one of a budget to none", () => {
  const period = { from: "2026-11-19T18:30:00Z", to: "2026-11-20T18:30:00Z" };
  const rule = made({ metric: "daily_cost", scope: { projectId: ["a", "b"], tags: ["env:x"] } });
  const nowMs = Date.parse("2026-11-21T12:00:00Z");
  const address = new URL(callsBehind({ period }, rule, "Asia/Kolkata", nowMs) ?? "", "http://here");
  expect(address.pathname).toBe("/explore");
  expect(address.searchParams.get("period")).toBe("2026-11-20..2026-11-20");
  expect(filtersField().read(address.searchParams.get("f"))).toEqual({ projectId: ["a", "b"], tags: ["env:x"] });
  const running = callsBehind(
    { period: { ...period, to: null } },
    { ...rule, metric: "tokens", scope: null },
    "UTC",
    nowMs,
  );
  expect(running).toBe("/explore?period=2026-11-19..2026-11-21&m=tokens");
  expect(callsBehind({ period }, { ...rule, scope: { team: "core" } }, "UTC", nowMs)).toBeUndefined();
  expect(callsBehind({ period }, { kind: "budget", metric: null, scope: null }, "UTC", nowMs)).toBeUndefined();
});

test("budgets are watched by a rule that is on: of every budget, or of the one that is asked for", () => {
  const every = made({ kind: "budget", metric: null });
  const one = made({ kind: "budget", metric: null, budgetId: "b" });
  expect(isWatched([made({})])).toBe(false);
  expect(isWatched([{ ...every, enabled: false }])).toBe(false);
  expect([isWatched([one]), isWatched([one], "b"), isWatched([one], "c"), isWatched([one], "")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([isWatched([every]), isWatched([every], "c")]).toEqual([true, true]);
});
