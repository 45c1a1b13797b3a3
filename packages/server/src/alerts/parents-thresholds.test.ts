import type { Budget, BudgetInput } from "@llm-cost-ops/contract";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createBudgets } from "../budgets/budgets.sql.ts";
import { readBudgetTerms } from "../budgets/read-budget.ts";
import { createOrganizations } from "../organizations/organizations.sql.ts";
import { Alerting, Tenant } from "./alerting-fixture.ts";
import { watchedOrganizations } from "./watches.sql.ts";

const parentId = "default";
let alerting: Alerting;
let parent: Tenant;
let tenant: Tenant;
let names = 0;

beforeAll(async () => {
  alerting = await Alerting.open();
  parent = new Tenant(alerting, parentId);
}, 60_000);
afterAll(() => alerting.close());
beforeEach(async () => {
  names += 1;
  const { id } = await createOrganizations(alerting.opened.store, "sk").createTenant(parentId, { name: `t${names}` });
  tenant = new Tenant(alerting, id);
});
afterEach(() => expect(alerting.failures.splice(0)).toEqual([]));

const set = (input: Partial<BudgetInput> = {}): Promise<Budget> => {
  const terms = { name: "agreed", amount: "100", period: { kind: "month" as const }, thresholds: [50] };
  const scope = { ...input.scope, tenant_id: tenant.id };
  const asker = { organizationId: tenant.id, parentId };
  return createBudgets(alerting.opened.store).create(asker, readBudgetTerms({ ...terms, ...input, scope }));
};
const isWatched = async (): Promise<boolean> =>
  (await alerting.opened.store.run(watchedOrganizations, null)).includes(tenant.id);
/** Of the budgets of this test's tenant, what the parent was told. */
const toldToParent = async ({ id }: Budget): Promise<readonly string[]> =>
  (await parent.events())
    .filter(({ data }) => data["budget_id"] === id)
    .map(({ type, data }) => `${type} ${data["threshold"]} ${data["spent"]}`);

test("nothing is watched for a parent that does not listen, and what is reached is told once it does", async () => {
  const budget = await set();
  await tenant.spend("60");
  expect(await isWatched()).toBe(false);
  await tenant.look();
  expect(await toldToParent(budget)).toEqual([]);
  await parent.listen();
  expect(await isWatched()).toBe(true);
  await tenant.look();
  await tenant.look();
  expect(await toldToParent(budget)).toEqual(["budget.threshold_exceeded 50 60"]);
  expect(await tenant.events()).toEqual([]);
});

test("the parent and the tenant are told of each threshold, each once, whoever began to listen first", async () => {
  const budget = await set();
  await tenant.spend("50");
  await tenant.look();
  expect(await toldToParent(budget)).toEqual(["budget.threshold_exceeded 50 50"]);
  await tenant.listen();
  await tenant.look();
  await tenant.spend("50");
  await tenant.look();
  await tenant.look();
  const all = ["budget.threshold_exceeded 50 50", "budget.exceeded 100 100"];
  expect(await toldToParent(budget)).toEqual(all);
  expect(await tenant.thresholds()).toEqual(all);
});

test("the parent is told of nothing that the tenant set itself", async () => {
  const own = await tenant.budget({ name: "own" });
  await set({ scope: { provider: ["nobody"] } });
  await tenant.spend("100");
  await tenant.look();
  expect(await toldToParent(own)).toEqual([]);
});
