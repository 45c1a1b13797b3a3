import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Alerting, type Tenant } from "./alerting-fixture.ts";

const noon = Date.UTC(2026, 10, 16, 12);
const minuteMs = 60_000;
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

const told = async (): Promise<readonly string[]> =>
  (await tenant.events()).map(({ type, data }) => `${type} ${data["threshold"]} ${data["value"]} ${data["spent"]}`);
const spend = (cost: string, user?: string) => tenant.spend(cost, noon, user === undefined ? {} : { user_id: user });

test("each value crosses a threshold by itself, and each crossing is told once", async () => {
  await tenant.listen();
  await tenant.budget({ per: "user", thresholds: [50] });
  await spend("49.999999999999", "ada");
  await spend("49.999999999999", "bob");
  await spend("49");
  await tenant.look();
  expect(await told()).toEqual([]);
  await spend("0.000000000001", "ada");
  await tenant.look();
  await tenant.look();
  expect(await told()).toEqual(["budget.threshold_exceeded 50 ada 50"]);
  expect((await tenant.events())[0]?.data).toMatchObject({ per: "user", amount: "100", utilization: "0.5000" });
  await spend("51", "bob");
  await spend("1");
  await tenant.look();
  expect((await told()).slice(1).toSorted()).toEqual([
    "budget.exceeded 100 bob 100.999999999999",
    "budget.threshold_exceeded 50 bob 100.999999999999",
    "budget.threshold_exceeded 50 null 50",
  ]);
});

test("an alert is of one value, says so, and ends when that value falls below", async () => {
  await tenant.budget({
    per: "tag:run",
    name: "runs",
    thresholds: [80],
    period: { kind: "rolling", rolling_hours: 24 },
  });
  await tenant.rule({ name: "runs" });
  const spent = await tenant.spend("90", noon, { tags: ["run:1"] });
  await tenant.spend("85", noon, { tags: ["run:2"] });
  await tenant.look();
  expect((await tenant.alerts()).map(({ title, state }) => [title, state])).toEqual([
    ["Budget runs (tag:run 1) has reached 80 %", "open"],
    ["Budget runs (tag:run 2) has reached 80 %", "open"],
  ]);
  await tenant.takeBack(spent);
  alerting.now += minuteMs;
  await tenant.look();
  expect(await tenant.briefly()).toEqual(["80 resolved below", "80 open"]);
});
