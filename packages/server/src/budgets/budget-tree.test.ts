import type { Budget, BudgetAmendment, BudgetStatus, BudgetTransfer } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

let server: PeopleServer;
let key: string;
beforeAll(async () => {
  const folder = temporaryFolder();
  server = await startPeopleServer(await newDatabase(folder.path), folder);
  const { data } = await server.ask(server.adminKey, "POST", "/organizations", { name: "Acme" });
  key = (data as unknown as { readonly api_key: { readonly key: string } }).api_key.key;
}, 120_000);
afterAll(() => server.close());

const ask = (method: string, path: string, body?: unknown, as = key): Promise<Answer> =>
  server.ask(as, method, path, body);
const dataOf = <T>({ status, text, data }: Answer, expected: number): T => {
  expect([status, text]).toEqual([expected, expect.any(String)]);
  return data as unknown as T;
};
let made = 0;
const makeBudget = async (body: object): Promise<Budget> => {
  made += 1;
  const terms = { name: `budget ${made}`, period: { kind: "month" }, ...body };
  return dataOf(await ask("POST", "/budgets", terms), 201);
};
const amountOf = async (id: string): Promise<string | null> =>
  dataOf<Budget>(await ask("GET", `/budgets/${id}`), 200).amount;
const historyOf = async (id: string): Promise<readonly BudgetAmendment[]> =>
  dataOf(await ask("GET", `/budgets/${id}/history`), 200);
const spend = async (project: string, cost: string): Promise<void> => {
  const record = { model: "gpt-4", tokens_used: 10, cost, project_id: project };
  expect((await ask("POST", "/costs", record)).status).toBe(201);
};

/** A refusal as its status and the fields that it blames. */
const refusalOf = ({ status, text }: Answer): unknown => {
  const { error } = JSON.parse(text) as { error: { field_errors?: Record<string, string> } };
  return [status, ...Object.keys(error.field_errors ?? {})];
};
const transfer = (from: Budget, body: object): Promise<Answer> => ask("POST", `/budgets/${from.id}/transfer`, body);

describe("a budget that is a part of another", () => {
  it("has no larger amount than that one, whoever of both changes, and equality is allowed", async () => {
    const parent = await makeBudget({ amount: "100" });
    const child = await makeBudget({ amount: "100", parent_id: parent.id });
    expect(child.parent_id).toBe(parent.id);
    const larger = { name: "larger", amount: "100.000000000001", period: { kind: "day" }, parent_id: parent.id };
    expect(refusalOf(await ask("POST", "/budgets", larger))).toEqual([409, "amount"]);
    const change = (budget: Budget, body: object) => ask("PATCH", `/budgets/${budget.id}`, body);
    expect(refusalOf(await change(child, { amount: "101" }))).toEqual([409, "amount"]);
    expect(refusalOf(await change(parent, { amount: "99.999999999999" }))).toEqual([409, "amount"]);
    expect([await amountOf(parent.id), await amountOf(child.id)]).toEqual(["100", "100"]);
    expect(await historyOf(parent.id)).toEqual([]);
    expect((await change(child, { amount: "50" })).status).toBe(200);
    expect((await change(parent, { amount: "50" })).status).toBe(200);
    expect((await change(child, { parent_id: null, amount: "500" })).status).toBe(200);
    expect(refusalOf(await change(child, { parent_id: parent.id }))).toEqual([409, "amount"]);
  });

  it("shows in the status of that one, with what no part has", async () => {
    const parent = await makeBudget({ amount: "100" });
    const status = async (): Promise<BudgetStatus> => dataOf(await ask("GET", `/budgets/${parent.id}/status`), 200);
    expect(await status()).toMatchObject({ children: [], unallocated: null });
    const zeta = await makeBudget({ name: "zeta part", amount: "70.5", parent_id: parent.id });
    const alpha = await makeBudget({ name: "Alpha part", amount: "20", parent_id: parent.id });
    expect(await status()).toMatchObject({
      children: [
        { budget_id: alpha.id, name: "Alpha part", amount: "20" },
        { budget_id: zeta.id, name: "zeta part", amount: "70.5" },
      ],
      unallocated: "9.5",
    });
    await ask("PATCH", `/budgets/${alpha.id}`, { amount: "100" });
    expect((await status()).unallocated).toBe("-70.5");
  });

  it("has the unit of that one, which is not itself, no part of it, and stays as long as there are parts", async () => {
    const parent = await makeBudget({ amount: "10" });
    const child = await makeBudget({ amount: "10", parent_id: parent.id });
    const grandchild = await makeBudget({ amount: "10", parent_id: child.id });
    for (const [id, parentId] of [
      [parent.id, parent.id],
      [parent.id, grandchild.id],
      [child.id, "budget_nobody"],
    ]) {
      const answer = await ask("PATCH", `/budgets/${id}`, { parent_id: parentId });
      expect(refusalOf(answer)).toEqual([422, "parent_id"]);
    }
    for (const other of [{ tokens: 5 }, { amount: "1", currency: "EUR" }]) {
      const terms = { name: "other", period: { kind: "day" }, parent_id: parent.id, ...other };
      expect(refusalOf(await ask("POST", "/budgets", terms))).toEqual([422, "parent_id"]);
    }
    expect(refusalOf(await ask("DELETE", `/budgets/${child.id}`))).toEqual([409]);
    expect((await ask("DELETE", `/budgets/${grandchild.id}`)).status).toBe(204);
    expect((await ask("DELETE", `/budgets/${child.id}`)).status).toBe(204);
  });

  it("stands below at most eight others", async () => {
    let above = await makeBudget({ amount: "1" });
    for (let depth = 1; depth < 8; depth += 1) above = await makeBudget({ amount: "1", parent_id: above.id });
    const deep = { name: "deep", amount: "1", period: { kind: "day" }, parent_id: above.id };
    expect(refusalOf(await ask("POST", "/budgets", deep))).toEqual([422, "parent_id"]);
  });

  it("brings its own parts along, which count as well", async () => {
    const chain = async (length: number): Promise<readonly [Budget, ...Budget[]]> => {
      const budgets: [Budget, ...Budget[]] = [await makeBudget({ amount: "1" })];
      while (budgets.length < length) {
        budgets.push(await makeBudget({ amount: "1", parent_id: budgets.at(-1)?.id }));
      }
      return budgets;
    };
    const [top, , , fourth, fifth] = await chain(5);
    const [other] = await chain(4);
    await makeBudget({ amount: "1", parent_id: other.id });
    const attach = (under: Budget | undefined) => ask("PATCH", `/budgets/${other.id}`, { parent_id: under?.id });
    expect(refusalOf(await attach(fifth))).toEqual([422, "parent_id"]);
    expect((await attach(fourth)).status).toBe(200);
    const [single] = await chain(1);
    expect(refusalOf(await ask("PATCH", `/budgets/${top.id}`, { parent_id: single.id }))).toEqual([422, "parent_id"]);
    expect((await ask("PATCH", `/budgets/${fifth?.id}`, { parent_id: other.id })).status).toBe(200);
  });

  it("stays under one that whoever is limited to a project does not see", async () => {
    for (const id of ["mine", "more"]) dataOf(await ask("POST", "/projects", { name: id, id }), 201);
    const scopes = ["budgets:read", "budgets:write"];
    const narrow = { name: "mine", scopes, project_id: "mine" };
    const made = dataOf<{ readonly key: string }>(await ask("POST", "/api-keys", narrow), 201);
    const scope = { project_id: ["mine"] };
    const [all, own] = [await makeBudget({ amount: "10" }), await makeBudget({ amount: "9", scope })];
    const part = await makeBudget({ amount: "5", scope, parent_id: all.id });
    const change = (body: object) => ask("PATCH", `/budgets/${part.id}`, body, made.key);
    for (const parent_id of [null, own.id]) expect(refusalOf(await change({ parent_id }))).toEqual([403, "parent_id"]);
    const removed = await ask("DELETE", `/budgets/${part.id}`, undefined, made.key);
    expect(refusalOf(removed)).toEqual([403, "parent_id"]);
    expect(dataOf<Budget>(await ask("GET", `/budgets/${part.id}`), 200).parent_id).toBe(all.id);
    expect((await change({ parent_id: all.id, amount: "4" })).status).toBe(200);
    expect((await ask("PATCH", `/budgets/${part.id}`, { parent_id: own.id })).status).toBe(200);
    expect((await change({ parent_id: null })).status).toBe(200);
    expect((await ask("DELETE", `/budgets/${part.id}`, undefined, made.key)).status).toBe(204);
  });
});

describe("a transfer", () => {
  it("moves an amount exactly, and both histories and one entry of the trail tell of it", async () => {
    const from = await makeBudget({ amount: "100" });
    const to = await makeBudget({ amount: "0.000000000001" });
    const answer = await transfer(from, { to: to.id, amount: "0.1", reason: "search needs more" });
    const done = dataOf<BudgetTransfer>(answer, 200);
    expect([done.from.amount, done.to.amount]).toEqual(["99.9", "0.100000000001"]);
    expect(await historyOf(from.id)).toMatchObject([
      {
        number: 1,
        before: { amount: "100" },
        after: { amount: "99.9" },
        reason: "search needs more",
        transfer: { direction: "to", budget_id: to.id, amount: "0.1" },
      },
    ]);
    expect(await historyOf(to.id)).toMatchObject([
      {
        before: { amount: "0.000000000001" },
        after: { amount: "0.100000000001" },
        transfer: { direction: "from", budget_id: from.id, amount: "0.1" },
      },
    ]);
    const entries = dataOf<readonly object[]>(await ask("GET", "/audit?action=budgets.transfer"), 200);
    expect(entries).toMatchObject([
      {
        resource_id: from.id,
        before: { from: { amount: "100" }, to: { amount: "0.000000000001" } },
        after: { from: { amount: "99.9" }, to: { id: to.id, amount: "0.100000000001" }, transferred: "0.1" },
      },
    ]);
  });

  it("leaves what is spent where it is, unless it is forced, and never less than nothing", async () => {
    await spend("transfers", "60");
    const scope = { project_id: ["transfers"] };
    const from = await makeBudget({ amount: "100", scope });
    const to = await makeBudget({ amount: "1" });
    expect(refusalOf(await transfer(from, { to: to.id, amount: "40.000000000001" }))).toEqual([409, "amount"]);
    expect((await transfer(from, { to: to.id, amount: "40" })).status).toBe(200);
    expect(refusalOf(await transfer(from, { to: to.id, amount: "0.01" }))).toEqual([409, "amount"]);
    expect((await transfer(from, { to: to.id, amount: "10", force: true })).status).toBe(200);
    expect(refusalOf(await transfer(from, { to: to.id, amount: "51", force: true }))).toEqual([409, "amount"]);
    expect([await amountOf(from.id), await amountOf(to.id)]).toEqual(["50", "51"]);
  });

  it("leaves what is reserved too", async () => {
    const from = await makeBudget({ amount: "10", enforcement: "hard", scope: { project_id: ["reserved"] } });
    const to = await makeBudget({ amount: "1" });
    const reserved = await ask("POST", "/budgets/reservations", { amount: "7", project_id: "reserved" });
    expect(reserved.status).toBe(201);
    expect(refusalOf(await transfer(from, { to: to.id, amount: "3.5" }))).toEqual([409, "amount"]);
    expect((await transfer(from, { to: to.id, amount: "3" })).status).toBe(200);
  });

  it("takes what this process holds in advance, for nobody has reserved it", async () => {
    const from = await makeBudget({ amount: "10", enforcement: "hard", scope: { project_id: ["in advance"] } });
    const to = await makeBudget({ amount: "1" });
    for (let at = 0; at < 10; at += 1) {
      const body = { amount: "0.1", project_id: "in advance" };
      expect((await ask("POST", "/budgets/reservations", body)).status).toBe(201);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    const tooMuch = await transfer(from, { to: to.id, amount: "9.000000000001" });
    expect(refusalOf(tooMuch)).toEqual([409, "amount"]);
    expect(tooMuch.error.message).toMatch(/^amount must be at most 9 now, what is neither spent nor held by servers/);
    expect((await transfer(from, { to: to.id, amount: "9" })).status).toBe(200);
    expect((await ask("POST", "/budgets/reservations", { amount: "0.1", project_id: "in advance" })).status).toBe(402);
  });

  it("goes between budgets of one unit, and into none that would be larger than the one above it", async () => {
    const scope = { project_id: ["nothing spent"] };
    const parent = await makeBudget({ amount: "10", scope });
    const [left, right] = [
      await makeBudget({ amount: "8", parent_id: parent.id, scope }),
      await makeBudget({ amount: "5", parent_id: parent.id, scope }),
    ];
    const tokens = await makeBudget({ tokens: 5, scope });
    const more = await makeBudget({ tokens: 1 });
    const wrong: readonly (readonly [Budget, object, unknown])[] = [
      [left, { to: right.id, amount: "6" }, [409, "amount"]],
      [parent, { to: left.id, amount: "2" }, [409, "amount"]],
      [left, { to: left.id, amount: "1" }, [422, "to"]],
      [left, { to: "budget_nobody", amount: "1" }, [422, "to"]],
      [left, { to: tokens.id, amount: "1" }, [422, "to"]],
      [left, { to: right.id, tokens: 1 }, [422, "tokens"]],
      [tokens, { to: more.id, amount: "1" }, [422, "amount"]],
      [tokens, { to: more.id, tokens: 6 }, [409, "tokens"]],
      [left, { to: right.id, amount: "0" }, [422, "amount"]],
      [left, { to: right.id, amount: "-1" }, [422, "amount"]],
      [left, { to: right.id }, [422, "amount"]],
      [left, { amount: "1" }, [422, "to"]],
    ];
    for (const [from, body, expected] of wrong) expect(refusalOf(await transfer(from, body))).toEqual(expected);
    expect((await transfer(left, { to: right.id, amount: "5" })).status).toBe(200);
    const done = dataOf<BudgetTransfer>(await transfer(tokens, { to: more.id, tokens: 5 }), 200);
    expect([done.from.tokens, done.to.tokens]).toEqual([0, 6]);
  });

  it("loses nothing where several happen at the same time", async () => {
    const scope = { project_id: ["nothing spent"] };
    const [one, other] = [await makeBudget({ amount: "10", scope }), await makeBudget({ amount: "10", scope })];
    const moves = Array.from({ length: 20 }, (_, at) =>
      at % 2 === 0 ? transfer(one, { to: other.id, amount: "0.3" }) : transfer(other, { to: one.id, amount: "0.1" }),
    );
    for (const answer of await Promise.all(moves)) expect(answer.status).toBe(200);
    expect([await amountOf(one.id), await amountOf(other.id)]).toEqual(["8", "12"]);
  });
});
