import type { Budget, BudgetStatus, Team } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { emptyScope, questionOf, scopeText } from "../../scope/scope.ts";
import { barOf } from "./budget-bar.tsx";
import { createParamsOf, draftOf, newDraft, updateParamsOf } from "./budget-draft.ts";
import { ancestorsOf, listed, possibleParents } from "./budget-tree.ts";
import { blockedText, periodText, uncountedShort, uncountedText } from "./budget-words.ts";
import { burnDownOf, crossingsOf, runningSums, stepAt, stepsOf } from "./burn-down.ts";
import { valueText } from "./history.tsx";
import { amountProblem, previewOf, previewSpanOf } from "./preview.ts";

const made = (id: string, change: Partial<Budget> = {}): Budget => ({
  id,
  organizationId: "o",
  name: id,
  description: "",
  amount: 60,
  amountExact: "60",
  currency: "USD",
  tokens: null,
  period: { kind: "month", timeZone: "UTC" },
  per: null,
  parentId: null,
  scope: {},
  thresholds: [50, 100],
  enforcement: "soft",
  atLimit: null,
  whenStoreIsAway: null,
  unpriced: null,
  setBy: "organization",
  createdAt: "2026-11-01T00:00:00Z",
  updatedAt: "2026-11-01T00:00:00Z",
  ...change,
});

test("parts stand below the whole, and a circle or a missing parent ends nowhere", () => {
  const budgets = [
    made("a"),
    made("b", { parentId: "a" }),
    made("c", { parentId: "b" }),
    made("d", { parentId: "gone" }),
  ];
  expect(listed(budgets, "").map(({ budget, depth }) => [budget.id, depth])).toEqual([
    ["a", 0],
    ["b", 1],
    ["c", 2],
    ["d", 0],
  ]);
  expect(listed(budgets, " B ").map(({ budget, parentName }) => [budget.id, parentName])).toEqual([["b", "a"]]);
  expect(ancestorsOf(budgets[2] as Budget, budgets).map(({ id }) => id)).toEqual(["a", "b"]);
  expect(possibleParents({ id: "b", currency: "USD", setBy: "organization" }, budgets).map(({ id }) => id)).toEqual([
    "a",
    "d",
  ]);
  const whole = [made("each", { per: "user" }), made("theirs", { setBy: "parent" })];
  expect(possibleParents({ id: "b", currency: "USD", setBy: "organization" }, whole)).toEqual([]);
  // What the organization set for a tenant is a part of what it set there.
  expect(possibleParents({ id: "b", currency: "USD", setBy: "parent" }, whole).map(({ id }) => id)).toEqual(["theirs"]);
  const circle = [made("x", { parentId: "y" }), made("y", { parentId: "x" })];
  expect(ancestorsOf(circle[0] as Budget, circle).length).toBeLessThan(3);
});

test("what a budget is per stays as it was made", () => {
  const budget = made("a", { per: "tag:run" });
  const draft = draftOf(budget);
  expect(draft).toMatchObject({ per: "tag", perTag: "run" });
  expect(updateParamsOf(draft, budget)).toBeUndefined();
  expect(updateParamsOf({ ...draft, name: "b" }, budget)).toEqual({ name: "b" });
});

test("a draft that nothing was changed in changes nothing, and one field is one field", () => {
  const budget = made("a", {
    enforcement: "hard",
    atLimit: { action: "fallback", model: "gpt-4o-mini" },
    whenStoreIsAway: "refuse",
    unpriced: "allow",
    scope: { projectId: ["p"], tags: ["team:search"], team: "core" },
    period: { kind: "quarter", timeZone: "Europe/Berlin", fiscalStartMonth: 4 },
  });
  const draft = draftOf(budget);
  expect(updateParamsOf(draft, budget)).toBeUndefined();
  expect(updateParamsOf({ ...draft, reason: "why" }, budget)).toBeUndefined();
  expect(updateParamsOf({ ...draft, amount: " 70.5 ", reason: "why" }, budget)).toEqual({
    amount: "70.5",
    reason: "why",
  });
  expect(updateParamsOf({ ...draft, scope: { ...draft.scope, team: [] } }, budget)).toEqual({
    scope: { projectId: ["p"], tags: ["team:search"] },
  });
  expect(updateParamsOf({ ...draft, kind: "rolling", rollingHours: "24" }, budget)).toEqual({
    period: { kind: "rolling", rollingHours: 24 },
  });
});

test("another parent alone is a change, and so is none", () => {
  const budget = made("a", { parentId: "p" });
  const draft = draftOf(budget);
  expect(updateParamsOf({ ...draft, parentId: "q" }, budget)).toEqual({ parentId: "q" });
  expect(updateParamsOf({ ...draft, parentId: "" }, budget)).toEqual({ parentId: null });
});

test("a new budget sends only what belongs to it", () => {
  const draft = { ...newDraft("UTC"), name: " All ", amount: "10", currency: "eur" };
  expect(createParamsOf(draft)).toEqual({
    name: "All",
    amount: "10",
    currency: "EUR",
    period: { kind: "month", timeZone: "UTC" },
    scope: {},
    thresholds: [50, 75, 90, 100],
    enforcement: "soft",
  });
  const tokens = { ...draft, unit: "tokens", amount: "5000", enforcement: "hard", kind: "prepaid" } as const;
  expect(createParamsOf(tokens)).toMatchObject({
    tokens: 5000,
    period: { kind: "prepaid" },
    atLimit: { action: "block" },
  });
  expect(createParamsOf(tokens)).not.toHaveProperty("unpriced");
});

test("a question asks what the scope counts; a team is its projects", () => {
  const teams = [{ id: "t1", slug: "core", projects: ["p", "q"] } as unknown as Team];
  expect(questionOf({ model: ["gpt-4o"] }, undefined)).toEqual({ model: ["gpt-4o"] });
  expect(questionOf({ team: "core" }, teams)).toEqual({ projectId: ["p", "q"] });
  expect(questionOf({ team: "t1", projectId: ["q", "z"] }, teams)).toEqual({ projectId: ["q"] });
  expect(questionOf({ team: "core", projectId: ["z"] }, teams)).toBeNull();
  expect(questionOf({ team: "other" }, teams)).toBeUndefined();
  expect(scopeText({ projectId: ["p"], model: ["a", "b", "c", "d"] })).toBe("project p, model a or b or c and 1 more");
  expect(scopeText({})).toBe("the whole organization");
});

test("steps are hours of a short time and days of the zone of a longer one", () => {
  const day = stepsOf("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", "UTC");
  expect(day.bucket).toBe("hour");
  expect(day.keys).toHaveLength(24);
  const month = stepsOf("2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z", "Europe/Berlin");
  expect([month.bucket, month.keys.length, month.keys[0], month.keys.at(-1)]).toEqual([
    "day",
    30,
    "2026-11-01",
    "2026-11-30",
  ]);
  expect(stepAt(month, "2026-11-02T23:30:00Z", "Europe/Berlin")).toBe(2);
  expect(stepAt(month, "2026-12-24T00:00:00Z", "Europe/Berlin")).toBe(29);
});

const status = (change: Partial<BudgetStatus>): BudgetStatus =>
  ({
    amountExact: "10",
    projectedExact: "20",
    currency: "USD",
    period: { kind: "week", timeZone: "UTC", from: "2026-11-16T00:00:00Z", to: "2026-11-20T00:00:00Z" },
    ...change,
  }) as unknown as BudgetStatus;

test("what is left goes down by what was spent, and on to what is projected", () => {
  const sums = runningSums(
    ["a", "b", "c", "d"],
    new Map([
      ["a", "2.5"],
      ["b", "2.5"],
    ]),
  );
  expect(sums).toEqual(["2.5", "5.0", "5.0", "5.0"]);
  const { remaining, even, projected } = burnDownOf(sums, 1, status({}));
  expect(remaining.map((left) => (left === null ? null : Number(left)))).toEqual([7.5, 5, null, null]);
  expect(even?.map(Number)).toEqual([7.5, 5, 2.5, 0]);
  expect(projected?.map((left) => (left === null ? null : Number(left)))).toEqual([null, 5, -2.5, -10]);
  const prepaid = { kind: "prepaid", timeZone: null, from: "", to: null } as const;
  expect(burnDownOf(sums, 1, status({ period: prepaid, projectedExact: null })).even).toBeUndefined();
  expect(crossingsOf(sums, "10", [25, 50, 50.01])).toEqual([
    { percent: 25, at: 0 },
    { percent: 50, at: 1 },
    { percent: 50.01, at: null },
  ]);
});

const now = Date.UTC(2026, 10, 21, 17);
const span = (change: Partial<ReturnType<typeof newDraft>>) => {
  const found = previewSpanOf({ ...newDraft("UTC"), ...change }, now);
  return found === undefined ? undefined : [found.mode, found.startDate, found.endDate, found.name];
};

test("a preview takes the last period that is over", () => {
  expect(span({})).toEqual(["running", "2026-10-01", "2026-10-31", "October 2026"]);
  expect(span({ kind: "week" })?.slice(0, 3)).toEqual(["running", "2026-11-09", "2026-11-15"]);
  expect(span({ kind: "quarter" })?.slice(1, 3)).toEqual(["2026-07-01", "2026-09-30"]);
  expect(span({ kind: "quarter", fiscalStartMonth: "2" })?.slice(1, 3)).toEqual(["2026-08-01", "2026-10-31"]);
  expect(span({ kind: "year", fiscalStartMonth: "12" })?.slice(1, 3)).toEqual(["2024-12-01", "2025-11-30"]);
  expect(span({ kind: "day" })).toEqual(["each", "2026-10-22", "2026-11-20", "the last 30 days"]);
  expect(span({ kind: "rolling", rollingHours: "48" })?.slice(1, 3)).toEqual(["2026-11-20", "2026-11-21"]);
  expect(span({ kind: "rolling", rollingHours: "many" })).toBeUndefined();
  expect(span({ kind: "prepaid", startsAt: "2026-11-01T00:00" })?.slice(1, 3)).toEqual(["2026-11-01", "2026-11-21"]);
});

test("a preview says on which day it would have warned", () => {
  const october = previewSpanOf(newDraft("UTC"), now);
  if (october === undefined) throw new Error("a month is a period");
  const spend = new Map([
    ["2026-10-03", "30"],
    ["2026-10-12", "25"],
    ["2026-10-30", "50"],
  ]);
  const preview = previewOf(october, spend, "100", [50, 100, 150]);
  expect(preview.total).toBe("105");
  expect(preview.crossings.map(({ percent, at }) => [percent, at === null ? null : preview.labels[at]])).toEqual([
    [50, "12 Oct"],
    [100, "30 Oct"],
    [150, null],
  ]);
  const days = previewSpanOf({ ...newDraft("UTC"), kind: "day" }, now);
  if (days === undefined) throw new Error("a day is a period");
  const each = previewOf(
    days,
    new Map([
      ["2026-11-02", "30"],
      ["2026-11-03", "20"],
    ]),
    "20",
    [100, 200],
  );
  expect([each.total, each.crossings.map(({ times }) => times)]).toEqual(["30", [2, 0]]);
});

test("a bar shows what is beyond the amount, and takes nothing for something", () => {
  const bar = (amount: string, spent: string, reserved: string, projected: string | null) =>
    barOf({ amount, spent, reserved, projected });
  expect(bar("100", "50", "10", "80")).toEqual({ spent: 50, reserved: 10, amount: 100, projected: 80 });
  expect(bar("100", "200", "0", null)).toEqual({ spent: 100, reserved: 0, amount: 50, projected: null });
  expect(bar("0", "0", "0", null)).toEqual({ spent: 0, reserved: 0, amount: 0, projected: null });
  expect(bar("100", "-5", "0", "99999").spent).toBe(0);
});

test("who goes on beyond an amount is called as they are called", () => {
  const of = (action: "block" | "notify") =>
    blockedText(
      made("a", { enforcement: "hard", atLimit: { action }, scope: { projectId: ["Support-A"] } }),
      status({ state: "exceeded", per: "user", value: "Ada" }),
      "organization",
    );
  const calls = "of project Support-A (user Ada)";
  expect(of("notify")).toBe(`Nobody: calls ${calls} go on beyond the amount, and that is noted.`);
  expect(of("block")).toBe(`Calls ${calls} are refused: the amount is used up.`);
});

test("what a budget of money does not count is said in words and in short, and of tokens nothing is", () => {
  const euros = [{ currency: "EUR", spent: 0.88, spentExact: "0.8885332" }];
  const some = { unit: "money", unpricedRequests: 67, otherCurrencies: euros } as const;
  expect(uncountedText(some)).toBe(
    "67 requests of this period have no price and are not counted. €0.889 spent besides, in currencies that are never converted.",
  );
  expect(uncountedShort(some)).toBe("not counted: 67 unpriced, €0.889");
  const one = { ...some, unpricedRequests: 1, otherCurrencies: [] };
  expect(uncountedText(one)).toBe("1 request of this period has no price and is not counted.");
  const tokens = { ...one, unit: "tokens" } as const;
  expect([uncountedText(tokens), uncountedShort(tokens)]).toEqual(["", ""]);
});

test("changes and periods read as words", () => {
  expect(periodText({ kind: "rolling", rollingHours: 720 })).toBe("The last 30 days");
  expect(periodText({ kind: "year", timeZone: "Asia/Tokyo", fiscalStartMonth: 4 })).toBe(
    "Each year, years from April, Asia/Tokyo",
  );
  expect(valueText("60", "amount", { currency: "USD" })).toBe("$60.00");
  expect(valueText({ project_id: ["a", "b"] }, "scope", { currency: null })).toBe("project id a or b");
  expect(valueText({}, "scope", { currency: null })).toBe("everything");
  expect(valueText(null, "parent_id", { currency: null })).toBe("none");
  expect(emptyScope.projectId).toEqual([]);
});

test.each([
  ...(["", " ", "0", "1250.50", " 12.5 "] as const).map((text) => [text, "money", undefined] as const),
  ...(["1,000", "12,5x", "-5", "1e3", "$5", ".5"] as const).map((text) => [text, "money", "1250.50"] as const),
  ...(["", "5000000"] as const).map((text) => [text, "tokens", undefined] as const),
  ...(["5,000", "12.5", "5M"] as const).map((text) => [text, "tokens", "5000000"] as const),
])("of an amount typed as %j in %s it is said whether it can be read", (text, unit, example) => {
  const problem = amountProblem(text, unit);
  if (example === undefined) expect(problem).toBeUndefined();
  else expect(problem).toContain(`such as ${example}`);
});
