import type { Budget, BudgetApproval, BudgetStatus, Reservation, Settlement } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

let server: PeopleServer;
let key: string;
let elsewhere: string;
beforeAll(async () => {
  const folder = temporaryFolder();
  server = await startPeopleServer(await newDatabase(folder.path), folder);
  const tenant = async (name: string) => {
    const { data } = await server.ask(server.adminKey, "POST", "/organizations", { name });
    return (data as unknown as { readonly api_key: { readonly key: string } }).api_key.key;
  };
  key = await tenant("Acme");
  elsewhere = await tenant("Elsewhere");
  const price = { provider: "acme-models", model: "even", input_price_per_million: "1", output_price_per_million: "4" };
  dataOf(await ask("POST", "/pricing", price), 201);
  dataOf(await ask("POST", "/pricing", { ...price, model: "cheap", output_price_per_million: "0.5" }), 201);
  dataOf(await ask("POST", "/pricing", { ...price, model: "only-there" }), 201);
}, 120_000);
afterAll(() => server.close());

const ask = (method: string, path: string, body?: unknown, as = key): Promise<Answer> =>
  server.ask(as, method, path, body);
const dataOf = <T>({ status, text, data }: Answer, expected: number): T => {
  expect([status, text]).toEqual([expected, expect.any(String)]);
  return data as unknown as T;
};
let made = 0;
/** A hard budget of one tag, and the tag. */
const makeBudget = async (body: object = {}, as = key) => {
  made += 1;
  const tag = `case:${made}`;
  const terms = { name: `budget ${made}`, amount: "1", period: { kind: "month" }, enforcement: "hard" };
  const scope = { tags: [tag] };
  const budget = dataOf<Budget>(await ask("POST", "/budgets", { ...terms, scope, ...body }, as), 201);
  return { budget, tags: [tag] };
};
const reserve = (body: object, as = key): Promise<Answer> => ask("POST", "/budgets/reservations", body, as);
const granted = async (body: object, as = key): Promise<Reservation> => dataOf(await reserve(body, as), 201);
const settle = (id: string, body: object, as = key): Promise<Answer> =>
  ask("POST", `/budgets/reservations/${id}/settle`, body, as);
const settled = async (id: string, body: object): Promise<Settlement> => {
  const answer = await settle(id, body);
  dataOf(answer, 200);
  return JSON.parse(answer.text) as Settlement;
};
const statusOf = async ({ id }: Budget): Promise<BudgetStatus> =>
  dataOf(await ask("GET", `/budgets/${id}/status`), 200);
/** 1,000 tokens read and at most 500 written: 0.001 + 0.002. */
const call = { provider: "acme-models", model: "even", input_tokens: 1_000, max_output_tokens: 500 };

describe("a reservation", () => {
  it("is of the price that the tokens would have, and names what is left of each budget", async () => {
    const { budget, tags } = await makeBudget({ amount: "0.01" });
    const reservation = await granted({ ...call, tags });
    expect(reservation).toMatchObject({
      amount: "0.003",
      currency: "USD",
      tokens: 1_500,
      provider: "acme-models",
      model: "even",
      fallback_from: null,
      budgets: [{ id: budget.id, name: budget.name, remaining: "0.007" }],
      over_limit: false,
      unsecured: false,
    });
    const lastsMs = Date.parse(reservation.expires_at) - Date.now();
    expect(Math.round(lastsMs / 60_000)).toBe(10);
  });

  it("is refused with the budget that has no room, and counts nothing then", async () => {
    const { budget, tags } = await makeBudget({ amount: "0.0065" });
    await granted({ ...call, tags });
    await granted({ ...call, tags });
    const refused = await reserve({ ...call, tags });
    expect([refused.status, refused.error]).toEqual([
      402,
      expect.objectContaining({
        code: "BUDGET_EXCEEDED",
        message: expect.stringContaining(`"${budget.name}"`),
        details: {
          reason: "limit",
          budget_id: budget.id,
          budget_name: budget.name,
          unit: "money",
          currency: "USD",
          limit: "0.0065",
          spent: "0",
          reserved: "0.006",
          requested: "0.003",
        },
      }),
    ]);
    // What is left is left to the last digit.
    await granted({ amount: "0.000500000000", tags });
    expect((await reserve({ amount: "0.000000000001", tags })).status).toBe(402);
  });

  it("needs nothing where no hard budget counts the call, or the budget is of another currency", async () => {
    expect((await granted({ ...call, tags: ["case:none"] })).budgets).toEqual([]);
    const { tags } = await makeBudget({ enforcement: "soft", amount: "0" });
    expect((await granted({ ...call, tags })).budgets).toEqual([]);
    const euros = await makeBudget({ amount: "0", currency: "EUR" });
    expect((await granted({ ...call, tags: euros.tags })).budgets).toEqual([]);
    expect((await reserve({ amount: "0.01", currency: "EUR", tags: euros.tags })).status).toBe(402);
  });

  it("is of every budget that counts the call, by model, provider, project, user, team and tags", async () => {
    const mine = dataOf<{ readonly id: string }>(await ask("POST", "/projects", { name: "Search", id: "search" }), 201);
    dataOf(await ask("POST", "/teams", { name: "Finders", slug: "finders", projects: [mine.id] }), 201);
    const tags = ["round:all"];
    const scopes: readonly object[] = [
      { model: ["even"] },
      { provider: ["acme-models"] },
      { project_id: [mine.id, "other"] },
      { user_id: ["ann"] },
      { team: "finders" },
      { tags: ["round"] },
    ];
    const budgets = [];
    for (const [at, scope] of scopes.entries()) {
      const body = {
        amount: `${at + 1}`,
        scope: { ...scope, tags: [...(("tags" in scope && tags) || []), "round=all"] },
      };
      budgets.push((await makeBudget(body)).budget.id);
    }
    const all = await granted({ ...call, tags, project_id: mine.id, user_id: "ann" });
    expect(all.budgets.map(({ id }) => id).sort()).toEqual([...budgets].sort());
    const some = await granted({ ...call, model: "cheap", tags, project_id: "other", user_id: "bob" });
    expect(some.budgets.map(({ id }) => id).sort()).toEqual([budgets[1], budgets[2], budgets[5]].sort());
  });

  it("counts tokens of a budget in tokens, which needs no price but a count", async () => {
    const { tags } = await makeBudget({ amount: undefined, tokens: 2_000 });
    const unknown = { model: "nobody-knows", input_tokens: 1_000, max_output_tokens: 500, tags };
    expect(await granted(unknown)).toMatchObject({ amount: null, tokens: 1_500, budgets: [{ remaining: "500" }] });
    const refused = await reserve({ ...unknown, max_output_tokens: 0 });
    expect(refused.error).toMatchObject({ details: { unit: "tokens", limit: "2000", reserved: "1500" } });
    const without = await reserve({ amount: "1", tags });
    expect([without.status, Object.keys(without.error.field_errors ?? {})]).toEqual([422, ["input_tokens"]]);
  });

  it("of a model without a price is refused by budgets in money, unless they say otherwise", async () => {
    const strict = await makeBudget();
    const unknown = { model: "nobody-knows", input_tokens: 1, max_output_tokens: 1 };
    const refused = await reserve({ ...unknown, tags: strict.tags });
    expect([refused.status, refused.error]).toEqual([
      402,
      expect.objectContaining({
        details: expect.objectContaining({ reason: "unpriced", budget_id: strict.budget.id }),
      }),
    ]);
    const lenient = await makeBudget({ unpriced: "allow" });
    expect(await granted({ ...unknown, tags: lenient.tags })).toMatchObject({ amount: null, budgets: [] });
  });

  it("falls back to the model that the budget names, and says so", async () => {
    const at_limit = { action: "fallback", model: "cheap" };
    const { tags } = await makeBudget({ amount: "0.002", at_limit });
    expect(await granted({ ...call, tags })).toMatchObject({
      model: "cheap",
      fallback_from: "even",
      amount: "0.00125",
    });
    const refused = await reserve({ ...call, tags });
    expect([refused.status, refused.error]).toEqual([
      402,
      expect.objectContaining({
        details: expect.objectContaining({ spent: "0", reserved: "0.00125", requested: "0.003" }),
      }),
    ]);
    const unpriced = { model: "nobody-knows", input_tokens: 1, max_output_tokens: 1, tags };
    expect(await granted(unpriced)).toMatchObject({ model: "cheap", fallback_from: "nobody-knows" });
    const error = (await reserve({ ...unpriced, input_tokens: 1_000_000 })).error;
    expect(error).toMatchObject({ details: { reason: "unpriced" } });
  });

  it("of a fallback that is to be approved is refused with what approves it", async () => {
    const { tags } = await makeBudget({ amount: "0.002", at_limit: { action: "fallback", model: "cheap" } });
    const scope = { model: ["cheap"], tags };
    const { budget } = await makeBudget({ amount: "0.001", at_limit: { action: "approve" }, scope });
    const details = { budget_id: budget.id, approval_id: expect.any(String) };
    expect((await reserve({ ...call, tags })).error).toMatchObject({ details });
  });

  it("falls back to the provider that the budget names, or that the model is found at", async () => {
    const named = { action: "fallback", model: "even", provider: "acme-models" };
    for (const at_limit of [{ action: "fallback", model: "only-there" }, named]) {
      const { tags } = await makeBudget({ amount: "0.1", at_limit });
      const other = { ...call, provider: "other-models", input_tokens: 0, max_output_tokens: 1, tags };
      expect(await granted(other)).toMatchObject({ provider: "acme-models", model: at_limit.model });
    }
  });

  it("goes beyond a budget that only wants to be told", async () => {
    const { budget, tags } = await makeBudget({ amount: "0.004", at_limit: { action: "notify" } });
    expect((await granted({ ...call, tags })).over_limit).toBe(false);
    expect((await granted({ ...call, tags })).over_limit).toBe(true);
    await expect.poll(async () => (await statusOf(budget)).reserved).toBe("0.006");
  });

  it("goes beyond a budget once with what somebody approved, and no further", async () => {
    const { budget, tags } = await makeBudget({ amount: "0.003", at_limit: { action: "approve" } });
    await granted({ ...call, tags });
    const refused = await reserve({ ...call, tags });
    const approvalOf = ({ error }: Answer) =>
      (error as unknown as { readonly details: { readonly approval_id: string } }).details.approval_id;
    const id = approvalOf(refused);
    expect([refused.status, id]).toEqual([402, expect.stringMatching(/^approval_/)]);
    // Asked for again it is the same request.
    expect(approvalOf(await reserve({ ...call, tags }))).toBe(id);
    const pending = dataOf<readonly BudgetApproval[]>(await ask("GET", "/budgets/approvals?state=pending"), 200);
    expect(pending.filter(({ budget_id }) => budget_id === budget.id)).toEqual([
      expect.objectContaining({ id, budget_name: budget.name, requested: "0.003", currency: "USD", model: "even" }),
    ]);
    const refusedField = async (body: object) => {
      const { status, error } = await reserve({ ...body, tags });
      return [status, Object.keys(error.field_errors ?? {})];
    };
    expect(await refusedField({ ...call, approval_id: id })).toEqual([422, ["approval_id"]]);
    expect(await refusedField({ ...call, approval_id: "nobody" })).toEqual([422, ["approval_id"]]);
    expect((await ask("POST", `/budgets/approvals/${id}/approve`, undefined, elsewhere)).status).toBe(404);
    const approved = dataOf<BudgetApproval>(await ask("POST", `/budgets/approvals/${id}/approve`), 200);
    expect(approved).toMatchObject({ state: "approved", decided_at: expect.any(String) });
    expect((await reserve({ ...call, tags })).status).toBe(402);
    expect(await refusedField({ ...call, max_output_tokens: 501, approval_id: id })).toEqual([422, ["approval_id"]]);
    const answers = await Promise.all(Array.from({ length: 5 }, () => reserve({ ...call, tags, approval_id: id })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422, 422]);
    expect(answers.find(({ status }) => status === 201)?.data).toMatchObject({ over_limit: true });
    expect((await ask("POST", `/budgets/approvals/${id}/deny`)).status).toBe(409);
    await expect.poll(async () => (await statusOf(budget)).reserved).toBe("0.006");
    const other = approvalOf(await reserve({ amount: "1", tags }));
    expect(dataOf<BudgetApproval>(await ask("POST", `/budgets/approvals/${other}/deny`), 200).state).toBe("denied");
    expect((await ask("POST", `/budgets/approvals/${other}/approve`)).status).toBe(409);
  });

  it("follows a change of its budget at once in this process", async () => {
    const { budget, tags } = await makeBudget({ amount: "0.003" });
    await granted({ ...call, tags });
    expect((await reserve({ ...call, tags })).status).toBe(402);
    dataOf(await ask("PATCH", `/budgets/${budget.id}`, { amount: "0.006" }), 200);
    await granted({ ...call, tags });
    dataOf(await ask("PATCH", `/budgets/${budget.id}`, { amount: "0.001" }), 200);
    expect((await reserve({ amount: "0.000001", tags })).status).toBe(402);
    expect((await ask("DELETE", `/budgets/${budget.id}`)).status).toBe(204);
    expect((await granted({ ...call, tags })).budgets).toEqual([]);
  });

  it("expires by itself after its time", async () => {
    const { tags } = await makeBudget({ amount: "0.003" });
    const { id } = await granted({ ...call, tags, ttl_seconds: 1 });
    expect((await reserve({ ...call, tags })).status).toBe(402);
    await expect.poll(async () => (await reserve({ ...call, tags })).status, { timeout: 10_000 }).toBe(201);
    expect((await settled(id, { usage: { input_tokens: 10, output_tokens: 1 } })).data).toMatchObject({
      reservation: "expired",
      record: { total_cost: "0.000014" },
    });
  });
});

describe("a settlement", () => {
  it("records the usage with the estimate's labels, once, and gives back what was not needed", async () => {
    const { budget, tags } = await makeBudget({ amount: "0.004" });
    const { id } = await granted({ ...call, tags, user_id: "ann" });
    const usage = { input_tokens: 1_000, output_tokens: 100 };
    const first = await settled(id, { usage });
    expect(first.data).toMatchObject({
      id,
      reservation: "settled",
      record: {
        model: "even",
        provider: "acme-models",
        user_id: "ann",
        total_cost: "0.0014",
        tags: { case: String(made) },
      },
    });
    expect(await settled(id, { usage })).toEqual(first);
    expect((await settle(id, { usage: { ...usage, output_tokens: 101 } })).status).toBe(409);
    await expect
      .poll(async () => statusOf(budget))
      .toMatchObject({ spent: "0.0014", reserved: "0", remaining: "0.0026" });
    await granted({ amount: "0.0026", tags });
    expect((await reserve({ amount: "0.0001", tags })).status).toBe(402);
  });

  it("records what the call really cost where that is more than was reserved", async () => {
    const { budget, tags } = await makeBudget({ amount: "0.004" });
    const { id } = await granted({ ...call, tags });
    await settled(id, { cost: { amount: "0.0051" } });
    await expect
      .poll(async () => statusOf(budget))
      .toMatchObject({ spent: "0.0051", reserved: "0", state: "exceeded" });
    // What was held in advance is given back with the next renewal.
    await expect.poll(async () => (await reserve({ amount: "0.000001", tags })).status).toBe(402);
  });

  it("takes a provider's own usage object, or names a record that is there", async () => {
    const { tags } = await makeBudget({ amount: "1" });
    const one = await granted({ ...call, tags });
    const body = { usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 } };
    expect((await settled(one.id, { usage: body })).data.record.total_cost).toBe("0.0014");
    const two = await granted({ ...call, tags });
    const record = { ...call, id: "recorded-before", output_tokens: 1, max_output_tokens: undefined, tags };
    dataOf(await ask("POST", "/usage", record), 201);
    expect((await settled(two.id, { record_id: "recorded-before" })).data.record.id).toBe("recorded-before");
    const three = await granted({ ...call, tags });
    expect((await settle(three.id, { record_id: "nobody" })).status).toBe(404);
    const writer = { name: "writer", scopes: ["budgets:reserve", "usage:write"] };
    const blind = dataOf<{ readonly key: string }>(await ask("POST", "/api-keys", writer), 201).key;
    for (const record_id of ["recorded-before", "nobody"]) {
      const refused = await settle(three.id, { record_id }, blind);
      expect([refused.status, Object.keys(refused.error.field_errors ?? {})]).toEqual([403, ["record_id"]]);
    }
  });

  it("after a release records all the same", async () => {
    const { tags } = await makeBudget({ amount: "0.003" });
    const { id } = await granted({ ...call, tags });
    const release = await ask("POST", `/budgets/reservations/${id}/release`);
    expect(dataOf(release, 200)).toEqual({ id, reservation: "released" });
    await granted({ ...call, tags });
    const { data } = await settled(id, { cost: { amount: "0.001" } });
    expect(data).toMatchObject({ reservation: "released", record: { total_cost: "0.001", cost_status: "reported" } });
  });

  it.each([
    ["usage", {}],
    ["cost", { usage: { input_tokens: 1, output_tokens: 1 }, cost: { amount: "1" } }],
    ["record_id", { usage: { input_tokens: 1, output_tokens: 1 }, record_id: "x" }],
    ["usage.id", { usage: { id: "mine", input_tokens: 1, output_tokens: 1 } }],
    ["usage.input_tokens", { usage: { input_tokens: -1 } }],
    ["usage.total_tokens", { usage: { input_tokens: 5, output_tokens: 5, total_tokens: 11 } }],
    ["cost.amount", { cost: { amount: "-1" } }],
    ["cost.amount", { cost: { amount: "1e3" } }],
    ["cost.currency", { cost: { amount: "1", currency: "dollars" } }],
  ])("with a wrong %s names it, and leaves the reservation as it is", async (field, body) => {
    const { budget, tags } = await makeBudget({ amount: "0.003" });
    const { id } = await granted({ ...call, tags });
    const answer = await settle(id, body);
    expect([answer.status, Object.keys(answer.error.field_errors ?? {})]).toEqual([
      422,
      expect.arrayContaining([field]),
    ]);
    await expect.poll(async () => (await statusOf(budget)).reserved).toBe("0.003");
  });
});

describe("an estimate", () => {
  it.each([
    ["model", {}],
    ["input_tokens", { model: "even" }],
    ["max_output_tokens", { model: "even", input_tokens: 1 }],
    ["input_tokens", { ...call, input_tokens: 1.5 }],
    ["max_output_tokens", { ...call, max_output_tokens: -1 }],
    ["max_output_tokens", { ...call, input_tokens: Number.MAX_SAFE_INTEGER, max_output_tokens: 1 }],
    ["cached_input_tokens", { ...call, cached_input_tokens: 1_001 }],
    ["amount", { amount: "-1" }],
    ["amount", { amount: "0.0000000000001" }],
    ["amount", { amount: 1e300 }],
    ["currency", { ...call, currency: "USD" }],
    ["currency", { amount: "1", currency: "usd" }],
    ["ttl_seconds", { ...call, ttl_seconds: 0 }],
    ["ttl_seconds", { ...call, ttl_seconds: 86_401 }],
    ["ttl_seconds", { ...call, ttl_seconds: "600" }],
    ["tags", { ...call, tags: { a: "x".repeat(1_000) } }],
    ["project_id", { ...call, project_id: "\u0000" }],
    ["surprise", { ...call, surprise: 1 }],
  ])("that is wrong is refused with the name of the field: %s in %j", async (field, body) => {
    const answer = await reserve(body);
    expect([answer.status, Object.keys(answer.error.field_errors ?? {})]).toEqual([
      422,
      expect.arrayContaining([field]),
    ]);
  });
});

describe("the id of a reservation", () => {
  it("is nobody else's, and cannot be made or changed", async () => {
    const { tags } = await makeBudget({ amount: "0.003" });
    const { id } = await granted({ ...call, tags });
    const bytes = Buffer.from(id.slice("rsv_".length), "base64url");
    const changed = (at: number): string => {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return `rsv_${copy.toString("base64url")}`;
    };
    const wrong = [
      "rsv_",
      "x",
      `${id}x`,
      changed(0),
      changed(16),
      changed(bytes.length - 1),
      id.toLowerCase(),
      "%00",
      `rsv_${"A".repeat(64)}`,
    ];
    for (const each of wrong) {
      expect([each, (await settle(each, { cost: { amount: "1" } })).status]).toEqual([each, 404]);
      expect((await ask("POST", `/budgets/reservations/${each}/release`)).status).toBe(404);
    }
    expect((await settle(id, { cost: { amount: "1" } }, elsewhere)).status).toBe(404);
    expect((await reserve({ ...call, tags })).status).toBe(402);
  });
});

it("who is limited to a project reserves within it, and is not told how wider budgets stand", async () => {
  dataOf(await ask("POST", "/projects", { name: "Shop", id: "shop" }), 201);
  const narrow = { name: "shop", scopes: ["budgets:reserve", "usage:write"], project_id: "shop" };
  const made = dataOf<{ readonly key: string }>(await ask("POST", "/api-keys", narrow), 201);
  const { budget, tags } = await makeBudget({ amount: "0.003" });
  const { id } = await granted({ ...call, tags }, made.key);
  const refused = await reserve({ ...call, tags }, made.key);
  const { name } = budget;
  expect(refused.error).toMatchObject({ message: `The budget "${name}" has no room for this.` });
  expect(Object.keys((refused.error as unknown as { readonly details: object }).details)).not.toContain("limit");
  expect((await reserve({ ...call, tags, project_id: "search" }, made.key)).status).toBe(403);
  const theirs = await granted({ amount: "1", project_id: "search" });
  expect((await settle(theirs.id, { cost: { amount: "1" } }, made.key)).status).toBe(404);
  const answer = await settle(id, { cost: { amount: "0.001" } }, made.key);
  expect(JSON.parse(answer.text)).toMatchObject({ data: { record: { project_id: "shop" } } });
});
