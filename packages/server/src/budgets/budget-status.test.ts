import type { Budget, BudgetStatus, Totals } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

let server: PeopleServer;
beforeAll(async () => {
  const folder = temporaryFolder();
  server = await startPeopleServer(await newDatabase(folder.path), folder);
}, 120_000);
afterAll(() => server.close());

/** A tenant of its own, so that no test sees what another one recorded. */
async function newTenant(name: string) {
  const { data: made } = await server.ask(server.adminKey, "POST", "/organizations", { name });
  const key = (made as unknown as { readonly api_key: { readonly key: string } }).api_key.key;
  const must = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const { status, text, data } = await server.ask(key, method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${text}`);
    return data as unknown as T;
  };
  let budgets = 0;
  return {
    key,
    must,
    record: (body: object) =>
      must("POST", "/usage", { provider: "openai", model: "gpt-4o", input_tokens: 1_000, output_tokens: 100, ...body }),
    budget: (body: object) => {
      budgets += 1;
      return must<Budget>("POST", "/budgets", { name: `budget ${budgets}`, ...body });
    },
    status: ({ id }: Pick<Budget, "id">) => must<BudgetStatus>("GET", `/budgets/${id}/status`),
    /** What the cost endpoints sum in a period. */
    totals: async ({ from, to }: BudgetStatus["period"], query: string) => {
      const end = to ?? "9999-12-31T00:00:00Z";
      const { text } = await server.ask(key, "GET", `/costs/aggregate?start_date=${from}&end_date=${end}${query}`);
      return (JSON.parse(text) as { readonly totals: readonly Totals[] }).totals;
    },
  };
}
type Tenant = Awaited<ReturnType<typeof newTenant>>;

/** Runs with the server's clock at an instant. */
async function at<T>(instant: string, run: () => Promise<T>): Promise<T> {
  server.clock.aheadMs = Date.parse(instant) - Date.now();
  try {
    return await run();
  } finally {
    server.clock.aheadMs = 0;
  }
}

const dollars = (totals: readonly Totals[]) => totals.find(({ currency }) => currency === "USD")?.total_cost ?? "0";
const tokens = (totals: readonly Totals[]) =>
  totals.reduce((sum, { total_tokens = 0 }) => sum + BigInt(total_tokens), 0n).toString();

/** Scopes, and the same as a question of the cost endpoints. */
const scopes: readonly (readonly [object, string])[] = [
  [{}, ""],
  [{ provider: ["openai", "anthropic"] }, "&provider=openai,anthropic"],
  [{ model: ["gpt-4o-mini"] }, "&model=gpt-4o-mini"],
  [{ project_id: ["checkout", "search"] }, "&project_id=checkout,search"],
  [{ user_id: ["u1"] }, "&user_id=u1"],
  [{ tags: ["env:prod", "team"] }, "&tags=env:prod,team"],
  [{ team: "engineering" }, "&project_id=checkout,search"],
  [{ team: "engineering", project_id: ["checkout", "other"], user_id: ["u1"] }, "&project_id=checkout&user_id=u1"],
  [{ team: "empty" }, "&project_id=nobodys"],
];

describe("what is spent of a budget", () => {
  let tenant: Tenant;
  let budgets: readonly (readonly [Budget, Budget, string])[];
  beforeAll(async () => {
    tenant = await newTenant("Sums");
    await tenant.must("POST", "/teams", { name: "Engineering", projects: ["checkout", "search"] });
    await tenant.must("POST", "/teams", { name: "Empty" });
    const period = { kind: "year" };
    budgets = await Promise.all(
      scopes.map(async ([scope, query]) => [
        await tenant.budget({ amount: "1", period, scope }),
        await tenant.budget({ tokens: 1_000_000, period, scope }),
        query,
      ]),
    );
  });

  const expectEqual = async (): Promise<readonly string[]> => {
    const spent: string[] = [];
    for (const [money, counted, query] of budgets) {
      const [inMoney, inTokens] = [await tenant.status(money), await tenant.status(counted)];
      const totals = await tenant.totals(inMoney.period, query);
      expect([query, inMoney.spent, inTokens.spent]).toEqual([query, dollars(totals), tokens(totals)]);
      spent.push(inMoney.spent);
    }
    return spent;
  };

  it("is what GET /costs sums for the same filter, after usage, void, repricing and its undoing", async () => {
    expect(new Set(await expectEqual())).toEqual(new Set(["0"]));
    const records: readonly object[] = [
      { id: "r1", project_id: "checkout", user_id: "u1", tags: { env: "prod", team: "a" } },
      { id: "r2", project_id: "search", user_id: "u2", model: "gpt-4o-mini", tags: { env: "prod" } },
      { id: "r3", project_id: "other", user_id: "u1", tags: { env: "test", team: "b" } },
      { id: "r4", provider: "anthropic", model: "claude-sonnet-4-5" },
      { id: "r5", provider: "google", model: "gemini-2.5-pro", project_id: "checkout" },
      { id: "r6", user_id: "u1", tags: { env: "prod", team: "c" } },
    ];
    for (const one of records) await tenant.record(one);
    const recorded = await expectEqual();
    expect(new Set(recorded).size).toBeGreaterThan(5);
    expect(recorded.at(-1)).toBe("0");

    await tenant.must("DELETE", "/costs/r6");
    const voided = await expectEqual();
    expect(voided[0]).not.toBe(recorded[0]);

    const price = { input_price_per_million: "1000", output_price_per_million: "1000", effective_date: "2026-01-01" };
    await tenant.must("POST", "/pricing", { provider: "openai", model: "gpt-4o", ...price });
    const repricing = await tenant.must<{ readonly id: string }>("POST", "/repricings", { reason: "dearer" });
    const whole = budgets[0]?.[0] as Budget;
    await tenant.must("POST", `/repricings/${repricing.id}/apply`);
    await expect.poll(async () => (await tenant.status(whole)).state, { timeout: 20_000 }).toBe("exceeded");
    const repriced = await expectEqual();
    expect(repriced[4]).not.toBe(voided[4]);

    await tenant.must("POST", `/repricings/${repricing.id}/undo`);
    await expect.poll(async () => (await tenant.status(whole)).spent, { timeout: 20_000 }).toBe(voided[0]);
    expect(await expectEqual()).toEqual(voided);
  });

  it("follows the projects that a team has, which cannot go while a budget counts it", async () => {
    const [, , , , , , team] = budgets;
    const before = await tenant.status(team?.[0] as Budget);
    await tenant.must("PATCH", "/teams/engineering", { projects: ["checkout"] });
    const after = await tenant.status(team?.[0] as Budget);
    expect(after.spent).toBe(dollars(await tenant.totals(after.period, "&project_id=checkout")));
    expect(after.spent).not.toBe(before.spent);
    const refused = await server.ask(tenant.key, "DELETE", "/teams/engineering");
    expect([refused.status, refused.error.message]).toEqual([409, expect.stringContaining("budget")]);
  });
});

describe("the status of a budget", () => {
  it("says exactly what is left, what is reached and where it leads", async () => {
    const tenant = await newTenant("Exact");
    const day = "2026-09-10";
    const cost = (amount: string) =>
      tenant.must("POST", "/costs", {
        model: "gpt-4o",
        tokens_used: 10,
        cost: amount,
        occurred_at: `${day}T01:00:00Z`,
      });
    await cost("2.999999999999");
    const budget = await tenant.budget({ amount: "4", period: { kind: "day" }, thresholds: [50, 75, 120] });
    const status = () => at(`${day}T12:00:00Z`, () => tenant.status(budget));
    expect(await status()).toEqual({
      budget_id: budget.id,
      name: budget.name,
      per: null,
      value: null,
      unit: "money",
      currency: "USD",
      period: { kind: "day", time_zone: "UTC", from: `${day}T00:00:00.000Z`, to: "2026-09-11T00:00:00.000Z" },
      amount: "4",
      spent: "2.999999999999",
      reserved: "0",
      remaining: "1.000000000001",
      utilization: "0.7499",
      thresholds_reached: [50],
      state: "warning",
      burn_rate_per_day: expect.stringMatching(/^5\.99/),
      projected: expect.stringMatching(/^5\.99/),
      exhausted_at: expect.stringMatching(/^2026-09-10T16:00:00/),
      unpriced_requests: 0,
      other_currencies: [],
      children: [],
      unallocated: null,
      as_of: expect.stringMatching(/^2026-09-10T12:00:0/),
    });
    await cost("0.000000000001");
    expect(await status()).toMatchObject({ remaining: "1", utilization: "0.7500", thresholds_reached: [50, 75] });
    await cost("1");
    expect(await status()).toMatchObject({ remaining: "0", utilization: "1.0000", state: "exceeded" });
    await cost("1");
    expect(await status()).toMatchObject({ remaining: "-1", thresholds_reached: [50, 75, 120], exhausted_at: null });
    const tomorrow = await at("2026-09-11T00:00:00Z", () => tenant.status(budget));
    expect(tomorrow).toMatchObject({ spent: "0", state: "ok", thresholds_reached: [] });
  });

  it("has the days of its zone: one of 25 hours where New York's clocks go back, one of 23 where they go forward", async () => {
    const tenant = await newTenant("New York");
    const budget = await tenant.budget({ amount: "1", period: { kind: "day", time_zone: "America/New_York" } });
    const days = [
      ["2026-11-01T12:00:00Z", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z"],
      ["2026-03-08T12:00:00Z", "2026-03-08T05:00:00.000Z", "2026-03-09T04:00:00.000Z"],
    ] as const;
    for (const [now, from, to] of days) {
      const beforeAndLast = [Date.parse(from) - 1, Date.parse(from), Date.parse(to) - 1, Date.parse(to)];
      for (const [n, ms] of beforeAndLast.entries()) {
        const occurred_at = new Date(ms).toISOString();
        await tenant.must("POST", "/costs", { model: "m", tokens_used: 1, cost: String(10 ** n), occurred_at });
      }
      const status = await at(now, () => tenant.status(budget));
      expect(status.period).toEqual({ kind: "day", time_zone: "America/New_York", from, to });
      expect(status.spent).toBe("110");
      expect(dollars(await tenant.totals(status.period, ""))).toBe("110");
    }
  });

  it("counts rolling hours until this very millisecond, and prepaid money since its start without an end", async () => {
    const tenant = await newTenant("Rolling");
    const cost = (amount: string, occurred_at: string) =>
      tenant.must("POST", "/costs", { model: "m", tokens_used: 1, cost: amount, occurred_at });
    for (const [amount, instant] of [
      ["1", "2026-08-01T09:59:00Z"],
      ["10", "2026-08-01T10:30:00Z"],
      ["100", "2026-08-02T09:59:00Z"],
      ["1000", "2026-08-02T10:30:00Z"],
    ] as const) {
      await cost(amount, instant);
    }
    const rolling = await tenant.budget({ amount: "5", period: { kind: "rolling", rolling_hours: 24 } });
    const prepaid = await tenant.budget({
      amount: "5",
      period: { kind: "prepaid", starts_at: "2026-08-01T10:00:00Z" },
    });
    await at("2026-08-02T10:00:00Z", async () => {
      const { spent, projected, period } = await tenant.status(rolling);
      expect([spent, projected, Date.parse(String(period.to)) - Date.parse(period.from)]).toEqual([
        "110",
        null,
        86_400_000,
      ]);
      expect(await tenant.status(prepaid)).toMatchObject({
        spent: "1110",
        projected: null,
        period: { kind: "prepaid", time_zone: null, from: "2026-08-01T10:00:00.000Z", to: null },
      });
    });
  });

  it("names what it overlooks: calls without a price, and money of other currencies", async () => {
    const tenant = await newTenant("Overlooked");
    const euro = { model: "m", tokens_used: 7, cost: "3.50", currency: "EUR" };
    await tenant.must("POST", "/costs", euro);
    await tenant.must("POST", "/costs", { ...euro, cost: "1.25", currency: "USD" });
    await tenant.record({ model: "nobody-knows-this-one" });
    const period = { kind: "month" };
    expect(await tenant.status(await tenant.budget({ amount: "10", period }))).toMatchObject({
      spent: "1.25",
      unpriced_requests: 1,
      other_currencies: [{ currency: "EUR", spent: "3.5" }],
    });
    expect(await tenant.status(await tenant.budget({ amount: "10", currency: "EUR", period }))).toMatchObject({
      currency: "EUR",
      spent: "3.5",
      other_currencies: [{ currency: "USD", spent: "1.25" }],
    });
    expect(await tenant.status(await tenant.budget({ tokens: 2_000, period }))).toMatchObject({
      unit: "tokens",
      currency: null,
      amount: "2000",
      spent: "1114",
      remaining: "886",
      unpriced_requests: 1,
      other_currencies: [],
    });
  });
});

describe("a credential that is limited to a project", () => {
  it("finds, makes and changes budgets within the project alone", async () => {
    const tenant = await newTenant("Limited");
    await tenant.must("POST", "/teams", { name: "Theirs", projects: ["inside", "outside"] });
    await tenant.must("POST", "/teams", { name: "Ours", projects: ["inside"] });
    const { key } = await tenant.must<{ readonly key: string }>("POST", "/api-keys", {
      name: "k",
      project_id: "inside",
    });
    const ask = (method: string, path: string, body?: unknown) => server.ask(key, method, path, body);
    const terms = { amount: "5", period: { kind: "month" } };
    const hidden = await tenant.budget({ ...terms, scope: { project_id: ["inside", "outside"] } });
    const whole = await tenant.budget(terms);
    const theirs = await tenant.budget({ ...terms, scope: { team: "theirs" } });
    const ours = await tenant.budget({ ...terms, scope: { team: "ours" } });
    const own = await ask("POST", "/budgets", { ...terms, name: "own", scope: { project_id: ["inside"] } });
    expect(own.status).toBe(201);
    for (const { id } of [hidden, whole, theirs]) {
      expect((await ask("GET", `/budgets/${id}`)).status).toBe(404);
      expect((await ask("GET", `/budgets/${id}/status`)).status).toBe(404);
      expect((await ask("PATCH", `/budgets/${id}`, { amount: "9" })).status).toBe(404);
      expect((await ask("DELETE", `/budgets/${id}`)).status).toBe(404);
    }
    expect((await ask("GET", `/budgets/current?name=${encodeURIComponent(whole.name)}`)).status).toBe(404);
    expect((await ask("GET", "/budgets/current")).status).toBe(404);
    const listed = (await ask("GET", "/budgets")).data as unknown as readonly Budget[];
    expect(listed.map(({ id }) => id)).toEqual([ours.id, own.data.id]);
    for (const scope of [undefined, {}, { provider: ["openai"] }, { project_id: ["outside"] }]) {
      const { status, error } = await ask("POST", "/budgets", { ...terms, name: "wider", scope });
      expect([status, error.code, Object.keys(error.field_errors ?? {})]).toEqual([
        403,
        "AUTH_002",
        ["scope.project_id"],
      ]);
    }
    const widened = await ask("PATCH", `/budgets/${own.data.id}`, { scope: {} });
    expect([widened.status, widened.error.code]).toEqual([403, "AUTH_002"]);
    // A team beyond the credential is none to it.
    for (const team of ["theirs", "nobodys"]) {
      const { status, error } = await ask("POST", "/budgets", { ...terms, name: "wider", scope: { team } });
      expect([status, error.field_errors]).toEqual([422, { "scope.team": "names no team of the organization" }]);
    }
  });
});
