import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sumLedger } from "../costs/ledger-sum.ts";
import type { StoreConnection } from "../store/connection.ts";
import { testedStore } from "../store/database-fixture.ts";
import { installationWrite, storeWrite } from "../store/operation.ts";
import type { LeaseAnswer } from "./budget-leases.ts";
import { type LeasesUnderTest, openLeases, organizationId } from "./leases-fixture.ts";
import { standingOf } from "./standing.ts";

const usd = 1_000_000_000_000n;
const startMs = Date.UTC(2026, 2, 10, 12, 30);

let under: LeasesUnderTest;
beforeAll(async () => {
  under = await openLeases(startMs);
});
afterAll(() => under.close());

const brief = ({ held, spent, heldByOthers, recalled, isRecalled }: LeaseAnswer) => ({
  held: held / usd,
  spent: spent / usd,
  others: heldByOthers / usd,
  ...(recalled.length > 0 && { isRecalling: true }),
  ...(isRecalled && { isRecalled }),
});
const standing = async (id: string) =>
  standingOf(under.query, await under.budgets.find({ organizationId }, { id }), under.nowMs);

/** What retention says when it has dropped single records of before. */
const keepFrom = installationWrite("test.keepFrom", async (connection, { atMs }: { readonly atMs: number }) => {
  await connection.run("UPDATE settings SET value = ? WHERE key = 'records_kept_from'", atMs);
});

/** A budget of ten dollars that counts what no other test spends. */
const tenDollars = async (terms: object = {}) => {
  users += 1;
  const user = `user ${users}`;
  const { id } = await under.budget({ scope: { user_id: [user] }, ...terms });
  return {
    id,
    renew: (process: string, ask: Parameters<LeasesUnderTest["renew"]>[2]) => under.renew(process, id, ask),
    spend: (dollars: bigint, fields: object = {}) => under.spend(dollars * usd, { user_id: user, ...fields }),
  };
};
let users = 0;

describe("what a process holds of a hard budget", () => {
  it("is what it needs as far as there is any, to the last pico and no further", async () => {
    const { renew, spend } = await tenDollars();
    await spend(2n);
    expect(brief(await renew("a", { need: 5n * usd }))).toEqual({ held: 5n, spent: 2n, others: 0n });
    expect((await renew("b", { need: 3n * usd + 1n })).held).toBe(0n);
    expect((await renew("b", { need: 3n * usd })).held).toBe(3n * usd);
    expect(await renew("c", { need: 1n })).toMatchObject({ held: 0n, limit: 10n * usd, periodEndsAtMs: undefined });
    expect((await renew("b", { allocated: 3n * usd - 1n })).held).toBe(3n * usd - 1n);
    expect((await renew("c", { need: 1n })).held).toBe(1n);
  });

  it("is of the reservations that wait each whole or nothing, the first one first", async () => {
    const { renew } = await tenDollars();
    const waiting = [4n * usd, 7n * usd, 5n * usd, 2n * usd, usd];
    expect((await renew("a", { needs: waiting })).held).toBe(10n * usd);
    expect((await renew("a", { allocated: 5n * usd, needs: [6n * usd, 3n * usd, 3n * usd] })).held).toBe(8n * usd);
    expect((await renew("b", { needs: [3n * usd, 2n * usd] })).held).toBe(2n * usd);
  });

  it("goes beyond its need by half of an even share of what is left, and nothing where that is not met", async () => {
    const { renew } = await tenDollars();
    expect((await renew("a", { need: 2n * usd, want: 10n * usd })).held).toBe(6n * usd);
    expect((await renew("b", { want: 2n * usd })).held).toBe(1n * usd);
    expect((await renew("c", { want: 100n })).held).toBe(100n);
    expect((await renew("d", { need: 9n * usd, want: 20n * usd })).held).toBe(0n);
  });

  it("is never less than what it has allocated, also where the budget became smaller or is spent", async () => {
    const { id, renew, spend } = await tenDollars();
    await renew("a", { need: 6n * usd });
    await under.budgets.update({ organizationId }, id, { picos: (2n * usd).toString() });
    expect(brief(await renew("a", { allocated: 6n * usd, need: 1n * usd }))).toMatchObject({ held: 6n });
    await spend(9n);
    expect(brief(await renew("a", { allocated: 5n * usd, need: usd, want: usd }))).toMatchObject({
      held: 5n,
      spent: 9n,
    });
    expect((await renew("b", { need: 1n })).held).toBe(0n);
  });

  it("counts until it expires and no longer, whoever died with it", async () => {
    const { renew } = await tenDollars();
    await renew("dead", { need: 8n * usd, expiresAtMs: under.nowMs + 30_000 });
    expect(brief(await renew("a", { need: 5n * usd }))).toEqual({ held: 0n, spent: 0n, others: 8n, isRecalling: true });
    under.nowMs += 29_999;
    expect(brief(await renew("a", { need: 5n * usd }))).toEqual({ held: 0n, spent: 0n, others: 8n });
    under.nowMs += 1;
    expect(brief(await renew("a", { need: 5n * usd }))).toEqual({ held: 5n, spent: 0n, others: 0n });
  });

  it("is asked back from those who are alive and hold more than they use, and from nobody else", async () => {
    const { id, renew } = await tenDollars();
    const recalls = async (process: string) =>
      (await under.leases.recalls(process)).filter(({ budgetId }) => budgetId === id);
    await renew("silent", { need: 1n * usd });
    under.nowMs += 3_000;
    await renew("idle", { need: 4n * usd });
    await renew("busy", { need: 3n * usd });
    await renew("busy", { allocated: 3n * usd });
    expect(brief(await renew("a", { need: 5n * usd }))).toEqual({ held: 0n, spent: 0n, others: 8n, isRecalling: true });
    expect(await recalls("idle")).toEqual([{ organizationId, budgetId: id, value: "" }]);
    for (const process of ["busy", "silent", "a"]) expect(await recalls(process)).toEqual([]);
    // What it needs it gets; nothing in advance while others wait.
    expect(brief(await renew("idle", { allocated: 1n * usd, want: 2n * usd }))).toMatchObject({
      held: 1n,
      isRecalled: true,
    });
    expect(await recalls("idle")).toEqual([]);
    expect(brief(await renew("a", { need: 5n * usd }))).toEqual({ held: 5n, spent: 0n, others: 5n });
    expect(brief(await renew("idle", { allocated: 1n * usd }))).toEqual({ held: 1n, spent: 0n, others: 9n - 3n + 3n });
  });

  it("is given back whole by whoever holds nothing any more, and gone with a budget that is deleted", async () => {
    const { id, renew } = await tenDollars();
    await renew("a", { need: 10n * usd });
    // How much of it is reserved the process alone knows: at most all.
    expect((await standing(id)).reserved).toBe("10");
    await renew("a", { allocated: 7n * usd });
    expect(await standing(id)).toMatchObject({ reserved: "7", remaining: "3", utilization: "0.7000" });
    await renew("a", {});
    expect(brief(await renew("b", { need: 10n * usd }))).toEqual({ held: 10n, spent: 0n, others: 0n });
    await under.budgets.remove({ organizationId }, id);
    expect(await under.leases.renew(organizationId, "b", [ask(id)])).toEqual([]);
  });

  it("is renewed of several budgets in one go, and of those that are left where one is gone", async () => {
    const [one, two] = [await tenDollars(), await tenDollars({ tokens: 1_000 })];
    const answers = await under.leases.renew(organizationId, "a", [
      ask(one.id, 3n * usd),
      ask("budget_nobodys", 1n),
      ask(two.id, 1_000n),
    ]);
    expect(answers.map(({ budgetId, held, limit }) => [budgetId, held, limit])).toEqual([
      [one.id, 3n * usd, 10n * usd],
      [two.id, 1_000n, 1_000n],
    ]);
    expect(await standing(two.id)).toMatchObject({ unit: "tokens", reserved: "1000", remaining: "0" });
  });

  it("is of the organization's own budgets alone", async () => {
    const { id } = await tenDollars();
    expect(await under.leases.renew("another", "a", [ask(id, 1n)])).toEqual([]);
  });
});

const ask = (budgetId: string, need = 0n) => ({
  budgetId,
  allocated: 0n,
  needs: [need],
  want: need,
  expiresAtMs: under.nowMs + 1_000,
});

describe("what is spent of a hard budget", () => {
  it("is what the ledger has at that moment: costs, what is undone, other currencies, what arrives late", async () => {
    const { id, renew, spend } = await tenDollars();
    const first = await spend(4n);
    await spend(5n, { currency: "EUR" });
    await spend(1n, { occurred_at: "2024-02-29T23:59:59Z" });
    expect((await renew("a", {})).spent).toBe(5n * usd);
    await under.undo(first);
    expect((await renew("a", {})).spent).toBe(1n * usd);
    expect((await standing(id)).spent).toBe("1");
  });

  it("begins anew with a period of its calendar, while what is reserved stays", async () => {
    const { renew, spend } = await tenDollars({ period: { kind: "day", time_zone: "America/New_York" } });
    await spend(9n);
    const ends = Date.UTC(2026, 2, 11, 4);
    expect(await renew("a", { need: 1n * usd })).toMatchObject({ spent: 9n * usd, held: usd, periodEndsAtMs: ends });
    const before = under.nowMs;
    under.nowMs = ends;
    const next = await renew("b", { need: 10n * usd, expiresAtMs: ends + 60_000 });
    expect(next).toMatchObject({ spent: 0n, held: 10n * usd, periodEndsAtMs: ends + 86_400_000 });
    under.nowMs = before;
  });

  it("of a rolling period is what its last hours have", async () => {
    const { renew, spend } = await tenDollars({ period: { kind: "rolling", rolling_hours: 2 } });
    const at = (minutes: number) => ({ occurred_at: new Date(under.nowMs - minutes * 60_000).toISOString() });
    for (const minutes of [0, 1, 31, 61, 119, 120, 121, 600]) await spend(1n, at(minutes));
    expect(await renew("a", {})).toMatchObject({ spent: 5n * usd, periodEndsAtMs: undefined });
  });

  it("is told of a budget that became soft, as of any other", async () => {
    const { id, renew, spend } = await tenDollars();
    await spend(2n);
    await under.budgets.update({ organizationId }, id, { enforcement: "soft" });
    expect(brief(await renew("a", { need: 8n * usd }))).toMatchObject({ held: 8n, spent: 2n });
  });

  it("leaves no room where nobody can tell it any more, for single records of the period are not kept", async () => {
    const other = await openLeases(startMs);
    const { id } = await other.budget({ period: { kind: "rolling", rolling_hours: 36 } });
    for (const hours of [48, 26, 0]) {
      await other.spend(usd, { occurred_at: new Date(startMs - hours * 3_600_000).toISOString() });
    }
    expect(brief(await other.renew("a", id, { need: usd }))).toEqual({ held: 1n, spent: 2n, others: 0n });
    await other.store.run(keepFrom, { atMs: Date.UTC(2026, 2, 10) });
    const answer = await other.renew("a", id, { allocated: usd, need: usd });
    expect(brief(answer)).toEqual({ held: 1n, spent: 10n, others: 0n });
    await other.close();
  });

  it("follows a scope that changes", async () => {
    const { id, renew, spend } = await tenDollars();
    await spend(3n, { project_id: "a project of its own" });
    expect((await renew("a", {})).spent).toBe(3n * usd);
    await under.budgets.update({ organizationId }, id, { scope: { project_id: ["another"] } });
    expect((await renew("a", {})).spent).toBe(0n);
  });
});

describe("what is appended while the sum is under way", () => {
  it("is never taken from what was committed before, though statements of the database see it one after the other", async () => {
    const user = "racing";
    // Midnight in New York: the day's sum less that of its first four hours, to which records are added meanwhile.
    const at = (instant: string) => ({ project_id: user, occurred_at: instant });
    await under.spend(1n * usd, at("2026-03-10T01:00:00Z"));
    await under.spend(3n * usd, at("2026-03-10T10:00:00Z"));
    let raced = 0;
    const sum = storeWrite(
      "test.sum",
      (connection, { organizationId: organization }: { readonly organizationId: string }) => {
        const race = async (): Promise<void> => {
          if (connection.dialect === "sqlite") return;
          raced += 1;
          await under.spend(1n * usd, at("2026-03-10T01:00:00Z"));
        };
        const racing: StoreConnection = {
          ...connection,
          all: async (sql, ...values) => {
            await race();
            return connection.all(sql, ...values);
          },
          get: async (sql, ...values) => {
            await race();
            return connection.get(sql, ...values);
          },
        };
        const question = {
          period: { fromMs: Date.UTC(2026, 2, 10, 4), toMs: Date.UTC(2026, 2, 11, 4), zone: "America/New_York" },
          filter: { dimensions: { project_id: [user] }, tags: [] },
        };
        return sumLedger(racing, organization, question, { currency: "USD" });
      },
      "it changes nothing",
    );
    expect(await under.store.run(sum, { organizationId })).toBe(3n * usd);
    expect(raced > 3 || testedStore() === "sqlite").toBe(true);
    under.nowMs = startMs;
    const { id } = await under.budget({
      scope: { project_id: [user] },
      period: { kind: "day", time_zone: "America/New_York" },
    });
    expect((await under.renew("a", id, {})).spent).toBe(3n * usd);
  });
});

describe("many processes at once", () => {
  it("spend a budget to its last cent and not beyond, each settling before it asks with less", async () => {
    const { id, renew, spend } = await tenDollars({ amount: "23" });
    await spend(0n);
    const work = async (process: string): Promise<void> => {
      for (;;) {
        if ((await renew(process, { need: usd })).held < usd) return;
        await renew(process, { allocated: usd });
        await spend(1n);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, n) => work(`process ${n}`)));
    // What one settled after others were refused is room that they did not wait for.
    await work("the last one");
    expect(await standing(id)).toMatchObject({ spent: "23", reserved: "0", remaining: "0", state: "exceeded" });
  });
});
