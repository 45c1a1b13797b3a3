import type { Budget, BudgetStatus, Reservation } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

const rounds = 16;
const burst = 200;
const cost = "0.012300000001";
/** From here on a budget that one process made is known to the other. */
const heardMs = 1_500;

let one: PeopleServer;
let two: PeopleServer;
beforeAll(async () => {
  const folder = temporaryFolder();
  one = await startPeopleServer(await newDatabase(folder.path), folder);
  two = await one.another();
}, 120_000);
afterAll(() => one.close());

const ask = (server: PeopleServer, method: string, path: string, body?: unknown): Promise<Answer> =>
  server.ask(one.adminKey, method, path, body);
const dataOf = <T>({ status, text, data }: Answer, expected: number): T => {
  expect([status, text]).toEqual([expected, expect.any(String)]);
  return data as unknown as T;
};
const makeBudget = async (name: string, amount: string): Promise<Budget> => {
  const body = { name, amount, period: { kind: "month" }, enforcement: "hard", scope: { tags: [`case:${name}`] } };
  return dataOf(await ask(one, "POST", "/budgets", body), 201);
};
const reserve = (server: PeopleServer, name: string, amount = cost, more: object = {}): Promise<Answer> =>
  ask(server, "POST", "/budgets/reservations", { amount, tags: [`case:${name}`], ...more });
const statusOf = async ({ id }: Budget): Promise<BudgetStatus> =>
  dataOf(await ask(one, "GET", `/budgets/${id}/status`), 200);
const heard = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, heardMs));
/** So many times the cost. */
const times = (count: number): string => {
  const picos = (BigInt(count) * 12_300_000_001n).toString().padStart(13, "0");
  return `${picos.slice(0, -12)}.${picos.slice(-12)}`;
};

it(`a budget of k costs admits exactly k of ${burst} that come at once to two processes`, async () => {
  const fits = (round: number): number => 1 + ((round * 67) % (burst + 20));
  const budgets: Budget[] = [];
  for (let round = 0; round < rounds; round += 1) budgets.push(await makeBudget(`round${round}`, times(fits(round))));
  await heard();
  for (const [round, budget] of budgets.entries()) {
    const answers = await Promise.all(
      Array.from({ length: burst }, (_, at) => reserve(at % 2 === 0 ? one : two, `round${round}`)),
    );
    const statuses = answers.map(({ status }) => status);
    expect({ round, others: statuses.filter((status) => status !== 201 && status !== 402) }).toEqual({
      round,
      others: [],
    });
    const granted = answers.filter(({ status }) => status === 201);
    expect({ round, granted: granted.length }).toEqual({ round, granted: Math.min(burst, fits(round)) });
    if (round % 6 > 0) continue;
    await vi.waitFor(async () => expect((await statusOf(budget)).reserved).toBe(times(granted.length)), 20_000);
    // A third is settled in the process that did not reserve it, a third in its own, and the rest is released anywhere.
    await Promise.all(
      answers.map(async ({ status, data }, at) => {
        if (status !== 201) return;
        const server = at % 3 === 0 ? [two, one][at % 2] : [one, two][at % 2];
        const path = `/budgets/reservations/${(data as unknown as Reservation).id}/${at % 3 === 2 ? "release" : "settle"}`;
        const body = at % 3 === 2 ? undefined : { cost: { amount: cost } };
        expect((await ask(server as PeopleServer, "POST", path, body)).status).toBe(200);
      }),
    );
    const settled = answers.filter(({ status }, at) => status === 201 && at % 3 !== 2).length;
    await vi.waitFor(
      async () => expect(await statusOf(budget)).toMatchObject({ spent: trimmed(times(settled)), reserved: "0" }),
      20_000,
    );
  }
}, 240_000);

const trimmed = (text: string): string => text.replace(/\.?0+$/, "");

it("the status is exact at once where it was reserved and settled, and elsewhere never below it", async () => {
  const budget = await makeBudget("told", "10");
  await heard();
  const seenBy = async (server: PeopleServer) => {
    const status = dataOf<BudgetStatus>(await ask(server, "GET", `/budgets/${budget.id}/status`), 200);
    return { spent: Number(status.spent), reserved: Number(status.reserved), remaining: Number(status.remaining) };
  };
  const ids: string[] = [];
  for (let count = 1; count <= 16; count += 1) {
    ids.push(dataOf<Reservation>(await reserve(one, "told", "0.5"), 201).id);
    expect(await seenBy(one)).toEqual({ spent: 0, reserved: count / 2, remaining: 10 - count / 2 });
    expect((await seenBy(two)).reserved).toBeGreaterThanOrEqual(count / 2);
  }
  for (const [at, id] of ids.entries()) {
    const body = { cost: { amount: "0.25" } };
    expect((await ask(one, "POST", `/budgets/reservations/${id}/settle`, body)).status).toBe(200);
    const [spent, reserved] = [(at + 1) / 4, (15 - at) / 2];
    expect(await seenBy(one)).toEqual({ spent, reserved, remaining: 10 - spent - reserved });
    const elsewhere = await seenBy(two);
    expect([elsewhere.spent, elsewhere.reserved >= reserved]).toEqual([spent, true]);
  }
  await vi.waitFor(async () => expect(await seenBy(two)).toEqual({ spent: 4, reserved: 0, remaining: 6 }), 20_000);
}, 60_000);

it("what one process holds in advance goes to another that needs it", async () => {
  await makeBudget("lent", "10");
  await heard();
  for (let at = 0; at < 40; at += 1) expect((await reserve(one, "lent", "0.1")).status).toBe(201);
  const answers = await Promise.all(Array.from({ length: 70 }, () => reserve(two, "lent", "0.1")));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(60);
}, 60_000);

it("a reservation settled twice in different processes is recorded once", async () => {
  const budget = await makeBudget("twice", "1");
  await heard();
  const { id } = dataOf<Reservation>(await reserve(one, "twice", "0.5"), 201);
  const settle = (server: PeopleServer) =>
    ask(server, "POST", `/budgets/reservations/${id}/settle`, { cost: { amount: "0.2" } });
  const answers = await Promise.all([settle(one), settle(two), settle(two), settle(one)]);
  for (const answer of answers) expect(dataOf(answer, 200)).toMatchObject({ reservation: "settled" });
  await vi.waitFor(async () => expect(await statusOf(budget)).toMatchObject({ spent: "0.2", reserved: "0" }), 20_000);
});

it("a budget that was lowered in one process holds in the other within two seconds", async () => {
  const budget = await makeBudget("lowered", "1000");
  await heard();
  for (let at = 0; at < 20; at += 1) expect((await reserve(two, "lowered", "0.1")).status).toBe(201);
  expect((await ask(one, "PATCH", `/budgets/${budget.id}`, { amount: "1" })).status).toBe(200);
  await heard();
  // Those that are made already live on, and count.
  expect((await reserve(two, "lowered", "0.1")).status).toBe(402);
});
