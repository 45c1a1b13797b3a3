import type { AlertRuleInput } from "@llm-cost-ops/contract";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTeams } from "../projects/teams.sql.ts";
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

const watch = (rule: Partial<AlertRuleInput>) => tenant.rule({ kind: "metric", ...rule });
const values = async () => (await tenant.alerts()).map(({ value, state }) => `${value} ${state}`);

describe("a daily cost", () => {
  test("crosses at equality by >=, and only above it by >", async () => {
    await watch({ name: "at", metric: "daily_cost", threshold: "10.000000000001" });
    await watch({ name: "above", metric: "daily_cost", threshold: "10.000000000001", comparison: ">" });
    await tenant.spend("10");
    await tenant.look();
    expect(await tenant.alerts()).toEqual([]);
    await tenant.spend("0.000000000001");
    await tenant.look();
    const names = async () => (await tenant.alerts()).map(({ rule_name }) => rule_name);
    expect(await names()).toEqual(["at"]);
    await tenant.spend("0.000000000001");
    await tenant.look();
    expect(await names()).toEqual(["at", "above"]);
    expect((await tenant.alerts())[0]).toMatchObject({
      kind: "metric",
      title: "at: daily cost is 10.000000000001 USD",
      text: "Daily cost is 10.000000000001 USD, which is >= 10.000000000001 USD, from 2026-11-16 00:00 UTC to 2026-11-17 00:00 UTC.",
      budget_id: null,
      threshold: "10.000000000001",
      period: { from: "2026-11-16T00:00:00.000Z", to: "2026-11-17T00:00:00.000Z" },
    });
  });

  test("is of its currency and of the day in its zone, and each day tells again", async () => {
    await watch({
      metric: "daily_cost",
      threshold: 10,
      currency: "EUR",
      window: { kind: "day", time_zone: "Asia/Tokyo" },
    });
    await tenant.spend("50");
    alerting.now = Date.parse("2026-11-16T14:59:59.999Z");
    await tenant.spend("10", alerting.now, { currency: "EUR" });
    await tenant.look();
    expect(await values()).toEqual(["10 open"]);
    alerting.now = Date.parse("2026-11-16T15:00:00Z");
    await tenant.spend("11", alerting.now, { currency: "EUR" });
    await tenant.look();
    expect(await values()).toEqual(["10 open", "11 open"]);
    alerting.now += hourMs;
    await tenant.look();
    expect(await values()).toEqual(["10 resolved", "11 open"]);
  });
});

test("a cost per hour is of the calendar's hour, or of the last sixty minutes where that is asked for", async () => {
  await watch({ name: "hour", metric: "hourly_cost", threshold: "5" });
  await watch({ name: "last", metric: "hourly_cost", threshold: "5", window: { kind: "rolling", minutes: 60 } });
  await tenant.spend("3", noon - minuteMs);
  await tenant.spend("2", noon);
  await tenant.look();
  expect((await tenant.alerts()).map(({ rule_name }) => rule_name)).toEqual(["last"]);
  alerting.now = noon + 59 * minuteMs;
  await tenant.spend("3");
  await tenant.look();
  const found = (await tenant.alerts()).map(({ rule_name, value, state }) => `${rule_name} ${value} ${state}`);
  expect(found.toSorted()).toEqual(["hour 5 open", "last 5 open"]);
});

test("tokens are counted in the scope of the rule, of a team's projects at the moment too", async () => {
  const teams = createTeams(alerting.opened.store, () => undefined);
  await teams.create(tenant.id, { name: "Search", projects: ["search"] });
  await watch({ name: "team", metric: "tokens", threshold: 220, scope: { team: "search" } });
  await watch({ name: "tag", metric: "tokens", threshold: 110, scope: { tags: ["env:prod"] } });
  await watch({ name: "model", metric: "tokens", threshold: 1, scope: { model: ["gpt-4o-mini"] } });
  await tenant.call({ project_id: "search" });
  await tenant.call({ project_id: "other", tags: { env: "prod" } });
  await tenant.look();
  expect((await tenant.alerts()).map(({ rule_name, value }) => `${rule_name} ${value}`)).toEqual(["tag 110"]);
  await tenant.call({ project_id: "search" });
  await tenant.look();
  expect((await tenant.alerts()).map(({ rule_name, value }) => `${rule_name} ${value}`)).toEqual([
    "tag 110",
    "team 220",
  ]);
});

test("a cost per request is of the requests that have a price, from as many on as say something", async () => {
  await watch({ metric: "cost_per_request", threshold: "0.5", requests_min: 2 });
  await tenant.spend("1");
  await tenant.call({ model: "nobody-knows-it" });
  await tenant.look();
  expect(await values()).toEqual([]);
  await tenant.spend("0.000000000001");
  await tenant.look();
  expect(await values()).toEqual(["0.5 open"]);
  await tenant.spend("0");
  await tenant.look();
  expect(await values()).toEqual(["0.5 resolved"]);
});

test("a share of unpriced requests is a percent, exactly, and falls when they are priced or the window passes", async () => {
  await watch({ metric: "unpriced_share", threshold: "33.333333333333", window: { kind: "rolling", minutes: 10 } });
  await watch({ name: "third", metric: "unpriced_share", threshold: "33.333333333334" });
  await tenant.call({ model: "nobody-knows-it" });
  await tenant.call();
  await tenant.call();
  await tenant.look();
  expect((await tenant.alerts()).map(({ rule_name, value }) => [rule_name, value])).toEqual([["rule", "33.3333"]]);
  alerting.now += 10 * minuteMs;
  await tenant.look();
  expect(await values()).toEqual(["33.3333 resolved"]);
});

describe("a rate of errors", () => {
  test("is a percent of the requests of the last minutes", async () => {
    await watch({ metric: "error_rate", threshold: 25, window: { kind: "rolling", minutes: 5 }, requests_min: 4 });
    await tenant.call({ status: "error" });
    await tenant.look();
    expect(await values()).toEqual([]);
    for (let at = 0; at < 3; at += 1) await tenant.call();
    await tenant.look();
    expect(await values()).toEqual(["25 open"]);
    await tenant.call();
    await tenant.look();
    expect(await values()).toEqual(["25 resolved"]);
  });

  test("is the same however long the window is, by whatever it is narrowed, without what is void", async () => {
    const hours = (minutes: number) => ({ kind: "rolling" as const, minutes });
    const scopes = {
      all: {},
      user: { user_id: ["ada"] },
      project: { project_id: ["search"], provider: ["openai"] },
      tag: { tags: ["env:prod"] },
      model: { model: ["gpt-4o-mini"] },
      key: { api_key_id: ["key_1"] },
    } as const;
    for (const [name, scope] of Object.entries(scopes)) {
      await watch({
        name,
        metric: "error_rate",
        threshold: 1,
        window: hours(300),
        scope: structuredClone(scope) as object,
      });
    }
    const wrong = { status: "error" };
    const at = (minutes: number) => noon - minutes * minuteMs;
    await tenant.call(wrong, at(301));
    await tenant.call({ ...wrong, user_id: "ada", tags: { env: "prod" } }, at(299));
    await tenant.call({ user_id: "ada", tags: { env: "prod" } }, at(200));
    await tenant.call({ ...wrong, user_id: "ada", project_id: "search" }, at(150));
    await tenant.call({ ...wrong, model: "gpt-4o-mini" }, at(90), "key_1");
    await tenant.call({ project_id: "search", provider: "anthropic", model: "claude-sonnet-4-5", ...wrong }, at(60));
    await tenant.call({ project_id: "search" }, at(1));
    await tenant.takeBack(await tenant.call(wrong, at(120)));
    await tenant.look();
    const found = (await tenant.alerts()).map(({ rule_name, value }) => `${rule_name} ${value}`);
    expect(found.toSorted()).toEqual(["all 66.6666", "key 100", "model 100", "project 50", "tag 50", "user 66.6666"]);
  });
});

describe("a rule that is changed", () => {
  test("resolves what it no longer asks for, and asks for the new", async () => {
    const { id } = await watch({ metric: "daily_cost", threshold: "10" });
    await tenant.spend("15");
    await tenant.look();
    await tenant.change(id, { threshold: "12" });
    await tenant.look();
    const found = async () =>
      (await tenant.alerts()).map((alert) => `${alert.threshold} ${alert.resolved_because ?? alert.state}`);
    expect(await found()).toEqual(["10 changed", "12 open"]);
    await tenant.change(id, { metric: "tokens", threshold: 1 });
    await tenant.look();
    expect(await found()).toEqual(["10 changed", "12 changed", "1 open"]);
  });

  test("in nothing but how it tells goes on as it is", async () => {
    const { id } = await watch({ metric: "daily_cost", threshold: "10" });
    await tenant.spend("15");
    await tenant.look();
    await tenant.change(id, { severity: "critical", name: "dear" });
    await tenant.look();
    expect(await values()).toEqual(["15 open"]);
  });
});
