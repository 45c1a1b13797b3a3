import type { AuditEntry, Budget, BudgetApproval, BudgetStatus } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

interface Tenant {
  readonly id: string;
  readonly api_key: { readonly key: string };
}

let server: PeopleServer;
let acme: Tenant;
let umbrella: Tenant;

const dataOf = <T>({ status, text, data }: Answer, expected: number): T => {
  expect([status, text]).toEqual([expected, expect.any(String)]);
  return data as unknown as T;
};
const asParent = (method: string, path: string, body?: unknown): Promise<Answer> =>
  server.ask(server.adminKey, method, path, body);
const asTenant = (method: string, path: string, body?: unknown, { api_key: { key } } = acme): Promise<Answer> =>
  server.ask(key, method, path, body);
const reserve = (tag: string, amount = "1", more: object = {}): Promise<Answer> =>
  asTenant("POST", "/budgets/reservations", { amount, tags: [tag], ...more });

const terms = (name: string, amount: string, more: object = {}) => ({
  ...{ name, amount, period: { kind: "month" }, enforcement: "hard" },
  scope: { tenant_id: acme.id, tags: [`case:${name}`] },
  ...more,
});
const setForAcme = async (name: string, amount: string, more: object = {}): Promise<Budget> =>
  dataOf(await asParent("POST", "/budgets", terms(name, amount, more)), 201);

beforeAll(async () => {
  const folder = temporaryFolder();
  server = await startPeopleServer(await newDatabase(folder.path), folder);
  const made = async (name: string): Promise<Tenant> => dataOf(await asParent("POST", "/organizations", { name }), 201);
  acme = await made("Acme");
  umbrella = await made("Umbrella");
}, 120_000);
afterAll(() => server.close());

describe("a budget that the parent sets for its tenant", () => {
  it("admits exactly as many of the tenant's reservations as fit, and the parent sees what is spent", async () => {
    const { id } = await setForAcme("holds", "7");
    const answers = await Promise.all(Array.from({ length: 40 }, () => reserve("case:holds")));
    const granted = answers.filter(({ status }) => status === 201);
    expect(answers.filter(({ status }) => status === 402)).toHaveLength(33);
    expect(granted).toHaveLength(7);
    for (const { data } of granted.slice(0, 3)) {
      const settled = { cost: { amount: "0.5" } };
      dataOf(await asTenant("POST", `/budgets/reservations/${String(data["id"])}/settle`, settled), 200);
    }
    const seen = { spent: "1.5", reserved: "4", remaining: "1.5", state: "warning" };
    expect(dataOf<BudgetStatus>(await asParent("GET", `/budgets/${id}/status`), 200)).toMatchObject(seen);
    expect(dataOf<BudgetStatus>(await asParent("GET", `/budgets/current?id=${id}`), 200)).toMatchObject(seen);
    expect(dataOf<BudgetStatus>(await asTenant("GET", `/budgets/${id}/status`), 200)).toMatchObject(seen);
    // The parent's own reservations are none of it.
    const own = await asParent("POST", "/budgets/reservations", { amount: "5", tags: ["case:holds"] });
    expect(own.status).toBe(201);
    expect((await reserve("case:holds", "1.500000000001")).status).toBe(402);
    expect((await reserve("case:holds", "1.5")).status).toBe(201);
  });

  it("is seen by the tenant and by the parent, who finds it by its id alone, and by nobody else", async () => {
    const budget = await setForAcme("seen", "5");
    const shown = { id: budget.id, organization_id: acme.id, set_by: "parent" };
    expect(budget).toMatchObject({ ...shown, scope: { tenant_id: acme.id, tags: ["case:seen"] } });
    for (const ask of [asParent, asTenant]) {
      expect(dataOf(await ask("GET", `/budgets/${budget.id}`), 200)).toEqual(budget);
      expect((await ask("GET", `/budgets/${budget.id}/history`)).status).toBe(200);
    }
    dataOf(await asTenant("POST", "/budgets", { name: "own", amount: "9", period: { kind: "month" } }), 201);
    const names = async (answer: Promise<Answer>) => dataOf<Budget[]>(await answer, 200).map(({ name }) => name);
    expect(await names(asTenant("GET", "/budgets"))).toEqual(["holds", "own", "seen"]);
    expect(await names(asParent("GET", `/budgets?tenant_id=${acme.id}`))).toEqual(["holds", "seen"]);
    expect(await names(asParent("GET", "/budgets"))).toEqual([]);
    expect(await names(asTenant("GET", "/budgets", undefined, umbrella))).toEqual([]);
    for (const [method, path] of [
      ["GET", `/budgets/${budget.id}`],
      ["GET", `/budgets/${budget.id}/status`],
      ["GET", `/budgets/current?id=${budget.id}`],
      ["DELETE", `/budgets/${budget.id}`],
      ["GET", `/budgets?tenant_id=${acme.id}`],
    ] as const) {
      expect([path, (await asTenant(method, path, undefined, umbrella)).status]).toEqual([path, 404]);
    }
    const current = await asParent("GET", "/budgets/current");
    expect(current.status).toBe(404);
  });

  it("shows the parent no budget of the tenant's own, nor lets it change one", async () => {
    const { id } = dataOf<Budget>(
      await asTenant("POST", "/budgets", { name: "private", amount: "9", period: { kind: "day" } }),
      201,
    );
    expect((await asParent("GET", `/budgets/${id}`)).status).toBe(404);
    expect((await asParent("PATCH", `/budgets/${id}`, { amount: "1" })).status).toBe(404);
    const parent = await setForAcme("beside private", "9");
    expect((await asParent("PATCH", `/budgets/${parent.id}`, { parent_id: id })).status).toBe(422);
    const transfer = { to: id, amount: "1" };
    expect((await asParent("POST", `/budgets/${parent.id}/transfer`, transfer)).status).toBe(422);
  });

  it("cannot be touched by the tenant in any way", async () => {
    const { id } = await setForAcme("fixed", "5");
    const own = dataOf<Budget>(
      await asTenant("POST", "/budgets", { name: "mine", amount: "5", period: { kind: "month" } }),
      201,
    );
    for (const [method, path, body] of [
      ["PATCH", `/budgets/${id}`, { amount: "500" }],
      ["PATCH", `/budgets/${id}`, { enforcement: "soft" }],
      ["DELETE", `/budgets/${id}`, undefined],
      ["POST", `/budgets/${id}/transfer`, { to: own.id, amount: "1" }],
      ["POST", `/budgets/${own.id}/transfer`, { to: id, amount: "1" }],
      ["POST", "/budgets", { name: "part", amount: "1", period: { kind: "day" }, parent_id: id }],
      ["PATCH", `/budgets/${own.id}`, { parent_id: id }],
    ] as const) {
      const answer = await asTenant(method, path, body);
      expect([method, path, answer.status, answer.text]).toEqual([
        method,
        path,
        403,
        expect.stringMatching(/"AUTH_002".*parent/),
      ]);
    }
    expect(dataOf<Budget>(await asParent("GET", `/budgets/${id}`), 200).amount).toBe("5");
  });

  it("is changed, divided, transferred and deleted by the parent, with the history kept", async () => {
    const whole = await setForAcme("whole", "10");
    const part = await setForAcme("part of it", "4", { parent_id: whole.id });
    const moved = { to: part.id, amount: "2" };
    expect((await asParent("POST", `/budgets/${whole.id}/transfer`, moved)).status).toBe(200);
    const scope = { tenant_id: acme.id, provider: ["openai"] };
    const changed = await asParent("PATCH", `/budgets/${whole.id}`, { amount: "12", scope, reason: "more" });
    expect(dataOf(changed, 200)).toMatchObject({ amount: "12", scope, set_by: "parent" });
    const elsewhere = { scope: { tenant_id: umbrella.id } };
    expect(await asParent("PATCH", `/budgets/${whole.id}`, elsewhere)).toMatchObject({ status: 422 });
    const history = dataOf<{ changed_by: unknown; reason: string | null }[]>(
      await asTenant("GET", `/budgets/${whole.id}/history`),
      200,
    );
    const by = { kind: "key", id: null, name: "the parent organization" };
    expect(history.map(({ changed_by, reason }) => [changed_by, reason])).toEqual([
      [by, "more"],
      [by, null],
    ]);
    expect((await asParent("DELETE", `/budgets/${whole.id}`)).status).toBe(409);
    expect((await asParent("DELETE", `/budgets/${part.id}`)).status).toBe(204);
    expect((await asParent("DELETE", `/budgets/${whole.id}`)).status).toBe(204);
    expect((await asTenant("GET", `/budgets/${whole.id}`)).status).toBe(404);
  });

  it("is gone beyond where the parent approves, which the tenant cannot", async () => {
    const budget = await setForAcme("asks", "1", { at_limit: { action: "approve" } });
    const refused = await reserve("case:asks", "2");
    const { error } = JSON.parse(refused.text) as { error: { details: { approval_id: string } } };
    const approval = error.details.approval_id;
    for (const word of ["approve", "deny"]) {
      expect((await asTenant("POST", `/budgets/approvals/${approval}/${word}`)).status).toBe(403);
      expect((await asTenant("POST", `/budgets/approvals/${approval}/${word}`, undefined, umbrella)).status).toBe(404);
    }
    const listed = await asParent("GET", `/budgets/approvals?tenant_id=${acme.id}`);
    expect(dataOf<BudgetApproval[]>(listed, 200)).toMatchObject([{ id: approval, budget_id: budget.id }]);
    expect(dataOf(await asParent("GET", "/budgets/approvals"), 200)).toEqual([]);
    dataOf(await asParent("POST", `/budgets/approvals/${approval}/approve`), 200);
    expect((await reserve("case:asks", "2", { approval_id: approval })).status).toBe(201);
  });

  it("leaves its changes in both trails, of which the parent's alone names who made them", async () => {
    const { id } = await setForAcme("told", "3");
    await asParent("PATCH", `/budgets/${id}`, { amount: "4" });
    await asParent("DELETE", `/budgets/${id}`);
    const told = async (ask: typeof asParent) =>
      dataOf<AuditEntry[]>(await ask("GET", `/audit?resource_id=${id}`), 200);
    const actions = ["budgets.delete", "budgets.update", "budgets.create"];
    const [parents, tenants] = [await told(asParent), await told(asTenant)];
    expect([parents, tenants].map((each) => each.map(({ action }) => action))).toEqual([actions, actions]);
    expect(parents[1]).toMatchObject({
      before: { tenant_id: acme.id, amount: "3" },
      after: { tenant_id: acme.id, amount: "4" },
    });
    expect(JSON.stringify(tenants)).not.toMatch(/127\.0\.0\.1|administrator/);
    expect(JSON.stringify(tenants)).toContain("the parent organization");
    expect(JSON.stringify(parents)).not.toContain("the parent organization");
  });

  it("changes while the tenant changes its own, and neither trail breaks", async () => {
    const { id } = await setForAcme("busy", "1");
    const own = { amount: "1", period: { kind: "day" } };
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => [
        asParent("PATCH", `/budgets/${id}`, { amount: String(at + 2) }),
        asTenant("POST", "/budgets", { name: `busy ${at}`, ...own }),
        asParent("POST", "/projects", { id: `busy-${at}` }),
      ]).flat(),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 201]));
    expect(dataOf<unknown[]>(await asTenant("GET", `/budgets/${id}/history`), 200)).toHaveLength(12);
    for (const ask of [asParent, asTenant]) {
      expect(dataOf(await ask("POST", "/audit/verify", {}), 200)).toMatchObject({ valid: true });
    }
  });
});

describe("a budget of a tenant is refused", () => {
  it.each([
    ["nobody's", () => "org-nobody"],
    ["the parent's own", () => "default"],
  ])("where the id is %s, naming the field", async (_, id) => {
    expect(await asParent("POST", "/budgets", terms("x", "1", { scope: { tenant_id: id() } }))).toMatchObject({
      status: 422,
      text: expect.stringContaining("scope.tenant_id"),
    });
    expect((await asParent("GET", `/budgets?tenant_id=${id()}`)).status).toBe(404);
  });

  it("to tenants, alike of themselves, their neighbours and nobody", async () => {
    const answers = [];
    for (const id of [acme.id, umbrella.id, "org-nobody"]) {
      const { status, text } = await asTenant("POST", "/budgets", terms("x", "1", { scope: { tenant_id: id } }));
      answers.push([status, text.replace(/"request_id":"[^"]*"/, "")]);
    }
    expect(answers[0]?.[0]).toBe(422);
    expect(new Set(answers.map(String)).size).toBe(1);
  });

  it("to whoever may not write organizations, and to be seen where the tenant is strictly isolated", async () => {
    const scopes = ["budgets:read", "budgets:write", "organizations:read"];
    const { key } = dataOf<{ key: string }>(await asParent("POST", "/api-keys", { name: "some", scopes }), 201);
    const { id } = await setForAcme("strict", "3");
    const asSome = (method: string, path: string, body?: unknown) => server.ask(key, method, path, body);
    expect((await asSome("POST", "/budgets", terms("y", "1"))).status).toBe(403);
    expect((await asSome("GET", `/budgets/${id}`)).status).toBe(404);
    expect((await asSome("GET", `/budgets?tenant_id=${acme.id}`)).status).toBe(404);
    dataOf(await asParent("PATCH", `/organizations/${acme.id}`, { isolation: "shared" }), 200);
    expect((await asSome("GET", `/budgets/${id}`)).status).toBe(200);
    expect((await asSome("PATCH", `/budgets/${id}`, { amount: "9" })).status).toBe(403);
  });

  it("to rules of alerts, which have no such scope", async () => {
    const rule = { name: "r", kind: "metric", metric: "tokens", threshold: 1, scope: { tenant_id: acme.id } };
    expect((await asParent("POST", "/alerts/rules", rule)).status).toBe(422);
  });
});
