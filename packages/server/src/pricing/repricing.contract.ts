import { PricingInput, PricingUpdate, type Repricing, type UsageInput, type UsageRecord } from "@llm-cost-ops/contract";
import { parseMoney } from "@llm-cost-ops/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JobHandler } from "../jobs/job.ts";
import { claimJob } from "../jobs/job-queue.sql.ts";
import { type Store, storeRead, storeWrite } from "../store/operation.ts";
import { checkLedgerOperation } from "../usage/check-ledger.sql.ts";
import { explainUsage, getUsage, voidRecord } from "../usage/operations.sql.ts";
import { batchOf, type StoreWithLedger } from "../usage/store-with-ledger-fixture.ts";
import { catalogueFromFile } from "./catalogue/from-file.ts";
import { createPriceBook } from "./price-book.sql.ts";
import type { PriceBook } from "./price-book.ts";
import { priceWaitingKind } from "./price-changes.sql.ts";
import { pricingJobHandlers } from "./pricing-jobs.ts";
import { advanceStep, beginStep, repriceKind } from "./repricing.sql.ts";
import type { RepricingScope, Repricings } from "./repricing.ts";
import type { RepricingBody } from "./repricing-row.sql.ts";
import { createRepricings } from "./repricings.ts";

const organizationId = "default";
const always: RepricingScope = { fromMs: null, toMs: null, provider: null, model: null };

const rollupCost = storeRead("test.rollupCost", async (connection, of: { readonly organizationId: string }) =>
  connection.get<{ readonly milli: number; readonly pico: number }>(
    `SELECT coalesce(sum(cost_milli), 0) AS milli, coalesce(sum(cost_pico), 0) AS pico FROM rollup_daily
     WHERE organization_id = ?`,
    of.organizationId,
  ),
);
const correctionsOf = storeRead(
  "test.correctionsOf",
  async (connection, of: { readonly organizationId: string; readonly id: string }) =>
    connection.get<{ readonly corrections: number; readonly records: number }>(
      `SELECT count(*) AS corrections, count(DISTINCT corrects_id) AS records FROM records
       WHERE organization_id = ? AND entry = 2 AND repricing_id = ?`,
      of.organizationId,
      of.id,
    ),
);

/** Leaves a preview as it was stored before what caching saved was compared. */
const forgetSavings = storeWrite(
  "test.forgetSavings",
  async (connection, { organizationId: of, id }: { readonly organizationId: string; readonly id: string }) => {
    const row = await connection.get<{ readonly body: string }>(
      "SELECT body FROM repricings WHERE organization_id = ? AND id = ?",
      of,
      id,
    );
    const { records_same_cost: _, ...body } = JSON.parse(row?.body ?? "") as RepricingBody;
    const without = (rows: readonly object[]) => rows.map((one) => ({ ...one, savings: undefined }));
    await connection.run(
      "UPDATE repricings SET body = ? WHERE organization_id = ? AND id = ?",
      JSON.stringify({ ...body, by_currency: without(body.by_currency), difference: without(body.difference) }),
      of,
      id,
    );
  },
);
const noSavings = { before: "0", after: "0", difference: "0" };

/** What late pricing and repricing must do on every store, which is empty and tells the given time. */
export function describeRepricing(name: string, open: (now: () => number) => Promise<StoreWithLedger>): void {
  describe(`prices over time on ${name}`, () => {
    let now = 0;
    let tested: StoreWithLedger;
    let store: Store;
    let book: PriceBook;
    let repricings: Repricings;
    let handlers: Readonly<Record<string, JobHandler>>;

    beforeEach(async () => {
      now = Date.parse("2026-06-01T00:00:00Z");
      tested = await open(() => now);
      ({ store } = tested);
      book = createPriceBook(store);
      repricings = createRepricings(store, () => now);
      handlers = pricingJobHandlers(store);
      const models = [{ model: "gpt-4o", prices: [{ input_price_per_million: 2.5, output_price_per_million: 10 }] }];
      const content = { format: "llm-cost-ops-catalogue", version: 1, providers: [{ id: "openai", models }] };
      await book.applyCatalogue({ ...catalogueFromFile(content), source: "file" });
    });
    afterEach(() => tested.close());

    const call = (id: string, more: Partial<UsageInput> = {}): UsageInput => ({
      id,
      provider: "openai",
      model: "gpt-4o",
      input_tokens: 1_000,
      output_tokens: 100,
      timestamp: "2026-05-10T12:00:00Z",
      ...more,
    });

    async function record(...records: readonly UsageInput[]): Promise<void> {
      const items = await tested.ledger.append(organizationId, batchOf(records));
      const rejected = items.filter(({ status }) => status === "rejected");
      if (rejected.length > 0) throw new Error(JSON.stringify(rejected));
    }

    const usage = (id: string): Promise<UsageRecord> => store.run(getUsage, { organizationId, id });
    const costOf = async (id: string): Promise<string | null> => (await usage(id)).total_cost;

    /** Adds up by day what the rollups say, which must be what the records say. */
    async function ledgerCost(): Promise<bigint> {
      expect(await store.run(checkLedgerOperation, {})).toMatchObject({ differences: 0 });
      const { milli, pico } = (await store.run(rollupCost, { organizationId })) ?? { milli: 0, pico: 0 };
      return BigInt(milli) * 1_000_000_000n + BigInt(pico);
    }

    /** Runs the queued jobs of a kind, as the runner would. */
    async function runJobs(kind: string): Promise<number> {
      let count = 0;
      for (;;) {
        const { job } = await store.run(claimJob, { kinds: [kind] });
        if (job === null) return count;
        await handlers[kind]?.(job, new AbortController().signal);
        count += 1;
      }
    }

    const ownPrice = (terms: object) =>
      book.create(organizationId, PricingInput.parse({ provider: "openai", model: "gpt-4o", ...terms }));

    describe("changing a price", () => {
      test("moves nothing that was recorded", async () => {
        await record(call("a"));
        expect(await costOf("a")).toBe("0.0035");
        const before = await ledgerCost();
        const own = await ownPrice({ input_price_per_million: 1, output_price_per_million: 1 });
        await book.update(
          organizationId,
          own.id,
          PricingUpdate.parse({ input_price_per_million: 7, effective_date: "2026-05-01" }),
        );
        await runJobs(priceWaitingKind);
        expect(await costOf("a")).toBe("0.0035");
        expect(await ledgerCost()).toBe(before);
      });

      test("prices at the boundary by the instant of the call, not of its arrival", async () => {
        await ownPrice({ input_price_per_million: 4, output_price_per_million: 0, effective_date: "2026-05-10" });
        await record(
          call("before", { timestamp: "2026-05-09T23:59:59.999Z" }),
          call("at", { timestamp: "2026-05-10T00:00:00.000Z" }),
        );
        expect([await costOf("before"), await costOf("at")]).toEqual(["0.0035", "0.004"]);
      });
    });

    describe("late pricing", () => {
      test("prices what waited when a price for its date appears, and only that", async () => {
        await record(
          call("late", { model: "gpt-new" }),
          call("earlier", { model: "gpt-new", timestamp: "2026-04-30T23:59:59Z" }),
          call("other", { model: "gpt-other" }),
        );
        expect(await usage("late")).toMatchObject({
          cost_status: "unpriced",
          unpriced_reason: "unknown_model",
          total_cost: null,
        });
        await ownPrice({
          model: "gpt-new",
          input_price_per_million: 3,
          output_price_per_million: 5,
          effective_date: "2026-05-01",
        });
        expect(await runJobs(priceWaitingKind)).toBe(1);
        expect(await usage("late")).toMatchObject({
          cost_status: "priced",
          total_cost: "0.0035",
          resolved_model: "gpt-new",
        });
        expect(await usage("earlier")).toMatchObject({ cost_status: "unpriced" });
        expect(await usage("other")).toMatchObject({ cost_status: "unpriced" });
        const { corrections, verified } = await store.run(explainUsage, { organizationId, id: "late" });
        expect(corrections).toMatchObject([{ reason: "late_price", amount: "0.0035" }]);
        expect(verified).toBe(true);
        await ledgerCost();
      });

      test("is not queued where nothing waits, and twice does no more than once", async () => {
        await record(call("a"));
        await ownPrice({ model: "gpt-new", input_price_per_million: 3 });
        expect(await runJobs(priceWaitingKind)).toBe(0);
        await record(call("late", { model: "gpt-later", output_tokens: 0 }));
        await ownPrice({ model: "gpt-later", input_price_per_million: 3 });
        await runJobs(priceWaitingKind);
        const job = { organizationId, id: "again", kind: priceWaitingKind, payload: {}, attempt: 1 };
        await handlers[priceWaitingKind]?.(job, new AbortController().signal);
        expect(await costOf("late")).toBe("0.003");
      });

      test("goes through thousands of waiting records batch by batch", async () => {
        const records = Array.from({ length: 2_500 }, (_, n) =>
          call(`late-${n}`, { model: n % 2 === 0 ? "gpt-new" : "gpt-no" }),
        );
        await record(...records);
        await ownPrice({ model: "gpt-new", input_price_per_million: 1, output_price_per_million: 0 });
        await runJobs(priceWaitingKind);
        expect(await ledgerCost()).toBe(1_250n * 1_000_000_000n);
      });

      test("an alias prices what waited under its name", async () => {
        await record(call("deployed", { model: "our-gpt" }));
        await book.putAlias(organizationId, "openai", "our-gpt", "gpt-4o");
        await runJobs(priceWaitingKind);
        expect(await usage("deployed")).toMatchObject({ total_cost: "0.0035", resolved_model: "gpt-4o" });
      });

      test("a catalogue prices what waited in every organization", async () => {
        await record(call("late", { model: "gpt-new" }));
        const models = [{ model: "gpt-new", prices: [{ input_price_per_million: 1, output_price_per_million: 0 }] }];
        const content = { format: "llm-cost-ops-catalogue", version: 1, providers: [{ id: "openai", models }] };
        await book.applyCatalogue({ ...catalogueFromFile(content), source: "file" });
        await runJobs(priceWaitingKind);
        expect(await costOf("late")).toBe("0.001");
      });
    });

    describe("repricing", () => {
      const preview = (scope: Partial<RepricingScope> = {}): Promise<Repricing> =>
        repricings.create(organizationId, { ...always, ...scope }, "key-1", "a cheaper contract");

      beforeEach(async () => {
        await record(
          call("a"),
          call("b", { timestamp: "2026-05-11T00:00:00Z", input_tokens: 1, output_tokens: 0 }),
          call("c", { timestamp: "2026-05-20T00:00:00Z" }),
        );
      });

      test("previews totals and differences by day, and changes nothing", async () => {
        const before = await ledgerCost();
        await ownPrice({ input_price_per_million: 1, output_price_per_million: 10 });
        const made = await preview({ toMs: Date.parse("2026-05-15T00:00:00Z") });
        expect(made).toMatchObject({
          status: "previewed",
          created_by: "key-1",
          reason: "a cheaper contract",
          records_examined: 2,
          records_changed: 2,
          range: { start: null, end: "2026-05-15T00:00:00.000Z" },
          by_currency: [{ currency: "USD", before: "0.0035025", after: "0.002001", difference: "-0.0015015" }],
        });
        expect(made.difference).toEqual([
          {
            provider: "openai",
            model: "gpt-4o",
            day: "2026-05-10",
            currency: "USD",
            records: 1,
            before: "0.0035",
            after: "0.002",
            difference: "-0.0015",
            savings: noSavings,
          },
          {
            provider: "openai",
            model: "gpt-4o",
            day: "2026-05-11",
            currency: "USD",
            records: 1,
            before: "0.0000025",
            after: "0.000001",
            difference: "-0.0000015",
            savings: noSavings,
          },
        ]);
        expect(await ledgerCost()).toBe(before);
      });

      test("applies exactly what it previewed, and undo restores the same digits", async () => {
        const before = await Promise.all(
          ["a", "b", "c"].map(async (id) => [await costOf(id), (await usage(id)).price_version]),
        );
        const beforeAll = await ledgerCost();
        await ownPrice({ input_price_per_million: "1.000001", output_price_per_million: 10 });
        const made = await preview();
        const applied = await repricings.apply(organizationId, made.id);
        expect(applied).toMatchObject({
          status: "applied",
          applied_at: expect.any(String),
          by_currency: made.by_currency,
        });
        expect((await ledgerCost()) - beforeAll).toBe(parseMoney(made.by_currency[0]?.difference ?? ""));
        expect(await costOf("b")).toBe("0.000001000001");
        const { corrections, verified, total_cost } = await store.run(explainUsage, {
          organizationId,
          id: "a",
        });
        expect(corrections).toMatchObject([{ reason: "reprice", repricing_id: made.id, amount: "-0.001499999" }]);
        expect([verified, total_cost]).toEqual([true, "0.002000001"]);
        const undone = await repricings.undo(organizationId, made.id);
        expect(undone.status).toBe("undone");
        expect(
          await Promise.all(["a", "b", "c"].map(async (id) => [await costOf(id), (await usage(id)).price_version])),
        ).toEqual(before);
        expect(await ledgerCost()).toBe(beforeAll);
      });

      test("a second preview after applying finds nothing left to change", async () => {
        await ownPrice({ input_price_per_million: 1, output_price_per_million: 10 });
        await repricings.apply(organizationId, (await preview()).id);
        expect(await preview()).toMatchObject({
          records_examined: 3,
          records_changed: 0,
          by_currency: [],
          difference: [],
        });
      });

      test("goes on where it stopped, and corrects each record once", async () => {
        const many = Array.from({ length: 1_200 }, (_, n) => call(`many-${n}`, { input_tokens: 10, output_tokens: 0 }));
        await record(...many);
        await ownPrice({ input_price_per_million: 1, output_price_per_million: 10 });
        const { id } = await preview();
        await store.run(beginStep, { organizationId, id, step: "apply" });
        expect(await store.run(advanceStep, { organizationId, id })).toEqual({ finished: false });
        expect(await repricings.get(organizationId, id)).toMatchObject({ status: "previewed" });
        // The process stops here; another finds the job when its time has come.
        now += 120_000;
        expect(await runJobs(repriceKind)).toBe(1);
        expect(await repricings.get(organizationId, id)).toMatchObject({ status: "applied", records_changed: 1_203 });
        expect(await store.run(correctionsOf, { organizationId, id })).toEqual({ corrections: 1_203, records: 1_203 });
        await repricings.undo(organizationId, id);
        expect(await costOf("many-7")).toBe("0.000025");
        await ledgerCost();
      });

      test("leaves reported costs, voided records, unpriced ones and other models alone", async () => {
        await record(call("gone"), call("unknown", { model: "gpt-no" }));
        await store.run(voidRecord, { organizationId, id: "gone" });
        await tested.ledger.append(
          organizationId,
          batchOf(
            [{ id: "reported", provider: "openai", model: "gpt-4o", cost: "1", timestamp: "2026-05-10T00:00:00Z" }],
            "cost",
          ),
        );
        await ownPrice({ input_price_per_million: 1, output_price_per_million: 10 });
        const made = await preview();
        expect(made.records_examined).toBe(3);
        await repricings.apply(organizationId, made.id);
        expect(await costOf("reported")).toBe("1");
        expect((await usage("gone")).cost_status).toBe("void");
        expect(await preview({ model: "gpt-other" })).toMatchObject({ records_examined: 0 });
      });

      test("a record voided after the repricing stays void when it is undone", async () => {
        await ownPrice({ input_price_per_million: 1, output_price_per_million: 10 });
        const made = await preview();
        await repricings.apply(organizationId, made.id);
        await store.run(voidRecord, { organizationId, id: "a" });
        await repricings.undo(organizationId, made.id);
        expect(await usage("a")).toMatchObject({ cost_status: "void", total_cost: "0" });
        await ledgerCost();
      });

      test("keeps its order: no undo before apply, no apply twice, none under other prices", async () => {
        await ownPrice({ input_price_per_million: 1, output_price_per_million: 10 });
        const made = await preview();
        await expect(repricings.undo(organizationId, made.id)).rejects.toMatchObject({ code: "REPRICING_001" });
        await repricings.apply(organizationId, made.id);
        await expect(repricings.apply(organizationId, made.id)).rejects.toMatchObject({ code: "REPRICING_001" });
        await repricings.undo(organizationId, made.id);
        await expect(repricings.undo(organizationId, made.id)).rejects.toMatchObject({ code: "REPRICING_001" });
        const stale = await preview();
        await book.putAlias(organizationId, "openai", "ours", "gpt-4o");
        await expect(repricings.apply(organizationId, stale.id)).rejects.toMatchObject({ code: "REPRICING_001" });
        await expect(repricings.get("other", made.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
        expect((await repricings.list(organizationId, { offset: 0, limit: 10 })).map(({ id }) => id).sort()).toEqual(
          [made.id, stale.id].sort(),
        );
      });

      test("is previewed again where the preview did not compare what caching saved", async () => {
        await ownPrice({ input_price_per_million: 1, output_price_per_million: 10 });
        const { id } = await preview();
        await store.run(forgetSavings, { organizationId, id });
        const earlier = await repricings.get(organizationId, id);
        expect(earlier).toMatchObject({ records_changed: 3, records_same_cost: 0, by_currency: [{ savings: null }] });
        expect(earlier.difference.map(({ savings }) => savings)).toEqual([null, null, null]);
        await expect(repricings.apply(organizationId, id)).rejects.toMatchObject({ code: "REPRICING_001" });
        expect((await repricings.apply(organizationId, (await preview()).id)).status).toBe("applied");
      });

      test("a price in another currency leaves the record's money as it is", async () => {
        await ownPrice({ input_price_per_million: 1, output_price_per_million: 10, currency: "EUR" });
        const made = await preview();
        const expected = {
          records_examined: 3,
          records_changed: 0,
          skipped: [{ reason: "other_currency", records: 3 }],
        };
        expect(made).toMatchObject(expected);
        expect(await repricings.apply(organizationId, made.id)).toMatchObject({ status: "applied", ...expected });
        expect(await costOf("a")).toBe("0.0035");
      });

      test("says how many records keep their cost because no price is left for them, and why", async () => {
        await book.putAlias(organizationId, "openai", "our-gpt", "gpt-4o");
        await record(...Array.from({ length: 5_001 }, (_, n) => call(`own-${n}`, { model: "our-gpt" })));
        await book.deleteAlias(organizationId, "openai", "our-gpt");
        await ownPrice({ input_price_per_million: 1, output_price_per_million: 10 });
        const made = await preview();
        expect(made).toMatchObject({
          records_examined: 5_004,
          records_changed: 3,
          skipped: [{ reason: "unknown_model", records: 5_001 }],
        });
        expect(await repricings.get(organizationId, made.id)).toMatchObject({ skipped: made.skipped });
      });
    });
  });
}
