import type { Budget, BudgetStatus, BudgetValue, Reservation } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

let server: PeopleServer;
let other: PeopleServer;
let key: string;
beforeAll(async () => {
  const folder = temporaryFolder();
  server = await startPeopleServer(await newDatabase(folder.path), folder);
  other = await server.another();
  const { data } = await server.ask(server.adminKey, "POST", "/organizations", { name: "Acme" });
  key = (data as unknown as { readonly api_key: { readonly key: string } }).api_key.key;
  await must("POST", "/teams", { name: "Red", projects: ["p1", "both"] });
  await must("POST", "/teams", { name: "Blue", projects: ["both", "p3"] });
}, 120_000);
afterAll(() => server.close());

const ask = (method: string, path: string, body?: unknown, by = server): Promise<Answer> =>
  by.ask(key, method, path, body);
async function must<T>(method: string, path: string, body?: unknown): Promise<T> {
  const { status, text, data } = await ask(method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${text}`);
  return data as unknown as T;
}
let made = 0;
const makeBudget = (terms: object) => {
  made += 1;
  return must<Budget>("POST", "/budgets", { name: `budget ${made}`, amount: "1", period: { kind: "year" }, ...terms });
};
const record = (cost: string, fields: object = {}): Promise<{ readonly id: string }> =>
  must("POST", "/costs", { provider: "openai", model: "gpt-4o", cost, currency: "USD", ...fields });
const valuesOf = async ({ id }: Budget, query = ""): Promise<readonly BudgetValue[]> =>
  must("GET", `/budgets/${id}/values${query}`);
const statusOf = ({ id }: Budget, value: string | null): Promise<BudgetStatus> =>
  must("GET", `/budgets/${id}/status?${value === null ? "without_value=true" : `value=${encodeURIComponent(value)}`}`);
const dayMs = 86_400_000;
const ago = (days: number): string => new Date(Date.now() - days * dayMs).toISOString();

describe("an amount for each value", () => {
  const app = { tags: ["app:values"] };
  const calls: readonly (readonly [string, { [name: string]: unknown; tags: Readonly<Record<string, string>> }])[] = [
    ["0.1", { project_id: "p1", user_id: "ada", tags: { run: "1" } }],
    ["0.02", { project_id: "both", user_id: "ada", tags: { run: "2" }, occurred_at: ago(2) }],
    ["0.003", { project_id: "p3", model: "gpt-4o-mini", tags: { run: "1" } }],
    ["0.0004", { project_id: "nobodys", user_id: "bob", provider: "anthropic", tags: {}, occurred_at: ago(1) }],
    ["0.00005", { model: "claude", tags: { run: "" }, occurred_at: ago(1) }],
    ["0.000006", { user_id: "bob", tags: { run: "2" }, occurred_at: ago(3) }],
  ];
  const expected: readonly (readonly [
    per: string,
    values: Readonly<Record<string, string>>,
    none: string | undefined,
  ])[] = [
    ["user", { ada: "0.12", bob: "0.000406" }, "0.00305"],
    ["project", { p1: "0.1", both: "0.02", p3: "0.003", nobodys: "0.0004" }, "0.000056"],
    ["team", { red: "0.12", blue: "0.023" }, "0.000456"],
    ["model", { "gpt-4o": "0.120406", "gpt-4o-mini": "0.003", claude: "0.00005" }, undefined],
    ["provider", { openai: "0.123056", anthropic: "0.0004" }, undefined],
    ["tag:run", { "1": "0.103", "2": "0.020006", "": "0.00005" }, "0.0004"],
  ];
  let taken: string;
  beforeAll(async () => {
    for (const [cost, { tags, ...fields }] of calls) {
      await record(cost, { ...fields, tags: { ...tags, app: "values" } });
      await record("5", { ...fields, tags });
    }
    taken = (await record("0.9", { user_id: "ada", project_id: "p1", tags: { app: "values", run: "1" } })).id;
    await must("DELETE", `/costs/${taken}`).catch(() => undefined);
  }, 60_000);

  it.each(expected)("counts what the ledger has of each %s, and what has none by itself", async (per, values, none) => {
    const soft = await makeBudget({ per, scope: app });
    const listed = new Map((await valuesOf(soft)).map(({ value, spent }) => [value, spent]));
    for (const [value, spent] of Object.entries(values)) {
      expect([value, listed.get(value), (await statusOf(soft, value)).spent]).toEqual([value, spent, spent]);
    }
    expect((await statusOf(soft, null)).spent).toBe(none ?? "0");
    if (none !== undefined) expect(listed.get(null)).toBe(none);
    expect((await statusOf(soft, Object.keys(values)[0] ?? "")).per).toBe(per);
    // A reservation is of the same sums, to the last digit.
    const hard = await makeBudget({ per, scope: app, enforcement: "hard" });
    for (const [value, spent] of [...Object.entries(values), ...(none === undefined ? [] : [[null, none] as const])]) {
      const left = await reserveOf(per, value, "0.000000000001");
      const rest = BigInt(Math.round((1 - Number(spent)) * 1e6)) * 1_000_000n - 1n;
      expect([value, picos(remainingOf(left, hard))]).toEqual([value, rest]);
    }
    await must("DELETE", `/budgets/${hard.id}`);
  });

  const projectOf: Readonly<Record<string, string>> = { red: "p1", blue: "p3" };
  const reserveOf = async (per: string, value: string | null, amount: string): Promise<Reservation> => {
    const tags = ["app:values", ...(per === "tag:run" && value !== null ? [`run:${value}`] : [])];
    const field = { user: "user_id", project: "project_id", team: "project_id" }[per] ?? per;
    const label = value === null ? undefined : per === "team" ? projectOf[value] : value;
    return must("POST", "/budgets/reservations", { amount, tags, ...(!per.startsWith("tag:") && { [field]: label }) });
  };
  const remainingOf = ({ budgets }: Reservation, { id }: Budget): string =>
    budgets.find((one) => one.id === id)?.remaining ?? "";
  const picos = (text: string): bigint => {
    const [whole = "0", fraction = ""] = text.split(".");
    return BigInt(whole) * 1_000_000_000_000n + BigInt(fraction.padEnd(12, "0"));
  };

  it("counts a project of several teams in each of them", async () => {
    const budget = await makeBudget({ per: "team", scope: { tags: ["app:teams"] }, enforcement: "hard" });
    const reservation = await must<Reservation>("POST", "/budgets/reservations", {
      ...{ amount: "0.75", project_id: "both", tags: ["app:teams"] },
    });
    expect(reservation.budgets.map(({ id }) => id)).toEqual([budget.id, budget.id]);
    const refused = await ask("POST", "/budgets/reservations", {
      ...{ amount: "0.5", project_id: "p3", tags: ["app:teams"] },
    });
    expect([refused.status, refused.error]).toMatchObject([402, { details: { per: "team", value: "blue" } }]);
    expect((await valuesOf(budget)).map(({ value, reserved }) => [value, reserved]).toSorted()).toEqual([
      ["blue", "0.75"],
      ["red", "0.75"],
    ]);
  });

  it("is given page by page, the most used first", async () => {
    const budget = await makeBudget({ per: "project", scope: app });
    const seen: (string | null)[] = [];
    let cursor = "";
    do {
      const { text } = await ask("GET", `/budgets/${budget.id}/values?limit=2${cursor}`);
      const page = JSON.parse(text) as { data: BudgetValue[]; pagination: { next_cursor: string | null } };
      seen.push(...page.data.map(({ value }) => value));
      cursor = page.pagination.next_cursor === null ? "" : `&cursor=${page.pagination.next_cursor}`;
    } while (cursor !== "");
    expect(seen).toEqual(["p1", "both", "p3", "nobodys", null]);
    expect(await must("GET", `/budgets/${budget.id}/status`)).toMatchObject({ value: "p1", spent: "0.1" });
    expect(await must("GET", `/budgets/current?name=${encodeURIComponent(budget.name)}`)).toMatchObject({
      value: "p1",
    });
  });

  it("is of one amount, and of no value, before anything is spent", async () => {
    const budget = await makeBudget({ per: "user", scope: { tags: ["app:unused"] } });
    const nothing = { per: "user", value: null, spent: "0", state: "ok" };
    expect(await must("GET", `/budgets/${budget.id}/status`)).toMatchObject(nothing);
    expect(await statusOf(budget, "anybody")).toMatchObject({ value: "anybody", spent: "0", remaining: "1" });
    expect(await valuesOf(budget)).toEqual([]);
  });
});

describe("what an amount for each value cannot be", () => {
  it.each([
    [{ per: "region" }, "per"],
    [{ per: "tag:" }, "per"],
    [{ per: "tag:a\u0000" }, "per"],
  ])("%j is refused, naming the field", async (terms, field) => {
    const body = { name: "wrong", amount: "1", period: { kind: "month" }, ...terms };
    const { status, error } = await ask("POST", "/budgets", body);
    expect([status, Object.keys(error.field_errors ?? {})]).toEqual([422, [field]]);
  });

  it("is no whole of which others are parts, and nothing that is transferred; it may itself be within an amount", async () => {
    const per = await makeBudget({ per: "user" });
    const plain = await makeBudget({});
    const refusalOf = async (method: string, path: string, body?: object) => {
      const { status, error } = await ask(method, path, body);
      return [status, Object.keys(error.field_errors ?? {})];
    };
    const child = { name: "child", amount: "1", period: { kind: "month" } };
    expect(await refusalOf("POST", "/budgets", { ...child, parent_id: per.id })).toEqual([422, ["parent_id"]]);
    expect(await refusalOf("POST", "/budgets", { ...child, parent_id: plain.id, per: "user", amount: "2" })).toEqual([
      409,
      ["amount"],
    ]);
    expect((await makeBudget({ parent_id: plain.id, per: "user" })).parent_id).toBe(plain.id);
    expect(await must("GET", `/budgets/${plain.id}/status`)).toMatchObject({ unallocated: null });
    const move = { amount: "0.5" };
    expect(await refusalOf("POST", `/budgets/${per.id}/transfer`, { ...move, to: plain.id })).toEqual([422, ["id"]]);
    expect(await refusalOf("POST", `/budgets/${plain.id}/transfer`, { ...move, to: per.id })).toEqual([422, ["to"]]);
    expect(await refusalOf("PATCH", `/budgets/${per.id}`, { per: "project" })).toEqual([422, ["per", "body"]]);
    expect(await refusalOf("GET", `/budgets/${plain.id}/values`)).toEqual([422, ["id"]]);
    expect(await refusalOf("GET", `/budgets/${plain.id}/status?value=a`)).toEqual([422, ["value"]]);
    expect(await refusalOf("GET", `/budgets/${plain.id}/status?without_value=true`)).toEqual([422, ["without_value"]]);
    expect(await refusalOf("GET", `/budgets/${per.id}/status?value=a&without_value=1`)).toEqual([
      422,
      ["without_value"],
    ]);
    const teams = await makeBudget({ per: "team" });
    expect(await refusalOf("GET", `/budgets/${teams.id}/status?value=green`)).toEqual([422, ["value"]]);
  });
});

describe("a hard budget with an amount for each value", () => {
  it("grants exactly as many of each value as there is room for, whatever comes at once to any process", async () => {
    const scope = { tags: ["app:sessions"] };
    const period = { kind: "prepaid", starts_at: "2020-01-01T00:00:00Z" };
    const budget = await makeBudget({ per: "tag:session", period, amount: "0.07", scope, enforcement: "hard" });
    const sessions = ["a", "b", undefined];
    const asked = sessions.flatMap((session) => Array.from({ length: 40 }, () => session));
    const answers = await Promise.all(
      asked.map(async (session, at) => {
        const tags = ["app:sessions", ...(session === undefined ? [] : [`session:${session}`])];
        const by = at % 2 === 0 ? server : other;
        const { status, error, data } = await ask("POST", "/budgets/reservations", { amount: "0.01", tags }, by);
        return { session, status, error, by, id: status === 201 ? data.id : "" };
      }),
    );
    const granted = answers.filter(({ status }) => status === 201);
    for (const session of sessions) {
      expect([session, granted.filter((one) => one.session === session).length]).toEqual([session, 7]);
      expect((await statusOf(budget, session ?? null)).remaining).toBe("0");
    }
    const refused = answers.find(({ status, session }) => status === 402 && session === "b");
    expect(refused?.error).toMatchObject({
      message: expect.stringContaining('of tag:session "b"'),
      details: { budget_id: budget.id, per: "tag:session", value: "b", limit: "0.07" },
    });
    // The process that made it knows at once that it has ended.
    const { id, by } = granted.find(({ session }) => session === "a") ?? { id: "", by: server };
    expect((await ask("POST", `/budgets/reservations/${id}/settle`, { cost: { amount: "0.004" } }, by)).status).toBe(
      200,
    );
    const used = await statusOf(budget, "a");
    expect([used.spent, used.value]).toEqual(["0.004", "a"]);
    expect((await statusOf(budget, "b")).spent).toBe("0");
    const rest = { amount: "0.006", tags: ["app:sessions", "session:a"] };
    const again = await ask("POST", "/budgets/reservations", rest, by);
    expect(again.status).toBe(201);
  });

  it("counts a call with an amount and no provider as its record will be counted", async () => {
    const price = { provider: "acme-models", input_price_per_million: "1", output_price_per_million: "1" };
    await must("POST", "/pricing", { ...price, model: "even" });
    const tags = ["app:bare"];
    const hard = { enforcement: "hard" };
    const each = await makeBudget({ ...hard, per: "provider", scope: { tags } });
    const one = await makeBudget({ ...hard, scope: { tags, provider: ["acme-models"] } });
    const named = await makeBudget({ ...hard, scope: { tags, model: ["even"] } });
    const nobodys = await makeBudget({ ...hard, scope: { tags, provider: ["unknown"] } });
    const reserve = (call: object) => ask("POST", "/budgets/reservations", { amount: "0.8", tags, ...call });
    for (const call of [{ model: "even" }, { model: "acme-models/even" }]) {
      const { id, provider, budgets } = await must<Reservation>("POST", "/budgets/reservations", {
        ...{ amount: "0.4", tags, ...call },
      });
      expect([provider, budgets.map((told) => told.id).toSorted()]).toEqual([
        "acme-models",
        [each.id, one.id, named.id].toSorted(),
      ]);
      await must("POST", `/budgets/reservations/${id}/settle`, { usage: { input_tokens: 400_000, output_tokens: 0 } });
    }
    expect((await reserve({ model: "even" })).status).toBe(402);
    for (const of of [statusOf(each, "acme-models"), must<BudgetStatus>("GET", `/budgets/${one.id}/status`)]) {
      expect(await of).toMatchObject({ spent: "0.8", reserved: "0" });
    }
    // What nobody knows is recorded as such, whether a model is named or not.
    const { id } = await must<Reservation>("POST", "/budgets/reservations", { amount: "0.8", tags, model: "nobodys" });
    expect((await reserve({ model: "nobodys" })).status).toBe(402);
    await must("POST", `/budgets/reservations/${id}/settle`, { cost: { amount: "0.8" } });
    for (const call of [{ model: "nobodys" }, {}]) expect((await reserve(call)).status).toBe(402);
    expect((await statusOf(each, "unknown")).spent).toBe("0.8");
    expect(await must("GET", `/budgets/${nobodys.id}/status`)).toMatchObject({ spent: "0.8", reserved: "0" });
  });

  it("lets an approval of a call through for all teams of its project, and for no team besides", async () => {
    const scope = { tags: ["app:team-asks"] };
    const approvable = { amount: "0", enforcement: "hard", at_limit: { action: "approve" } };
    const budget = await makeBudget({ per: "team", scope, ...approvable });
    const reserve = (project: string, approval?: string) =>
      ask("POST", "/budgets/reservations", {
        ...{ amount: "0.5", tags: scope.tags, project_id: project, approval_id: approval },
      });
    const approvalOf = async (project: string): Promise<string> => {
      const { error } = await reserve(project);
      const { approval_id: id } = (error as unknown as { details: { approval_id: string } }).details;
      await must("POST", `/budgets/approvals/${id}/approve`);
      return id;
    };
    const ofOne = await approvalOf("p1");
    expect((await reserve("both", ofOne)).status).toBe(402);
    const ofBoth = await approvalOf("both");
    expect((await reserve("both", ofBoth)).status).toBe(201);
    expect([(await statusOf(budget, "red")).reserved, (await statusOf(budget, "blue")).reserved]).toEqual([
      "0.5",
      "0.5",
    ]);
    expect((await reserve("both", ofBoth)).status).toBe(422);
    expect((await reserve("p1", ofOne)).status).toBe(201);
  });

  it("lets an approval through for the value that it was given for alone", async () => {
    const scope = { tags: ["app:asks"] };
    const budget = await makeBudget({
      per: "user",
      amount: "0",
      scope,
      enforcement: "hard",
      at_limit: { action: "approve" },
    });
    const call = { amount: "0.5", tags: ["app:asks"] };
    const refused = await ask("POST", "/budgets/reservations", { ...call, user_id: "ada" });
    const { approval_id: approvalId } = (refused.error as unknown as { details: { approval_id: string } }).details;
    await must("POST", `/budgets/approvals/${approvalId}/approve`);
    const approved = { ...call, approval_id: approvalId };
    expect((await ask("POST", "/budgets/reservations", { ...approved, user_id: "bob" })).status).toBe(402);
    expect((await ask("POST", "/budgets/reservations", { ...approved, user_id: "ada" })).status).toBe(201);
    expect((await statusOf(budget, "ada")).reserved).toBe("0.5");
  });
});
