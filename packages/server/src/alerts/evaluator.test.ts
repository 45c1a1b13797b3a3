import type { Alert } from "@llm-cost-ops/contract";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { CostQuery } from "../costs/cost-query.ts";
import { Alerting, type Tenant } from "./alerting-fixture.ts";
import { keptMs } from "./alerts.sql.ts";
import { type AlertEvaluator, createAlertEvaluator, type EvaluatorParts } from "./evaluator.ts";

let alerting: Alerting;
let tenant: Tenant;
let told: Alert[];
const evaluators: AlertEvaluator[] = [];
beforeAll(async () => {
  alerting = await Alerting.open();
}, 60_000);
afterAll(() => alerting.close());
beforeEach(() => {
  alerting.now = Date.UTC(2026, 10, 16, 12);
  tenant = alerting.tenant();
  told = [];
});
afterEach(async () => {
  await Promise.all(evaluators.splice(0).map((one) => one.stop()));
  expect(alerting.failures.splice(0)).toEqual([]);
});

/** One that makes no rounds of its own accord within a test. */
function evaluator(own: Partial<EvaluatorParts> = {}): AlertEvaluator {
  const onTold = (of: string, alerts: readonly Alert[]) => void (of === tenant.id && told.push(...alerts));
  const made = createAlertEvaluator({ ...alerting.process(), roundMs: 3_600_000, debounceMs: 5, onTold, ...own });
  evaluators.push(made);
  return made;
}

const eventually = (thresholds: readonly string[]): Promise<void> =>
  vi.waitFor(() => expect(told.map(({ threshold }) => threshold)).toEqual(thresholds), { timeout: 10_000 });
const aDay = { kind: "metric", metric: "daily_cost", threshold: "10" } as const;

test("a round looks at every organization in which something is watched", async () => {
  await tenant.rule(aDay);
  await tenant.spend("10");
  await evaluator().round();
  await eventually(["10"]);
});

test("what is committed is looked at soon, where something is watched", async () => {
  const made = evaluator();
  await tenant.rule(aDay);
  await tenant.spend("10");
  made.committed([tenant.id]);
  await made.stop();
  expect(told).toEqual([]);
  const another = evaluator();
  another.changed(tenant.id);
  await eventually(["10"]);
  await tenant.rule({ ...aDay, name: "dearer", threshold: "20" });
  await tenant.spend("10");
  another.committed([tenant.id]);
  await eventually(["10", "20"]);
});

test("what is committed while something is looked at is looked at as well", async () => {
  await tenant.rule({ ...aDay, threshold: "25" });
  const made = evaluator();
  await made.round();
  for (let at = 0; at < 25; at += 1) {
    await tenant.spend("1");
    made.committed([tenant.id]);
  }
  await eventually(["25"]);
});

test("a look asks the ledger once, however many budgets there are", async () => {
  await tenant.listen();
  for (const name of ["search", "chat", "batch"]) {
    await tenant.budget({ name, amount: "10", scope: { project_id: [name] }, thresholds: [50] });
  }
  await tenant.rule({ ...aDay, severity: "info" });
  for (const project_id of ["search", "batch"]) await tenant.spend("5", undefined, { project_id });
  const parts = alerting.process();
  const asked: number[] = [];
  const query: CostQuery = {
    ...parts.query,
    aggregate: () => Promise.reject(new Error("asked by itself")),
    aggregateAll: (of, questions) => {
      asked.push(questions.length);
      return parts.query.aggregateAll(of, questions);
    },
  };
  await tenant.look({ ...parts, query });
  expect(asked).toEqual([4]);
  const events = await tenant.events();
  expect(events.map(({ data }) => data["name"]).toSorted()).toEqual(["batch", "search"]);
  expect(await tenant.briefly()).toEqual(["10 open"]);
});

test("one that is stopped looks at nothing any more", async () => {
  await tenant.rule(aDay);
  const made = evaluator();
  await made.round();
  await tenant.spend("10");
  made.committed([tenant.id]);
  await made.stop();
  made.changed(tenant.id);
  await tenant.rule({ ...aDay, name: "another" });
  await evaluator().round();
  expect(told).toHaveLength(2);
});

test("alerts are forgotten long after they were resolved, and those that are not never", async () => {
  await tenant.budget({ thresholds: [10], period: { kind: "prepaid", starts_at: "2026-01-01T00:00:00Z" } });
  await tenant.rule({ name: "budget" });
  await tenant.rule({ ...aDay });
  await tenant.spend("10");
  await tenant.look();
  alerting.now += 2 * 86_400_000;
  await tenant.look();
  // Both were told in the same instant, in either order.
  expect((await tenant.briefly()).toSorted()).toEqual(["10 open", "10 resolved period_over"]);
  alerting.now += keptMs + 1;
  await evaluator().round();
  expect(await tenant.briefly()).toEqual(["10 open"]);
  const steps = await alerting.opened.rows("SELECT organization_id FROM alert_steps");
  expect(steps.filter(({ organization_id }) => organization_id === tenant.id)).toHaveLength(1);
});
