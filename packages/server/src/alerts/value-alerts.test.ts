import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { CostQuery } from "../costs/cost-query.ts";
import { Alerting, type Tenant } from "./alerting-fixture.ts";
import { subjectsOf, watchedValuesMax } from "./subjects.ts";
import { readWatching } from "./watches.sql.ts";

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

test("what was told of values is kept no longer than their thresholds hold and are quiet", async () => {
  await tenant.listen();
  await tenant.budget({ per: "tag:run", thresholds: [50], period: { kind: "rolling", rolling_hours: 1 } });
  const marks = async (): Promise<readonly string[]> => {
    const args = { organizationId: tenant.id, nowMs: alerting.now };
    const { watches } = await alerting.opened.store.run(readWatching, args);
    return watches.flatMap((watch) => Object.keys(watch.marks));
  };
  for (let round = 0; round < 3; round += 1) {
    await tenant.spend("60", alerting.now, { tags: [`run:${round}`] });
    await tenant.look();
    expect(await marks()).toEqual([`50 =${round}`]);
    alerting.now += 61 * minuteMs;
  }
  await tenant.look();
  expect([await marks(), (await told()).length]).toEqual([[], 3]);
});

test("a value of which something was told is judged by its own use, however many others used more", async () => {
  await tenant.listen();
  await tenant.budget({ per: "user", thresholds: [50] });
  const args = { organizationId: tenant.id, nowMs: noon };
  const watching = await alerting.opened.store.run(readWatching, args);
  const rowOf = (user: string, cost: string) => ({ user, currency: "USD", total_cost: cost });
  const many = Array.from({ length: watchedValuesMax }, (_, at) => rowOf(`u${at}`, "90"));
  const rows = [...many, rowOf("ada", "60"), rowOf("bob", "40"), rowOf("eve", "70")];
  const query = { aggregate: async () => ({ rows, totals: [] }) } as unknown as CostQuery;
  const [subject] = subjectsOf({ store: alerting.opened.store, query }, watching, false);
  const found = await subject?.read(noon, ["50 =ada", "50 =bob", "50 =gone", "exceeded =ada"]);
  expect(found?.size).toBe(watchedValuesMax + 4);
  const isReached = (mark: string) => found?.get(mark)?.isReached;
  const marks = ["50 =u0", "50 =ada", "50 =bob", "50 =gone", "exceeded =ada", "50 =eve"];
  expect(marks.map(isReached)).toEqual([true, true, false, false, false, undefined]);
});
