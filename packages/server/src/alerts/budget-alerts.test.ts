import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Alerting, type Tenant } from "./alerting-fixture.ts";

const noon = Date.UTC(2026, 10, 16, 12);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
let alerting: Alerting;
let tenant: Tenant;
beforeAll(async () => {
  alerting = await Alerting.open();
}, 60_000);
afterAll(() => alerting.close());
beforeEach(() => {
  alerting.now = noon;
  tenant = alerting.tenant();
});
afterEach(() => expect(alerting.failures.splice(0)).toEqual([]));

describe("a budget without any rule", () => {
  test("tells who listens of each threshold, also of one that is just reached, and once", async () => {
    await tenant.listen();
    await tenant.budget();
    await tenant.spend("49.999999999999");
    await tenant.look();
    expect(await tenant.thresholds()).toEqual([]);
    await tenant.spend("0.000000000001");
    await tenant.look();
    await tenant.look();
    expect(await tenant.thresholds()).toEqual(["budget.threshold_exceeded 50 50"]);
    await tenant.spend("50");
    await tenant.look();
    const all = await tenant.thresholds();
    expect(all.toSorted()).toEqual([
      "budget.exceeded 100 100",
      "budget.threshold_exceeded 100 100",
      "budget.threshold_exceeded 50 50",
      "budget.threshold_exceeded 75 100",
      "budget.threshold_exceeded 90 100",
    ]);
    expect((await tenant.events())[0]?.data).toMatchObject({
      name: "production",
      unit: "money",
      currency: "USD",
      period: { kind: "month", from: "2026-11-01T00:00:00.000Z", to: "2026-12-01T00:00:00.000Z" },
      threshold: 50,
      amount: "100",
      spent: "50",
      utilization: "0.5000",
    });
    expect(await tenant.alerts()).toEqual([]);
  });

  test("counts tokens where it is in tokens, and tells of no amount at all only when something is spent", async () => {
    await tenant.listen();
    const { amount: _, ...rest } = { amount: undefined, tokens: 20, thresholds: [50] };
    await tenant.budget({ name: "tokens", ...rest, amount: undefined });
    await tenant.budget({ name: "nothing", amount: "0", thresholds: [] });
    await tenant.look();
    expect(await tenant.thresholds()).toEqual([]);
    await tenant.spend("0.1");
    await tenant.look();
    const all = await tenant.thresholds();
    expect(all.toSorted()).toEqual(["budget.exceeded 100 0.1", "budget.threshold_exceeded 50 10"]);
  });

  test("tells nobody where nobody listens, and keeps nothing of it", async () => {
    await tenant.budget();
    await tenant.spend("80");
    await tenant.look();
    const watches = await alerting.opened.rows("SELECT organization_id FROM alert_watches");
    expect(watches.filter(({ organization_id }) => organization_id === tenant.id)).toEqual([]);
  });

  test("that is made, changed and deleted tells of it", async () => {
    await tenant.listen(["budget.created", "budget.updated", "budget.deleted"]);
    const { id } = await tenant.budget();
    await tenant.amend(id, { amount: "200" });
    await tenant.amend(id, { amount: "200" });
    await tenant.removeBudget(id);
    const told = (await tenant.events()).map(({ type, data }) => [type, data["id"], data["amount"]]);
    expect(told).toEqual(
      expect.arrayContaining([
        ["budget.created", id, "100"],
        ["budget.updated", id, "200"],
        ["budget.deleted", id, "200"],
      ]),
    );
    expect(told).toHaveLength(3);
  });
});

describe("an alert of a budget", () => {
  test("is opened once for each threshold, in however many processes it is looked for at a time", async () => {
    await tenant.listen(["alert.triggered"]);
    const { id: budgetId } = await tenant.budget();
    const rule = await tenant.rule({ thresholds: [50, 80], severity: "critical" });
    const processes = Array.from({ length: 4 }, () => alerting.process());
    for (const cost of ["50", "20", "10", "5"]) {
      await tenant.spend(cost);
      await Promise.all(processes.map((parts) => tenant.look(parts)));
      // Each process makes ids of its own: what came first is told by the time in them.
      alerting.now += 1;
    }
    expect(await tenant.briefly()).toEqual(["50 open", "80 open"]);
    const [first] = await tenant.alerts();
    expect(first).toMatchObject({
      organization_id: tenant.id,
      rule_id: rule.id,
      rule_name: "rule",
      kind: "budget",
      severity: "critical",
      title: "Budget production has reached 50 %",
      text: "50 of 100 USD are spent from 2026-11-01 00:00 UTC to 2026-12-01 00:00 UTC.",
      budget_id: budgetId,
      budget_name: "production",
      value: "50",
      history: [{ step: "triggered", at: "2026-11-16T12:00:00.000Z", by: null, note: null }],
    });
    const events = await tenant.events();
    expect(events.map(({ type, data }) => [type, data["threshold"]])).toEqual([
      ["alert.triggered", "50"],
      ["alert.triggered", "80"],
    ]);
    expect(events[0]?.data).toEqual(first);
  });

  test("takes the budget's thresholds where the rule has none, of every budget where it names none", async () => {
    await tenant.budget({ thresholds: [10] });
    await tenant.budget({ name: "search", scope: { project_id: ["search"] }, thresholds: [20] });
    await tenant.rule();
    await tenant.spend("20", noon, { project_id: "search" });
    await tenant.look();
    const found = (await tenant.alerts()).map(({ budget_name, threshold }) => `${budget_name} ${threshold}`);
    expect(found.toSorted()).toEqual(["production 10", "search 20"]);
  });

  test("is resolved where a correction takes the spending back, and opened again where it rises once more", async () => {
    await tenant.budget({ thresholds: [50] });
    await tenant.rule();
    const id = await tenant.spend("60");
    await tenant.look();
    await tenant.takeBack(id);
    await tenant.look();
    expect(await tenant.briefly()).toEqual(["50 resolved below"]);
    alerting.now += minuteMs;
    await tenant.spend("55");
    await tenant.look();
    expect(await tenant.briefly()).toEqual(["50 resolved below", "50 open"]);
  });

  test("does not flap within its quiet period, and is told after it if it still holds", async () => {
    await tenant.budget({ thresholds: [50] });
    await tenant.rule({ quiet_period_minutes: 30 });
    const id = await tenant.spend("60");
    await tenant.look();
    await tenant.takeBack(id);
    await tenant.look();
    await tenant.spend("60");
    alerting.now += 29 * minuteMs;
    await tenant.look();
    expect(await tenant.briefly()).toEqual(["50 resolved below"]);
    alerting.now += minuteMs;
    await tenant.look();
    expect(await tenant.briefly()).toEqual(["50 resolved below", "50 open"]);
  });

  test("follows the budget where its amount is changed, up and down", async () => {
    const { id } = await tenant.budget({ thresholds: [50] });
    await tenant.rule();
    await tenant.spend("60");
    await tenant.look();
    await tenant.amend(id, { amount: "200" });
    await tenant.look();
    expect(await tenant.briefly()).toEqual(["50 resolved below"]);
    await tenant.amend(id, { amount: "120" });
    await tenant.look();
    expect(await tenant.briefly()).toEqual(["50 resolved below", "50 open"]);
    await tenant.amend(id, { thresholds: [40] });
    await tenant.look();
    expect(await tenant.briefly()).toEqual(["50 resolved below", "50 resolved changed", "40 open"]);
  });

  test("ends with its rule or its budget, and with a rule that is switched off", async () => {
    const { id: budget } = await tenant.budget({ thresholds: [50] });
    const { id: one } = await tenant.rule({ name: "one" });
    const { id: two } = await tenant.rule({ name: "two" });
    await tenant.rule({ name: "three" });
    await tenant.spend("60");
    await tenant.look();
    await tenant.removeRule(one);
    await tenant.change(two, { enabled: false });
    await tenant.look();
    const states = async () =>
      (await tenant.alerts()).map(({ rule_name, state }) => `${rule_name} ${state}`).toSorted();
    expect(await states()).toEqual(["one resolved", "three open", "two resolved"]);
    await tenant.removeBudget(budget);
    await tenant.look();
    expect(await states()).toEqual(["one resolved", "three resolved", "two resolved"]);
  });

  test("of what is projected comes before the money is gone, and not from the first calls of a period", async () => {
    await tenant.budget({ period: { kind: "day" }, thresholds: [100] });
    await tenant.rule({ of: "projected" });
    alerting.now = Date.UTC(2026, 10, 16, 1);
    await tenant.spend("10");
    await tenant.look();
    expect(await tenant.briefly()).toEqual([]);
    alerting.now = Date.UTC(2026, 10, 16, 6);
    await tenant.spend("15");
    await tenant.look();
    expect((await tenant.alerts()).map(({ title, value }) => [title, value])).toEqual([
      ["Budget production is on its way to 100 %", "100"],
    ]);
  });
});

describe("a period", () => {
  test("that ends resolves its alerts, and the next one tells again", async () => {
    await tenant.listen();
    await tenant.budget({ period: { kind: "day" }, thresholds: [50] });
    await tenant.rule({ quiet_period_minutes: 1_440 });
    await tenant.spend("60");
    await tenant.look();
    alerting.now += 24 * hourMs;
    await tenant.look();
    expect(await tenant.briefly()).toEqual(["50 resolved period_over"]);
    await tenant.spend("70");
    await tenant.look();
    expect(await tenant.briefly()).toEqual(["50 resolved period_over", "50 open"]);
    expect(await tenant.thresholds()).toEqual(["budget.threshold_exceeded 50 60", "budget.threshold_exceeded 50 70"]);
  });

  test("that has just ended is still told of, where nobody looked in its last moment or usage came late", async () => {
    await tenant.listen();
    await tenant.budget({ period: { kind: "day" }, thresholds: [50, 90] });
    await tenant.look();
    const lastMoment = Date.UTC(2026, 10, 17) - 1;
    await tenant.spend("60", lastMoment);
    alerting.now = Date.UTC(2026, 10, 17, 0, 30);
    await tenant.look();
    await tenant.spend("40", lastMoment);
    await tenant.look();
    const told = await tenant.thresholds();
    expect(told.filter((one) => one.startsWith("budget.threshold"))).toEqual([
      "budget.threshold_exceeded 50 60",
      "budget.threshold_exceeded 90 100",
    ]);
    const { data } = (await tenant.events())[0] ?? {};
    expect(data).toMatchObject({ period: { from: "2026-11-16T00:00:00.000Z" }, as_of: "2026-11-16T23:59:59.999Z" });
  });

  test("that ended while no server ran is told of by the next one, and then is over", async () => {
    await tenant.budget({ period: { kind: "day" }, thresholds: [50] });
    await tenant.rule();
    await tenant.look();
    await tenant.spend("60");
    alerting.now += 72 * hourMs;
    await tenant.look();
    await tenant.look();
    expect(await tenant.briefly()).toEqual(["50 resolved period_over"]);
    expect((await tenant.alerts())[0]?.history.map(({ step }) => step)).toEqual(["triggered", "resolved"]);
  });

  test("is of the budget's time zone, of a day with 23 hours too", async () => {
    await tenant.listen();
    await tenant.budget({ period: { kind: "day", time_zone: "America/New_York" }, thresholds: [50] });
    alerting.now = Date.parse("2026-03-08T04:59:00Z");
    await tenant.look();
    await tenant.spend("60", Date.parse("2026-03-08T05:00:00Z"));
    await tenant.look();
    expect(await tenant.thresholds()).toEqual([]);
    alerting.now = Date.parse("2026-03-08T05:00:00Z");
    await tenant.look();
    expect((await tenant.events()).map(({ data }) => data["period"])).toEqual([
      { kind: "day", from: "2026-03-08T05:00:00.000Z", to: "2026-03-09T04:00:00.000Z" },
    ]);
  });

  test("is not opened anew by a process whose clock is behind", async () => {
    await tenant.listen();
    await tenant.budget({ period: { kind: "hour" }, thresholds: [50] });
    await tenant.spend("60");
    await tenant.look();
    alerting.now += 2 * hourMs;
    await tenant.look();
    alerting.now -= hourMs + 30 * minuteMs;
    await tenant.look();
    expect(await tenant.thresholds()).toEqual(["budget.threshold_exceeded 50 60"]);
  });

  test("that rolls tells once, until its oldest hours leave it", async () => {
    await tenant.budget({ period: { kind: "rolling", rolling_hours: 2 }, thresholds: [50] });
    await tenant.rule();
    await tenant.spend("60");
    for (let step = 0; step < 5; step += 1) {
      await tenant.look();
      alerting.now += 30 * minuteMs;
    }
    expect(await tenant.briefly()).toEqual(["50 resolved below"]);
  });
});
