import type { Budget, BudgetAmendment, BudgetStatus } from "@llm-cost-ops/contract";
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
}, 120_000);
afterAll(() => server.close());

const ask = (method: string, path: string, body?: unknown, as = key): Promise<Answer> =>
  server.ask(as, method, path, body);
const dataOf = <T>({ status, text, data }: Answer, expected: number): T => {
  expect([status, text]).toEqual([expected, expect.any(String)]);
  return data as unknown as T;
};
const monthly = { amount: "500", period: { kind: "month" } };
let made = 0;
const makeBudget = async (body: object = {}, as = key): Promise<Budget> => {
  made += 1;
  return dataOf(await ask("POST", "/budgets", { name: `budget ${made}`, ...monthly, ...body }, as), 201);
};

describe("a budget", () => {
  it("is made with its defaults, read, listed by name, changed and deleted", async () => {
    const budget = await makeBudget({ name: "Zeta" });
    expect(budget).toMatchObject({
      name: "Zeta",
      description: "",
      amount: "500",
      currency: "USD",
      tokens: null,
      period: { kind: "month", time_zone: "UTC" },
      scope: {},
      thresholds: [50, 75, 90, 100],
      enforcement: "soft",
      at_limit: null,
      when_store_is_away: null,
      unpriced: null,
    });
    const first = await makeBudget({ name: "alpha", amount: undefined, tokens: 1_000, thresholds: [90, 12.5, 90] });
    expect(first).toMatchObject({ amount: null, currency: null, tokens: 1_000, thresholds: [12.5, 90] });
    expect(dataOf<Budget>(await ask("GET", `/budgets/${budget.id}`), 200)).toEqual(budget);
    const listed = dataOf<readonly Budget[]>(await ask("GET", "/budgets"), 200);
    expect(listed.map(({ name }) => name)).toEqual(["alpha", "Zeta"]);
    const changed = await ask("PATCH", `/budgets/${budget.id}`, { amount: "650.000000000001", reason: "more to do" });
    expect(dataOf<Budget>(changed, 200).amount).toBe("650.000000000001");
    for (const { id } of listed) {
      expect((await ask("DELETE", `/budgets/${id}`)).status).toBe(204);
      for (const path of ["", "/status", "/history"])
        expect((await ask("GET", `/budgets/${id}${path}`)).status).toBe(404);
      expect((await ask("DELETE", `/budgets/${id}`)).status).toBe(404);
    }
    expect(dataOf(await ask("GET", "/budgets"), 200)).toEqual([]);
  });

  it("keeps the periods that it can have, each with what belongs to it", async () => {
    const periods: readonly (readonly [object, object])[] = [
      [{ kind: "hour" }, { kind: "hour", time_zone: "UTC" }],
      [{ kind: "quarter" }, { kind: "quarter", time_zone: "UTC", fiscal_start_month: 1 }],
      [
        { kind: "year", time_zone: "Asia/Tokyo", fiscal_start_month: 4 },
        { kind: "year", time_zone: "Asia/Tokyo", fiscal_start_month: 4 },
      ],
      [
        { kind: "rolling", rolling_hours: 36 },
        { kind: "rolling", rolling_hours: 36 },
      ],
      [
        { kind: "prepaid", starts_at: "2026-01-31T12:00:00+01:00" },
        { kind: "prepaid", starts_at: "2026-01-31T11:00:00.000Z" },
      ],
    ];
    for (const [sent, kept] of periods) expect((await makeBudget({ period: sent })).period).toEqual(kept);
    const prepaid = await makeBudget({ period: { kind: "prepaid" } });
    expect(prepaid.period).toEqual({ kind: "prepaid", starts_at: prepaid.created_at });
    const again = await ask("PATCH", `/budgets/${prepaid.id}`, { period: { kind: "prepaid" }, description: "d" });
    expect(dataOf<Budget>(again, 200).period).toEqual(prepaid.period);
  });

  const wrong: readonly (readonly [string, object])[] = [
    ["name", { name: "" }],
    ["name", { name: "a\u0007" }],
    ["description", { description: 1 }],
    ["amount", { amount: "-1" }],
    ["amount", { amount: -0.5 }],
    ["amount", { amount: "1.0000000000001" }],
    ["amount", { amount: 1e21 }],
    ["amount", { amount: "a lot" }],
    ["amount", { amount: undefined }],
    ["currency", { currency: "dollars" }],
    ["tokens", { tokens: 5 }],
    ["tokens", { amount: undefined, tokens: -1 }],
    ["tokens", { amount: undefined, tokens: 1.5 }],
    ["currency", { amount: undefined, tokens: 5, currency: "EUR" }],
    ["period", { period: undefined }],
    ["period.kind", { period: {} }],
    ["period.kind", { period: { kind: "fortnight" } }],
    ["period.time_zone", { period: { kind: "day", time_zone: "Mars/Olympus" } }],
    ["period.time_zone", { period: { kind: "rolling", rolling_hours: 1, time_zone: "UTC" } }],
    ["period.fiscal_start_month", { period: { kind: "year", fiscal_start_month: 13 } }],
    ["period.fiscal_start_month", { period: { kind: "month", fiscal_start_month: 4 } }],
    ["period.rolling_hours", { period: { kind: "rolling" } }],
    ["period.rolling_hours", { period: { kind: "rolling", rolling_hours: 0 } }],
    ["period.rolling_hours", { period: { kind: "day", rolling_hours: 2 } }],
    ["period.starts_at", { period: { kind: "prepaid", starts_at: "2026-02-30" } }],
    ["period.starts_at", { period: { kind: "prepaid", starts_at: "soon" } }],
    ["period.starts_at", { period: { kind: "month", starts_at: "2026-01-01" } }],
    ["scope.provider", { scope: { provider: [] } }],
    ["scope.model", { scope: { model: "gpt-4o" } }],
    ["scope.user_id.0", { scope: { user_id: [""] } }],
    ["scope.tags.0", { scope: { tags: [""] } }],
    ["scope.team", { scope: { team: "nobodys" } }],
    ["scope.region", { scope: { region: ["eu"] } }],
    ["thresholds.0", { thresholds: [0] }],
    ["thresholds.1", { thresholds: [50, 33.333] }],
    ["thresholds.0", { thresholds: [1_001] }],
    ["thresholds", { thresholds: Array.from({ length: 21 }, (_, at) => at + 1) }],
    ["hard_limit", { hard_limit: true }],
    ["enforcement", { enforcement: "firm" }],
    ["at_limit", { at_limit: { action: "block" } }],
    ["when_store_is_away", { enforcement: "soft", when_store_is_away: "allow" }],
    ["unpriced", { unpriced: "refuse" }],
    ["unpriced", { enforcement: "hard", unpriced: "maybe" }],
    ["at_limit.action", { enforcement: "hard", at_limit: {} }],
    ["at_limit.action", { enforcement: "hard", at_limit: { action: "explode" } }],
    ["at_limit.model", { enforcement: "hard", at_limit: { action: "fallback" } }],
    ["at_limit.model", { enforcement: "hard", at_limit: { action: "block", model: "gpt-4o" } }],
    ["at_limit.provider", { enforcement: "hard", at_limit: { action: "notify", provider: "openai" } }],
  ];
  it.each(wrong)("is refused with the name of the wrong field: %s in %j", async (field, body) => {
    const answer = await ask("POST", "/budgets", { name: "wrong", ...monthly, ...body });
    expect([answer.status, Object.keys(answer.error.field_errors ?? {}), answer.error.code]).toEqual([
      422,
      [field],
      "VALIDATION_ERROR",
    ]);
  });

  it("has a name of its own in the organization, and may keep it", async () => {
    const budget = await makeBudget({ name: "taken" });
    const other = await makeBudget();
    expect(await ask("POST", "/budgets", { name: "taken", ...monthly })).toMatchObject({ status: 409 });
    const renamed = await ask("PATCH", `/budgets/${other.id}`, { name: "taken" });
    expect(renamed).toMatchObject({ status: 409, error: { code: "CONFLICT", field_errors: { name: "is taken" } } });
    expect((await ask("PATCH", `/budgets/${budget.id}`, { name: "taken" })).status).toBe(200);
    expect((await makeBudget({ name: "taken" }, elsewhere)).name).toBe("taken");
  });

  it("stays in the unit in which it was made", async () => {
    const money = await makeBudget();
    const tokens = await makeBudget({ amount: undefined, tokens: 10 });
    for (const [id, body, field] of [
      [money.id, { tokens: 5 }, "tokens"],
      [tokens.id, { amount: "5" }, "amount"],
    ] as const) {
      const { status, error } = await ask("PATCH", `/budgets/${id}`, body);
      expect([status, Object.keys(error.field_errors ?? {})]).toEqual([422, [field]]);
    }
    expect((await ask("PATCH", `/budgets/${money.id}`, {})).status).toBe(422);
    expect((await ask("PATCH", `/budgets/${money.id}`, { reason: "none" })).status).toBe(422);
  });

  it("is hard where it says so, does at its limit what it says, and forgets nothing of that while it is soft", async () => {
    const plain = await makeBudget({ enforcement: "hard", period: { kind: "rolling", rolling_hours: 1 } });
    const defaults = { at_limit: { action: "block" }, when_store_is_away: "refuse", unpriced: "refuse" };
    expect(plain).toMatchObject({ enforcement: "hard", ...defaults });
    const fallback = { action: "fallback", model: "gpt-4o-mini", provider: "openai" };
    const terms = { at_limit: fallback, when_store_is_away: "allow", unpriced: "allow" };
    const { id } = await makeBudget({ enforcement: "hard", ...terms });
    const change = (body: object) => ask("PATCH", `/budgets/${id}`, body);
    expect(dataOf<Budget>(await change({ at_limit: { action: "approve" } }), 200)).toMatchObject({
      ...terms,
      at_limit: { action: "approve" },
    });
    const soft = { enforcement: "soft", at_limit: null, when_store_is_away: null, unpriced: null };
    expect(dataOf<Budget>(await change({ enforcement: "soft" }), 200)).toMatchObject(soft);
    const { status, error } = await change({ at_limit: { action: "block" } });
    expect([status, Object.keys(error.field_errors ?? {})]).toEqual([422, ["at_limit"]]);
    const hardAgain = dataOf<Budget>(await change({ enforcement: "hard", unpriced: "refuse" }), 200);
    expect(hardAgain).toMatchObject({ ...terms, at_limit: { action: "approve" }, unpriced: "refuse" });
    const [, softened, amended] = dataOf<readonly BudgetAmendment[]>(await ask("GET", `/budgets/${id}/history`), 200);
    expect(softened?.after).toEqual(soft);
    expect(amended).toMatchObject({ before: { at_limit: fallback }, after: { at_limit: { action: "approve" } } });
  });

  it("of another tenant is answered like one that nobody has", async () => {
    const { id } = await makeBudget({}, elsewhere);
    const nobodys = `budget_${"0".repeat(id.length - 7)}`;
    const asks: readonly (readonly [string, (id: string) => string, unknown?])[] = [
      ["GET", (one) => `/budgets/${one}`],
      ["GET", (one) => `/budgets/${one}/status`],
      ["GET", (one) => `/budgets/${one}/history`],
      ["GET", (one) => `/budgets/current?id=${one}`],
      ["PATCH", (one) => `/budgets/${one}`, { amount: "1" }],
      ["DELETE", (one) => `/budgets/${one}`],
    ];
    for (const [method, path, body] of asks) {
      const [theirs, none] = [await ask(method, path(id), body), await ask(method, path(nobodys), body)];
      expect([theirs.status, theirs.error.code, theirs.error.message]).toEqual([404, "NOT_FOUND", none.error.message]);
      expect(none.status).toBe(404);
    }
    expect((await ask("GET", `/budgets/${id}`, undefined, elsewhere)).status).toBe(200);
  });
});

describe("the history of a budget", () => {
  it("has who changed what, when and why, newest first and in pages, and nothing of what changed nothing", async () => {
    const budget = await makeBudget({ name: "amended" });
    const change = (body: object) => ask("PATCH", `/budgets/${budget.id}`, body);
    await change({ amount: "600", reason: "a third channel" });
    await change({ amount: 600, name: "amended" });
    await change({ thresholds: [80], scope: { provider: ["openai"] }, name: "amended twice" });
    const path = `/budgets/${budget.id}/history`;
    const all = dataOf<readonly BudgetAmendment[]>(await ask("GET", path), 200);
    expect(all).toEqual([
      {
        number: 2,
        budget_id: budget.id,
        changed_at: expect.stringMatching(/Z$/),
        changed_by: { kind: "key", id: expect.any(String), name: expect.any(String) },
        before: { name: "amended", scope: {}, thresholds: [50, 75, 90, 100] },
        after: { name: "amended twice", scope: { provider: ["openai"] }, thresholds: [80] },
        reason: null,
        transfer: null,
      },
      expect.objectContaining({
        number: 1,
        before: { amount: "500" },
        after: { amount: "600" },
        reason: "a third channel",
        transfer: null,
      }),
    ]);
    const page = JSON.parse((await ask("GET", `${path}?limit=1`)).text) as {
      readonly data: readonly BudgetAmendment[];
      readonly pagination: { readonly next_cursor: string };
    };
    const behind = await ask("GET", `${path}?limit=1&cursor=${page.pagination.next_cursor}`);
    expect([...page.data, ...dataOf<readonly BudgetAmendment[]>(behind, 200)]).toEqual(all);
    expect(JSON.parse(behind.text)).toMatchObject({ pagination: { has_more: false, next_cursor: null } });
    const stranger = await makeBudget();
    expect((await ask("GET", `/budgets/${stranger.id}/history?cursor=${page.pagination.next_cursor}`)).status).toBe(
      400,
    );
  });
});

describe("the current budget", () => {
  it("is the one that is named, else the first of the whole organization, else not found", async () => {
    const current = (query: string) => ask("GET", `/budgets/current${query}`, undefined, elsewhere);
    for (const { id } of dataOf<readonly Budget[]>(await ask("GET", "/budgets", undefined, elsewhere), 200)) {
      await ask("DELETE", `/budgets/${id}`, undefined, elsewhere);
    }
    const part = await makeBudget({ name: "of a part", scope: { provider: ["openai"] } }, elsewhere);
    expect(await current("")).toMatchObject({ status: 404, error: { code: "NOT_FOUND" } });
    expect((await current("")).error.message).toContain("?name=");
    const whole = await makeBudget({ name: "whole" }, elsewhere);
    await makeBudget({ name: "a later one" }, elsewhere);
    expect(dataOf<BudgetStatus>(await current(""), 200).budget_id).toBe(whole.id);
    expect(dataOf<BudgetStatus>(await current("?name=of%20a%20part"), 200).budget_id).toBe(part.id);
    expect(dataOf<BudgetStatus>(await current(`?id=${part.id}`), 200).name).toBe("of a part");
    expect((await current("?name=nobodys")).status).toBe(404);
    expect((await current(`?name=whole&id=${whole.id}`)).error.field_errors).toEqual({
      name: "cannot be combined with id",
    });
  });
});
