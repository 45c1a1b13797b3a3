import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "../http/route.ts";
import { storeRead, storeWrite } from "../store/operation.ts";
import { checkLedgerOperation } from "./check-ledger.sql.ts";
import { applyCorrections } from "./corrections.sql.ts";
import type { CorrectionInput, RatingCursor, RatingSelection } from "./corrections.ts";
import { explainUsage, getUsage, updateLabels, voidRecord } from "./operations.sql.ts";
import { loadAppliedCorrections, loadForRating } from "./rating-walk.sql.ts";
import { readRecordId } from "./record-id.ts";
import { recordKey } from "./record-store.sql.ts";
import { batchOf, type StoreWithLedger } from "./store-with-ledger-fixture.ts";

interface Repricing {
  readonly organizationId: string;
  readonly repricingId: string;
}

/** The price of `later-model`, of which nobody knows a price when it is recorded. */
const laterPrice = { priceVersionId: "later@1", inputPico: 1_000_000n, rule: "There is one price." };

/** Prices what waits for the price of `later-model`. */
const priceLater = storeWrite("test.priceLater", async (connection, { organizationId }: { organizationId: string }) => {
  const { records: waiting } = await loadForRating(connection, organizationId, { which: "waiting", limit: 1_000 });
  const late = waiting.filter(({ model }) => model === "later-model");
  const corrections = late.map((usage): CorrectionInput => {
    const quantity = usage.quantities["input"] ?? 0;
    const amount = laterPrice.inputPico * BigInt(quantity);
    return {
      recordId: usage.id,
      reason: "late_price",
      amount,
      currency: "USD",
      priceVersionId: laterPrice.priceVersionId,
      rule: laterPrice.rule,
      lines: [{ kind: "input", quantity, ratedAs: "input", price: "1", per: 1_000_000, factors: [], amount }],
      saving: 0n,
      repricingId: null,
      resolution: { provider: "openai", model: "later-model", rule: "exact", detail: "The name is the model's." },
    };
  });
  return applyCorrections(connection, organizationId, corrections);
});

/** Prices a record that waits, prices it again, which is too late, and corrects that price, all in one list. */
const priceThrice = storeWrite(
  "test.priceThrice",
  async (connection, { organizationId }: { organizationId: string }) => {
    const { records } = await loadForRating(connection, organizationId, { which: "waiting", limit: 1 });
    const corrections = records.flatMap(({ id }): CorrectionInput[] => {
      const late = {
        recordId: id,
        reason: "late_price",
        amount: 5n,
        currency: "USD",
        priceVersionId: "first",
        rule: "First.",
        lines: [],
        saving: 7n,
        repricingId: null,
        resolution: { provider: "openai", model: "later-model", rule: "exact", detail: "It is the name." },
      } as const;
      return [late, late, { ...late, reason: "reprice", amount: -2n, priceVersionId: "second", repricingId: "r" }];
    });
    return applyCorrections(connection, organizationId, corrections);
  },
);

/** Sets every priced record to a cost that is higher by its own number, as a repricing would. */
const raiseCosts = storeWrite(
  "test.raiseCosts",
  async (connection, { organizationId, repricingId, extra }: Repricing & { readonly extra: bigint }) => {
    const { records: usages } = await loadForRating(connection, organizationId, { which: "priced", limit: 1_000 });
    const corrections = usages.map(
      (usage): CorrectionInput => ({
        recordId: usage.id,
        reason: "reprice",
        amount: extra,
        currency: usage.currency ?? "",
        priceVersionId: `after ${repricingId}`,
        rule: null,
        lines: [],
        // Of some nobody knows, as where a new price has no plain input price.
        saving: extra % 3n === 0n ? null : -extra,
        repricingId,
      }),
    );
    return applyCorrections(connection, organizationId, corrections);
  },
);

const undoRaise = storeWrite("test.undoRaise", async (connection, { organizationId, repricingId }: Repricing) => {
  const applied = await loadAppliedCorrections(connection, organizationId, repricingId, { limit: 1_000 });
  const corrections = applied
    .filter(({ reason }) => reason === "reprice")
    .map(
      (correction): CorrectionInput => ({
        recordId: correction.recordId,
        reason: "reprice_undo",
        amount: -correction.amount,
        currency: correction.currency,
        priceVersionId: correction.previousPriceVersionId,
        rule: null,
        lines: [],
        saving: "as before",
        repricingId,
      }),
    );
  return applyCorrections(connection, organizationId, corrections);
});

/** Reads a selection to its end, page by page. */
const walk = storeRead(
  "test.walk",
  async (connection, { organizationId, selection }: { organizationId: string; selection: RatingSelection }) => {
    const pages: number[] = [];
    const ids: Uint8Array[] = [];
    let after: RatingCursor | undefined;
    do {
      const page = await loadForRating(connection, organizationId, after ? { ...selection, after } : selection);
      pages.push(page.records.length);
      ids.push(...page.records.map((record) => record.id));
      after = page.next;
    } while (after !== undefined);
    return { pages, ids: ids.map(recordKey) };
  },
);

const recordIds = storeRead("test.recordIds", async (connection, { organizationId }: { organizationId: string }) =>
  connection.all<{ readonly external_id: string; readonly state: number; readonly updated_at: number | null }>(
    "SELECT external_id, state, updated_at FROM records WHERE organization_id = ? AND entry <> 2 ORDER BY external_id",
    organizationId,
  ),
);

const dailySums = storeRead("test.dailySums", async (connection, { organizationId }: { organizationId: string }) =>
  connection.all<Readonly<Record<string, number>>>(
    "SELECT requests, input_tokens, cost_milli, cost_pico FROM rollup_daily WHERE organization_id = ?",
    organizationId,
  ),
);

/** Changes what only a fault could change. */
const damage = storeWrite("test.damage", async (connection, { organizationId }: { organizationId: string }) => {
  await connection.run(
    "UPDATE rollup_daily SET input_tokens = input_tokens + 1 WHERE organization_id = ?",
    organizationId,
  );
  await connection.run("DELETE FROM rollup_user_daily WHERE organization_id = ?", organizationId);
  await connection.run(
    "UPDATE records SET lines = replace(lines, '\"2.5\"', '\"2.6\"') WHERE organization_id = ?",
    organizationId,
  );
});

const event = fc.record({
  id: fc.integer({ min: 1, max: 12 }).map((number) => `event-${number}`),
  provider: fc.constantFrom("openai", "anthropic"),
  model: fc.constantFrom("gpt-4o", "claude-sonnet-4-5", "later-model"),
  user_id: fc.constantFrom(null, "ann", "bob"),
  input_tokens: fc.oneof(fc.nat(5_000), fc.constant(2 ** 52)),
  output_tokens: fc.constant(0),
  cached_tokens: fc.constantFrom(0, 900),
  occurred_at: fc.constantFrom("2026-01-15T10:00:00Z", "2026-01-15T23:59:59.999Z", "2026-02-01T00:00:00Z"),
  status: fc.constantFrom("success", "error"),
  tags: fc.constantFrom({}, { team: "a" }, { team: "b" }),
});
const id = fc.integer({ min: 1, max: 12 }).map((number) => `event-${number}`);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.array(event, { maxLength: 8 }).map((events) => ({ do: "append", events }) as const) },
  { weight: 2, arbitrary: id.map((one) => ({ do: "void", id: one }) as const) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(id, fc.constantFrom("a", "b", "c"))
      .map(([one, team]) => ({ do: "label", id: one, team }) as const),
  },
  { weight: 1, arbitrary: fc.constant({ do: "price" } as const) },
  {
    weight: 1,
    arbitrary: fc.bigInt({ min: -(10n ** 9n), max: 10n ** 15n }).map((extra) => ({ do: "reprice", extra }) as const),
  },
  { weight: 1, arbitrary: fc.nat(3).map((which) => ({ do: "undo", which }) as const) },
);

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

async function run({ store, ledger }: StoreWithLedger, organizationId: string, steps: readonly Step[]) {
  let repricings = 0;
  const undone = new Set<string>();
  const known = new Set<string>();
  for (const one of steps) {
    switch (one.do) {
      case "append":
        await ledger.append(organizationId, batchOf(one.events));
        for (const { external_id } of await store.run(recordIds, { organizationId })) known.add(external_id);
        break;
      case "void":
        if (known.has(one.id)) await store.run(voidRecord, { organizationId, id: one.id });
        break;
      case "label":
        if (known.has(one.id)) await store.run(updateLabels, { organizationId, id: one.id, tags: { team: one.team } });
        break;
      case "price":
        await store.run(priceLater, { organizationId });
        break;
      case "reprice":
        await store.run(raiseCosts, { organizationId, repricingId: `repricing-${repricings}`, extra: one.extra });
        repricings += 1;
        break;
      case "undo": {
        const repricingId = `repricing-${one.which}`;
        if (one.which < repricings && !undone.has(repricingId)) {
          await store.run(undoRaise, { organizationId, repricingId });
          undone.add(repricingId);
        }
        break;
      }
      default:
        one satisfies never;
    }
  }
}

/** What corrections must do on every store, which knows `fixturePrices`. */
export function describeCorrections(name: string, open: () => Promise<StoreWithLedger>, numRuns: number): void {
  describe(`corrections on ${name}`, () => {
    let tested: StoreWithLedger;
    beforeEach(async () => {
      tested = await open();
    });
    afterEach(() => tested.close());

    const organizationId = "acme";
    const call = { provider: "openai", model: "gpt-4o", occurred_at: "2026-01-15T10:00:00Z" };
    const append = (...records: readonly object[]) => tested.ledger.append(organizationId, batchOf(records));
    const check = () => tested.store.run(checkLedgerOperation, {});
    const named = (one: string) => ({ organizationId, id: one });

    it(`keep all rollups equal to the records, and every cost proved, in any order of operations`, {
      timeout: 120_000,
    }, async () => {
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
          runs += 1;
          const own = `organization-${runs}`;
          await run(tested, own, steps);
          const checked = await tested.store.run(checkLedgerOperation, { organizationId: own, integrity: runs === 1 });
          expect(checked).toMatchObject({ differences: 0, reported: [] });
          for (const { external_id, state } of await tested.store.run(recordIds, { organizationId: own })) {
            const proof = await tested.store.run(explainUsage, { organizationId: own, id: external_id });
            expect(proof.verified).toBe(true);
            expect((state & 1) !== 0).toBe(proof.corrections.length > 0);
            expect((state & 4) !== 0).toBe(proof.record.cost_status === "unpriced");
            if (proof.record.cost_status === "void" && proof.total_cost !== null) expect(proof.total_cost).toBe("0");
          }
        }),
        { numRuns },
      );
    });

    it("price what waited under the same id, once, and move it to the priced series", async () => {
      const waiting = { ...call, id: "w", model: "later-model", input_tokens: 1_000, output_tokens: 0 };
      const recordedBy: Caller = {
        organizationId,
        principal: { kind: "key", id: "key_1", name: "" },
        permissions: new Set(),
      };
      await tested.ledger.append(organizationId, { ...batchOf([waiting]), recordedBy });
      expect(await tested.store.run(priceLater, { organizationId })).toBe(1);
      expect(await tested.store.run(priceLater, { organizationId })).toBe(0);
      expect(await tested.store.run(getUsage, named("w"))).toMatchObject({
        cost_status: "priced",
        total_cost: "0.001",
        currency: "USD",
        resolved_model: "later-model",
        unpriced_reason: null,
        price_version: "later@1",
        api_key_id: "key_1",
      });
      const proof = await tested.store.run(explainUsage, named("w"));
      expect(proof).toMatchObject({ original_cost: null, total_cost: "0.001", verified: true });
      expect(proof.corrections).toMatchObject([{ reason: "late_price", amount: "0.001", rule: "There is one price." }]);
      expect(await check()).toMatchObject({ differences: 0, records: 2 });
    });

    it("of one record follow each other in one list", async () => {
      await append({ ...call, id: "t", model: "later-model", input_tokens: 1, output_tokens: 0 });
      expect(await tested.store.run(priceThrice, { organizationId })).toBe(2);
      const proof = await tested.store.run(explainUsage, named("t"));
      expect(proof.corrections.map(({ reason, price_version }) => [reason, price_version])).toEqual([
        ["late_price", "first"],
        ["reprice", "second"],
      ]);
      expect(proof).toMatchObject({
        total_cost: "0.000000000003",
        model_resolution: { rule: "exact" },
        rule: "First.",
      });
      expect(proof.record).toMatchObject({ cost_status: "priced", price_version: "second", currency: "USD" });
      expect(await check()).toMatchObject({ differences: 0, records: 3 });
    });

    it("explain a cost so that a person can redo it", async () => {
      await append({ ...call, id: "x", input_tokens: 1_000, cached_tokens: 400, output_tokens: 500 });
      const proof = await tested.store.run(explainUsage, named("x"));
      expect(proof.lines.map(({ formula }) => formula)).toEqual([
        "600 × $2.50 / 1,000,000 = $0.0015",
        "400 × $1.25 / 1,000,000 = $0.0005",
        "500 × $10.00 / 1,000,000 = $0.005",
      ]);
      expect(proof).toMatchObject({ total_cost: "0.007", verified: true, model_resolution: { rule: "exact" } });
      expect(proof.price).toMatchObject({ version: "openai/gpt-4o@fixture", provider: "openai", currency: "USD" });
      await expect(tested.store.run(explainUsage, named("y"))).rejects.toMatchObject({ code: "NOT_FOUND" });
      const foreign = { organizationId: "other", id: "x" };
      await expect(tested.store.run(explainUsage, foreign)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("void by a correction that takes back cost and counts, once", async () => {
      await append({ ...call, id: "v", input_tokens: 1_000, output_tokens: 500 });
      for (let time = 0; time < 2; time += 1) await tested.store.run(voidRecord, named("v"));
      const proof = await tested.store.run(explainUsage, named("v"));
      expect(proof.record).toMatchObject({ cost_status: "void", total_cost: "0" });
      expect(proof.corrections).toMatchObject([{ reason: "void", amount: "-0.0075" }]);
      const sums = await tested.store.run(dailySums, { organizationId });
      expect(sums).toEqual([{ requests: 0, input_tokens: 0, cost_milli: 0, cost_pico: 0 }]);
      // A correction is no record that could be asked for or voided.
      const correction = proof.corrections[0]?.id ?? "";
      await expect(tested.store.run(voidRecord, named(correction))).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("give a record the price of its newest correction, and undoing the one before", async () => {
      await append({ ...call, id: "p", input_tokens: 1_000, output_tokens: 0 });
      // All in one millisecond, each by a maker of ids of its own: their order is that of the calls.
      for (let n = 0; n < 20; n += 1) {
        await tested.store.run(raiseCosts, { organizationId, repricingId: `r-${n}`, extra: BigInt(n) });
        expect((await tested.store.run(getUsage, named("p"))).price_version).toBe(`after r-${n}`);
      }
      await tested.store.run(undoRaise, { organizationId, repricingId: "r-19" });
      expect((await tested.store.run(getUsage, named("p"))).price_version).toBe("after r-18");
      await tested.store.run(undoRaise, { organizationId, repricingId: "r-0" });
      expect((await tested.store.run(getUsage, named("p"))).price_version).toBe("openai/gpt-4o@fixture");
      expect(await tested.store.run(explainUsage, named("p"))).toMatchObject({ verified: true });
    });

    it("correct many records in one step, each once", async () => {
      const many = Array.from({ length: 150 }, (_, n) => ({
        ...call,
        id: `many-${n}`,
        occurred_at: new Date(Date.UTC(2026, 0, 15) + n * 12 * 3_600_000).toISOString(),
        input_tokens: 1 + n,
        output_tokens: 0,
        user_id: `user-${n % 3}`,
      }));
      await append(...many);
      const raise = { organizationId, repricingId: "many", extra: 1_000_000n };
      expect(await tested.store.run(raiseCosts, raise)).toBe(150);
      const rows = await tested.store.run(recordIds, { organizationId });
      expect(rows.filter(({ state, updated_at }) => state === 1 && updated_at !== null)).toHaveLength(150);
      expect(await check()).toMatchObject({ differences: 0, records: 300 });
      expect((await tested.store.run(getUsage, named("many-149"))).total_cost).toBe("0.000376");
    });

    it("are walked to page by page, each record once, and no page looks at more than ten times what it gives", async () => {
      const at = (n: number) => new Date(Date.UTC(2026, 0, 20) + Math.floor(n / 3) * 9 * 3_600_000).toISOString();
      const calls = Array.from({ length: 100 }, (_, n) => ({
        ...call,
        id: `walked-${n}`,
        occurred_at: at(n),
        model: n < 50 || n % 2 === 0 ? "gpt-4o" : n % 4 === 1 ? "gpt-4o-mini" : "later-model",
        input_tokens: 1,
        output_tokens: 0,
      }));
      await append(...calls);
      const idsOf = (which: readonly { readonly id: string }[]) =>
        which.map((one) => recordKey(readRecordId(one.id).bytes));
      const ask = (selection: RatingSelection) => tested.store.run(walk, { organizationId, selection });
      const mini = await ask({ which: "priced", model: "gpt-4o-mini", limit: 2 });
      expect(mini.ids.sort()).toEqual(idsOf(calls.filter(({ model }) => model === "gpt-4o-mini")).sort());
      expect(mini.pages.slice(0, 2)).toEqual([0, 0]);
      const part = { which: "priced", fromMs: Date.parse(at(30)), toMs: Date.parse(at(60)), limit: 7 } as const;
      const inPart = calls.filter((_, n) => n >= 30 && n < 60).filter(({ model }) => model !== "later-model");
      expect((await ask(part)).ids.sort()).toEqual(idsOf(inPart).sort());
      const waiting = calls.filter(({ model }) => model === "later-model");
      expect((await ask({ which: "waiting", limit: 5 })).ids.sort()).toEqual(idsOf(waiting).sort());
    });

    it("number series alike, whichever part of the ledger meets one first, also after a rollback", async () => {
      await append({ ...call, id: "one", input_tokens: 1, output_tokens: 0, tags: { team: "a" } });
      // Refused, its new series is rolled back with it, and the ledger's next new series gets its number.
      const label = { ...named("one"), tags: { team: "b" } };
      await expect(tested.store.run(relabelThenRefuse, label)).rejects.toThrow();
      await append({ ...call, id: "two", input_tokens: 1, output_tokens: 0, tags: { team: "c" } });
      await tested.store.run(updateLabels, label);
      await append({ ...call, id: "three", input_tokens: 1, output_tokens: 0, tags: { team: "b" } });
      // The other way round: what a trial numbered is rolled back, and relabelling takes the number.
      const trial = { ...call, id: "four", input_tokens: 1, output_tokens: 0, tags: { team: "d" } };
      const importing = { tolerateSameCall: true, dryRun: true };
      await tested.ledger.append(organizationId, { ...batchOf([trial]), importing });
      await tested.store.run(updateLabels, { ...named("two"), tags: { team: "e" } });
      await append(trial);
      const series = await tested.store.run(seriesOf, { organizationId });
      expect(series.map(({ tags, records }) => [tags, records])).toEqual([
        ['{"team":"a"}', 0],
        ['{"team":"b"}', 2],
        ['{"team":"c"}', 0],
        ['{"team":"d"}', 1],
        ['{"team":"e"}', 1],
      ]);
      expect(await check()).toMatchObject({ differences: 0, records: 4 });
    });

    it("can be checked: a rollup that was changed by hand is found, and lines that do not prove their cost", async () => {
      await append({ ...call, id: "d", user_id: "ann", input_tokens: 1_000, output_tokens: 500 });
      await tested.store.run(damage, { organizationId });
      const { reported } = await check();
      expect(new Set(reported.map(({ table }) => table))).toEqual(
        new Set(["rollup_daily", "rollup_user_daily", "records"]),
      );
      expect(reported.find(({ table }) => table === "rollup_daily")?.message).toBe(
        "input_tokens is 1001, but the records sum to 1000",
      );
      expect(await tested.store.run(checkLedgerOperation, { organizationId: "other" })).toMatchObject({ records: 0 });
    });
  });
}

const relabelThenRefuse = storeWrite(
  "test.relabelThenRefuse",
  async (connection, update: { readonly organizationId: string; readonly id: string; readonly tags: unknown }) => {
    await updateLabels.run(connection, update);
    throw new Error("no");
  },
);

const seriesOf = storeRead("test.seriesOf", async (connection, { organizationId }: { organizationId: string }) =>
  connection.all<{ readonly tags: string; readonly records: number }>(
    `SELECT s.tags, count(r.id) AS records FROM series s
     LEFT JOIN records r ON r.organization_id = s.organization_id AND r.series_id = s.series_id
     WHERE s.organization_id = ? GROUP BY s.tags ORDER BY s.tags`,
    organizationId,
  ),
);
