/** What caching saved, on the way from a call to its sums, on every store. */
import { PricingInput, PricingUpdate, type UsageRecord } from "@llm-cost-ops/contract";
import { formatMoney } from "@llm-cost-ops/core";
import fc from "fast-check";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import { createPriceBook } from "../pricing/price-book.sql.ts";
import { priceWaiting } from "../pricing/price-waiting.sql.ts";
import { createRepricings } from "../pricing/repricings.ts";
import { storeRead, storeWrite } from "../store/operation.ts";
import { checkLedgerOperation } from "./check-ledger.sql.ts";
import { explainUsage, getUsage, updateLabels, voidRecord } from "./operations.sql.ts";
import { batchOf, pricedStores, type StoreWithLedger } from "./store-with-ledger-fixture.ts";

const organizationId = "acme";
const always = { fromMs: null, toMs: null, provider: null, model: null };
const now = (): number => Date.UTC(2026, 5, 1);

const server = sharedPostgres();
afterAll(() => server.drop());

const savedInRollups = storeRead("test.savedInRollups", async (connection, of: { readonly organizationId: string }) => {
  const row = await connection.get<{ readonly milli: string; readonly pico: string }>(
    `SELECT CAST(coalesce(sum(saved_milli), 0) AS TEXT) AS milli, CAST(coalesce(sum(saved_pico), 0) AS TEXT) AS pico
     FROM rollup_daily WHERE organization_id = ?`,
    of.organizationId,
  );
  return formatMoney(BigInt(row?.milli ?? "0") * 1_000_000_000n + BigInt(row?.pico ?? "0"));
});

/** Leaves records as they were before savings were computed. */
const forgetSavings = storeWrite("test.forgetSavings", async (connection, of: { readonly organizationId: string }) => {
  await connection.run(
    "UPDATE records SET saved_milli = NULL, saved_pico = NULL WHERE organization_id = ?",
    of.organizationId,
  );
  for (const table of ["rollup_hourly", "rollup_daily", "rollup_user_daily"]) {
    await connection.run(
      `UPDATE ${table} SET saved_milli = 0, saved_pico = 0 WHERE organization_id = ?`,
      of.organizationId,
    );
  }
});

/** Changes what only a fault could change. */
const damageSavings = storeWrite("test.damageSavings", async (connection, of: { readonly organizationId: string }) =>
  connection.run("UPDATE rollup_hourly SET saved_pico = saved_pico + 1 WHERE organization_id = ?", of.organizationId),
);

const stores = pricedStores(now, () => server.databaseWithSchema());

describe.each(stores)("what caching saved on %s", (_, open) => {
  let tested: StoreWithLedger;
  beforeEach(async () => {
    tested = await open();
  });
  afterEach(() => tested.close());

  const append = (...records: readonly object[]) => tested.ledger.append(organizationId, batchOf(records));
  const named = (id: string) => ({ organizationId, id });
  const usage = (id: string): Promise<UsageRecord> => tested.store.run(getUsage, named(id));
  const savedOn = async (id: string): Promise<string | null> => (await usage(id)).cache_savings;
  /** 600 fresh and 400 cached tokens, which cost half. */
  const call = {
    id: "a",
    provider: "openai",
    model: "gpt-4o",
    input_tokens: 1_000,
    cached_tokens: 400,
    output_tokens: 100,
    user_id: "ann",
    occurred_at: "2026-05-10T12:00:00Z",
  };

  /** What the rollups sum to, which must be what the records say. */
  async function saved(): Promise<string> {
    expect(await tested.store.run(checkLedgerOperation, {})).toMatchObject({ differences: 0, reported: [] });
    return tested.store.run(savedInRollups, { organizationId });
  }

  const price = (terms: object) =>
    createPriceBook(tested.store).create(
      organizationId,
      PricingInput.parse({ provider: "openai", model: "gpt-4o", ...terms }),
    );
  async function reprice(): Promise<string> {
    const repricings = createRepricings(tested.store, now);
    const { id } = await repricings.create(organizationId, always, "me", null);
    await repricings.apply(organizationId, id);
    return id;
  }
  const undo = (id: string) => createRepricings(tested.store, now).undo(organizationId, id);
  /** Half the input price, and nothing for what is cached. */
  const cheaper = { input_price_per_million: 1, output_price_per_million: 10, cached_input_discount: 1 };

  it("is kept with the record and explained so that a person can redo it", async () => {
    await append(call, { ...call, id: "b", cached_tokens: 0 });
    expect([await savedOn("a"), await savedOn("b"), await saved()]).toEqual(["0.0005", "0", "0.0005"]);
    const proof = await tested.store.run(explainUsage, named("a"));
    expect(proof.savings).toEqual([
      {
        kind: "cache_read",
        quantity: 400,
        amount: "0.0005",
        formula: "400 × $2.50 / 1,000,000 − 400 × $1.25 / 1,000,000 = $0.0005",
      },
    ]);
    expect(proof.verified).toBe(true);
  });

  it("is not known of what has no price, was reported or never charged", async () => {
    await append({ ...call, id: "unpriced", model: "nobody-knows" });
    await tested.ledger.append(
      organizationId,
      batchOf(
        [{ id: "reported", provider: "openai", model: "gpt-4o", cost: "1", occurred_at: call.occurred_at }],
        "cost",
      ),
    );
    expect([await savedOn("unpriced"), await savedOn("reported"), await saved()]).toEqual([null, null, "0"]);
  });

  it("of any calls sums in the rollups to that of the records, also where it is large", async () => {
    const prices = { "gpt-4o": ["openai", 1_250_000n], "claude-sonnet-4-5": ["anthropic", 2_700_000n] } as const;
    const calls = fc.array(
      fc.record({
        model: fc.constantFrom("gpt-4o" as const, "claude-sonnet-4-5" as const),
        cached: fc.oneof(fc.nat(5_000), fc.constant(2 ** 51)),
        fresh: fc.nat(5_000),
        hour: fc.nat(70),
        user: fc.constantFrom("ann", "bob", null),
      }),
      { minLength: 1, maxLength: 30 },
    );
    let made = 0;
    let total = 0n;
    await fc.assert(
      fc.asyncProperty(calls, async (some) => {
        const records = some.map(({ model, cached, fresh, hour, user }) => {
          made += 1;
          total += BigInt(cached) * prices[model][1];
          return {
            id: `c-${made}`,
            provider: prices[model][0],
            model,
            input_tokens: cached + fresh,
            cached_tokens: cached,
            output_tokens: 1,
            user_id: user,
            occurred_at: new Date(Date.UTC(2026, 3, 29, hour)).toISOString(),
          };
        });
        await append(...records);
        expect(await saved()).toBe(formatMoney(total));
      }),
      { numRuns: 8 },
    );
  });

  it("follows a repricing, its undoing, other tags and a void", async () => {
    await append(call);
    await price(cheaper);
    const id = await reprice();
    expect([await savedOn("a"), await saved()]).toEqual(["0.0004", "0.0004"]);
    expect((await tested.store.run(explainUsage, named("a"))).savings.map(({ amount }) => amount)).toEqual(["0.0004"]);
    await undo(id);
    expect([await savedOn("a"), await saved()]).toEqual(["0.0005", "0.0005"]);
    await tested.store.run(updateLabels, { ...named("a"), tags: { team: "web" } });
    expect([await savedOn("a"), await saved()]).toEqual(["0.0005", "0.0005"]);
    await tested.store.run(voidRecord, named("a"));
    expect([await savedOn("a"), await saved()]).toEqual(["0", "0"]);
    expect((await tested.store.run(explainUsage, named("a"))).savings).toEqual([]);
  });

  it("comes with a price that comes late", async () => {
    await append({ ...call, model: "gpt-next" });
    expect(await savedOn("a")).toBeNull();
    await price({ ...cheaper, model: "gpt-next" });
    await tested.store.run(priceWaiting, { organizationId });
    expect([await savedOn("a"), await saved()]).toEqual(["0.0004", "0.0004"]);
  });

  it("stays unknown of records of before until they are priced again, and is unknown again after the undoing", async () => {
    await append(call, { ...call, id: "b" });
    await tested.store.run(forgetSavings, { organizationId });
    expect([await savedOn("a"), await saved()]).toEqual([null, "0"]);
    await tested.store.run(updateLabels, { ...named("b"), tags: { team: "web" } });
    await price(cheaper);
    const id = await reprice();
    expect([await savedOn("a"), await savedOn("b"), await saved()]).toEqual(["0.0004", "0.0004", "0.0008"]);
    await undo(id);
    expect([await savedOn("a"), await savedOn("b"), await saved()]).toEqual([null, null, "0"]);
    await tested.store.run(voidRecord, named("a"));
    expect([await savedOn("a"), await saved()]).toEqual([null, "0"]);
  });

  it.each([
    ["what it was", "0.0005", "0.001"],
    ["unknown where it was", null, "0"],
  ])("is %s once two repricings are undone, the first before the second", async (_name, own, sum) => {
    await append(call, { ...call, id: "b" });
    if (own === null) await tested.store.run(forgetSavings, { organizationId });
    const { id: priceId } = await price(cheaper);
    const first = await reprice();
    const dearer = PricingUpdate.parse({ input_price_per_million: 4, effective_date: "2026-05-01" });
    await createPriceBook(tested.store).update(organizationId, priceId, dearer);
    const second = await reprice();
    expect([await savedOn("a"), await saved()]).toEqual(["0.0016", "0.0032"]);
    await undo(first);
    await saved();
    await undo(second);
    expect([await savedOn("a"), await savedOn("b"), await saved()]).toEqual([own, own, sum]);
  });

  const preview = () => createRepricings(tested.store, now).create(organizationId, always, "me", null);

  it("of before is known once a repricing covers it, though its cost stays, and unknown again after the undoing", async () => {
    await append(call, { ...call, id: "b", cached_tokens: 0 });
    const { total_cost: cost } = await usage("a");
    await tested.store.run(forgetSavings, { organizationId });
    const { records_changed, records_same_cost, by_currency } = await preview();
    expect([records_changed, records_same_cost]).toEqual([2, 2]);
    expect(by_currency).toMatchObject([
      { difference: "0", savings: { before: "0", after: "0.0005", difference: "0.0005" } },
    ]);
    const id = await reprice();
    expect([await savedOn("a"), await savedOn("b"), await saved()]).toEqual(["0.0005", "0", "0.0005"]);
    expect(await usage("a")).toMatchObject({ total_cost: cost });
    const { corrections, savings, verified } = await tested.store.run(explainUsage, named("a"));
    expect(corrections).toMatchObject([{ reason: "reprice", amount: "0" }]);
    expect([savings.map(({ amount }) => amount), verified]).toEqual([["0.0005"], true]);
    expect(await preview()).toMatchObject({ records_changed: 0, records_same_cost: 0 });
    await undo(id);
    expect([await savedOn("a"), await savedOn("b"), await saved()]).toEqual([null, null, "0"]);
  });

  const ratesOf = (rates: Readonly<Record<string, string>>) => ({
    rates: Object.entries(rates).map(([kind, each]) => ({ kind, price: each, per: 1_000_000 })),
  });
  /** Its plain price is of no account for what it costs. */
  const cachedCall = { ...call, input_tokens: 1_000_000, cached_tokens: 1_000_000, output_tokens: 0 };
  /** Reprices by what is true since this day, of which each is later than that of before. */
  async function repriceBy(day: string, rates: Readonly<Record<string, string>>): Promise<string> {
    const priceBook = createPriceBook(tested.store);
    const terms = { ...ratesOf(rates), effective_date: day };
    if (priceId === undefined) ({ id: priceId } = await price(terms));
    else ({ id: priceId } = await priceBook.update(organizationId, priceId, PricingUpdate.parse(terms)));
    return reprice();
  }
  let priceId: string | undefined;
  beforeEach(() => {
    priceId = undefined;
  });

  it("follows a plain price alone, which no cost depends on", async () => {
    await append(cachedCall);
    await repriceBy("2026-05-01", { input: "3", output: "15", cache_read: "0.3" });
    expect([await savedOn("a"), await saved()]).toEqual(["2.7", "2.7"]);
    const first = await repriceBy("2026-05-02", { input: "6", output: "15", cache_read: "0.3" });
    expect([await savedOn("a"), await saved()]).toEqual(["5.7", "5.7"]);
    const second = await repriceBy("2026-05-03", { input: "9", output: "15", cache_read: "0.3" });
    expect(await usage("a")).toMatchObject({ total_cost: "0.3", cache_savings: "8.7" });
    const proved = async () => (await tested.store.run(explainUsage, named("a"))).verified;
    expect([await saved(), await proved()]).toEqual(["8.7", true]);
    // The first before the second: its difference goes, and no one price gives what is left.
    await undo(first);
    expect([await savedOn("a"), await saved(), await proved()]).toEqual(["5.7", "5.7", true]);
    await undo(second);
    expect([await savedOn("a"), await saved(), await proved()]).toEqual(["2.7", "2.7", true]);
  });

  it.each([
    ["first before the second", ["first", "second"], [null, "2.7"]],
    ["second before the first", ["second", "first"], [null, "2.7"]],
  ] as const)("is as it was where a price between had no plain one, the %s undone", async (_name, order, expected) => {
    await append(cachedCall);
    await repriceBy("2026-05-01", { input: "3", output: "15", cache_read: "0.3" });
    const first = await repriceBy("2026-05-02", { output: "15", cache_read: "0.5" });
    expect([await savedOn("a"), await saved()]).toEqual([null, "0"]);
    const second = await repriceBy("2026-05-03", { input: "4", output: "15", cache_read: "0.4" });
    expect([await savedOn("a"), await saved()]).toEqual(["3.6", "3.6"]);
    for (const [at, which] of order.entries()) {
      await undo({ first, second }[which]);
      expect([await savedOn("a"), await saved()]).toEqual([expected[at], expected[at] ?? "0"]);
    }
    expect(await usage("a")).toMatchObject({ total_cost: "0.3" });
  });

  it("refuses a call whose saving cannot be counted exactly", async () => {
    await price({ model: "gpt-dear", ...cheaper, input_price_per_million: 1_000_000_000_000 });
    const tokens = { input_tokens: 2 ** 50, cached_tokens: 2 ** 50, output_tokens: 0 };
    const [item] = await append({ ...call, ...tokens, model: "gpt-dear" });
    expect(item?.error).toMatchObject({ code: "USAGE_003", message: expect.stringContaining("saving by caches") });
    expect(await saved()).toBe("0");
  });

  it("is compared with the records by the ledger's check", async () => {
    await append(call);
    await tested.store.run(damageSavings, { organizationId });
    const { differences, reported } = await tested.store.run(checkLedgerOperation, {});
    expect(differences).toBe(1);
    expect(reported).toMatchObject([{ table: "rollup_hourly", message: expect.stringContaining("saved_pico is") }]);
  });
});
