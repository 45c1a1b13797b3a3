import type { ApiKeyCreated, Budget, BudgetStatus, ListedBudgetStatus } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { AggregateAnswer, AggregateQuestion, CostQuery } from "../costs/cost-query.ts";
import { Refusal } from "../refusal.ts";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import type { ScopedBudget } from "./budget.ts";
import { standingsOf } from "./standing.ts";

interface Tenant {
  readonly id: string;
  readonly api_key: { readonly key: string };
}

let server: PeopleServer;
let acme: Tenant;
beforeAll(async () => {
  const folder = temporaryFolder();
  server = await startPeopleServer(await newDatabase(folder.path), folder);
  acme = await must("POST", "/organizations", { name: "Acme" }, server.adminKey);
}, 120_000);
afterAll(() => server.close());

const ask = (method: string, path: string, body?: unknown, key = acme.api_key.key): Promise<Answer> =>
  server.ask(key, method, path, body);
async function must<T>(method: string, path: string, body?: unknown, key = acme?.api_key.key): Promise<T> {
  const { status, text, data } = await server.ask(key ?? "", method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${text}`);
  return data as unknown as T;
}
const make = (name: string, terms: object, key?: string) =>
  must<Budget>("POST", "/budgets", { name, amount: "1", period: { kind: "year" }, ...terms }, key);

/** What of a status does not move with the clock. */
function still({ status, ...listed }: ListedBudgetStatus): object {
  const { as_of: _, burn_rate_per_day: _b, projected: _p, exhausted_at: _e, ...rest } = status as BudgetStatus;
  return { ...listed, status: rest };
}

test("every budget stands in one answer as it does alone, with what is reserved, its values and its parts", async () => {
  await must("POST", "/teams", { name: "Red", projects: ["p1", "both"] });
  await must("POST", "/teams", { name: "Blue", projects: ["both", "p3"] });
  for (const [cost, fields] of [
    ["0.1", { project_id: "p1", user_id: "ada" }],
    ["0.02", { project_id: "both", user_id: "bob" }],
    ["0.003", { project_id: "p3", user_id: "bob", currency: "EUR" }],
  ] as const) {
    await must("POST", "/costs", { provider: "openai", model: "gpt-4o", cost, currency: "USD", ...fields });
  }
  await must("POST", "/usage", { provider: "openai", model: "gpt-4o", input_tokens: 7, output_tokens: 3 });
  const whole = await make("Whole", { amount: "5" });
  await make("a part", { parent_id: whole.id, scope: { project_id: ["p1"] } });
  await make("Another part", { parent_id: whole.id, amount: "2", scope: { team: "red" } });
  await make("Tokens", { amount: undefined, tokens: 100 });
  await make("each user", { per: "user" });
  await make("each team", { per: "team" });
  await make("held", { enforcement: "hard", scope: { tags: ["held"] } });
  await make("for Acme", { scope: { tenant_id: acme.id, project_id: ["p3"] } }, server.adminKey);
  await must("POST", "/budgets/reservations", { amount: "0.25", tags: ["held"] });

  const all = await must<ListedBudgetStatus[]>("GET", "/budgets/statuses");
  const budgets = await must<Budget[]>("GET", "/budgets");
  expect(all.map(({ budget_id: id, name }) => [id, name])).toEqual(budgets.map(({ id, name }) => [id, name]));
  for (const listed of all) {
    const alone = await must<BudgetStatus>("GET", `/budgets/${listed.budget_id}/status`);
    expect(still(listed)).toEqual(still({ ...listed, status: alone, error: null }));
  }
  const named = new Map(all.map(({ name, status }) => [name, status]));
  expect(named.get("held")).toMatchObject({ reserved: "0.25", spent: "0" });
  expect(named.get("each team")).toMatchObject({ value: "red", spent: "0.12" });
  expect(named.get("Whole")).toMatchObject({
    children: [{ name: "a part" }, { name: "Another part" }],
    unallocated: "2",
    other_currencies: [{ currency: "EUR", spent: "0.003" }],
  });

  // Its parent is told of what it set there, and of nothing else.
  const seen = await must<ListedBudgetStatus[]>(
    "GET",
    `/budgets/statuses?tenant_id=${acme.id}`,
    undefined,
    server.adminKey,
  );
  expect(seen.map(still)).toEqual(all.filter(({ name }) => name === "for Acme").map(still));
  expect((await ask("GET", `/budgets/statuses?tenant_id=${acme.id}`)).status).toBe(404);
  expect((await ask("GET", "/budgets/statuses?tenant=1")).error.field_errors).toEqual({ tenant: expect.any(String) });

  // Whoever is limited to a project is told of what counts nothing else.
  const limited = await must<ApiKeyCreated>("POST", "/api-keys", { name: "p1 alone", project_id: "p1" });
  const within = await must<ListedBudgetStatus[]>("GET", "/budgets/statuses", undefined, limited.key);
  expect(within.map(({ name }) => name)).toEqual(["a part"]);
});

const budget = (id: string, over: Partial<Budget> = {}): ScopedBudget => ({
  budget: {
    ...{ id, organization_id: "org", name: id, description: "", amount: "1", currency: "USD", tokens: null },
    ...{ period: { kind: "month" }, per: null, parent_id: null, scope: {}, thresholds: [50], enforcement: "soft" },
    ...{ at_limit: null, when_store_is_away: null, unpriced: null, set_by: "organization" },
    ...{ created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z" },
    ...over,
  },
  teamProjects: undefined,
});
const answer: AggregateAnswer = { rows: [], totals: [{ currency: "USD", total_cost: "0.5" }] };
const ledger = (refusal: Refusal) => {
  const refuseGroups = ({ groupBy }: AggregateQuestion): AggregateAnswer => {
    if (groupBy.length > 0) throw refusal;
    return answer;
  };
  return {
    aggregate: vi.fn(async (_: string, question: AggregateQuestion) => refuseGroups(question)),
    aggregateAll: vi.fn(async (_: string, questions: readonly AggregateQuestion[]) => questions.map(refuseGroups)),
  };
};
const asQuery = (fake: ReturnType<typeof ledger>): CostQuery => fake as unknown as CostQuery;

test("all are asked of the ledger at once, and one that it refuses takes nobody else's answer away", async () => {
  const fake = ledger(new Refusal("VALIDATION_ERROR", "too many"));
  const fifty = Array.from({ length: 50 }, (_, at) => budget(`b${at}`));
  const fine = await standingsOf(asQuery(fake), fifty, Date.now());
  expect([fine.length, fake.aggregateAll.mock.calls.length, fake.aggregate.mock.calls.length]).toEqual([50, 1, 0]);
  expect(fine[49]).toMatchObject({ budget_id: "b49", status: { spent: "0.5", state: "warning" }, error: null });
  const [one, many] = await standingsOf(asQuery(fake), [budget("one"), budget("many", { per: "user" })], Date.now());
  expect(one).toMatchObject({ status: { spent: "0.5" }, error: null });
  expect(many).toEqual({
    ...{ budget_id: "many", name: "many", status: null },
    error: { code: "VALIDATION_ERROR", message: "too many" },
  });
});

test("a ledger that is away is no answer about budgets", async () => {
  const away = ledger(new Refusal("UNAVAILABLE", "away"));
  await expect(standingsOf(asQuery(away), [budget("each", { per: "user" })], Date.now())).rejects.toThrow("away");
});
