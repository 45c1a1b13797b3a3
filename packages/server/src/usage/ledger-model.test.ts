import { type CompiledPrice, rateUsage } from "@llm-cost-ops/core";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { createPriceLookup } from "../pricing/price-lookup.sqlite.ts";
import { openWriter } from "../sqlite/connection.ts";
import type { StoreThread } from "../sqlite/operation.ts";
import { writeTransaction } from "../sqlite/transaction.ts";
import { appendUsage } from "./append-usage.sqlite.ts";
import { checkLedger } from "./check-ledger.ts";
import { applyCorrections, loadAppliedCorrections, loadForRating } from "./corrections.sqlite.ts";
import type { CorrectionInput, StoredUsage } from "./corrections.ts";
import type { RecordedItem } from "./ledger.ts";
import { seedPrices, temporaryFolder } from "./ledger-fixture.ts";
import { explainUsage, getUsage, updateLabels, voidRecord } from "./operations.sqlite.ts";

const organizationId = "default";
const folders: { remove: () => void }[] = [];

function openStore(): StoreThread {
  const folder = temporaryFolder();
  folders.push(folder);
  const db = openWriter(folder.file);
  db.exec("PRAGMA synchronous = OFF");
  seedPrices(db);
  return { db, now: () => Date.UTC(2026, 5, 1), state: new Map() };
}

afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

function append(store: StoreThread, records: readonly unknown[]): readonly RecordedItem[] {
  const args = {
    organizationId,
    wants: "items",
    shape: "batch",
    entry: "usage",
    source: "api",
    requirePrice: false,
  } as const;
  const [result] = appendUsage.runTogether(store, [{ args, bytes: Buffer.from(JSON.stringify(records)) }]);
  if (result === undefined || result instanceof Error) throw result ?? new Error("no result");
  return JSON.parse(result.json) as readonly RecordedItem[];
}

/** What a stored record costs by the present prices. */
function rateAgain(store: StoreThread, usage: StoredUsage) {
  const prices = createPriceLookup(store);
  prices.refresh();
  const found = prices.find(organizationId, usage.provider, usage.model);
  const at = found.kind === "known" ? found.at(usage.occurredAtMs) : undefined;
  if (found.kind !== "known" || at?.kind !== "found") return undefined;
  const price: CompiledPrice = at.price;
  const rated = rateUsage(usage.quantities, usage, price);
  return rated.kind === "priced" ? { rated, found, at } : undefined;
}

function priceWaiting(store: StoreThread): number {
  return writeTransaction(store, () => {
    const corrections: CorrectionInput[] = [];
    for (const usage of loadForRating(store, organizationId, { which: "waiting", limit: 1_000 })) {
      const again = rateAgain(store, usage);
      if (again === undefined) continue;
      const { rated, found } = again;
      corrections.push({
        recordId: usage.id,
        reason: "late_price",
        amount: rated.total,
        currency: rated.currency,
        priceVersionId: rated.priceVersionId,
        rule: rated.rule,
        lines: rated.lines,
        repricingId: null,
        resolution: found.resolution,
      });
    }
    return applyCorrections(store, organizationId, corrections);
  });
}

/** Sets every priced record to a cost that is higher by its own number, as a repricing would. */
function reprice(store: StoreThread, repricingId: string, extra: bigint): void {
  writeTransaction(store, () => {
    const usages = loadForRating(store, organizationId, { which: "priced", limit: 1_000 });
    applyCorrections(
      store,
      organizationId,
      usages.map((usage) => ({
        recordId: usage.id,
        reason: "reprice",
        amount: extra,
        currency: usage.currency ?? "",
        priceVersionId: usage.priceVersionId,
        rule: null,
        lines: [],
        repricingId,
      })),
    );
  });
}

function undo(store: StoreThread, repricingId: string): void {
  writeTransaction(store, () => {
    const applied = loadAppliedCorrections(store, organizationId, repricingId, { limit: 1_000 });
    applyCorrections(
      store,
      organizationId,
      applied
        .filter(({ reason }) => reason === "reprice")
        .map((correction) => ({
          recordId: correction.recordId,
          reason: "reprice_undo",
          amount: -correction.amount,
          currency: correction.currency,
          priceVersionId: correction.previousPriceVersionId,
          rule: null,
          lines: [],
          repricingId,
        })),
    );
  });
}

const event = fc.record({
  id: fc.integer({ min: 1, max: 12 }).map((number) => `event-${number}`),
  provider: fc.constantFrom("openai", "anthropic"),
  model: fc.constantFrom("gpt-4o", "claude-sonnet-4-5", "later-model"),
  user_id: fc.constantFrom(null, "ann", "bob"),
  input_tokens: fc.oneof(fc.nat(5_000), fc.constant(2 ** 52)),
  output_tokens: fc.nat(900),
  occurred_at: fc.constantFrom("2026-01-15T10:00:00Z", "2026-01-15T23:59:59.999Z", "2026-01-16T00:00:00Z"),
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

function run(store: StoreThread, steps: readonly Step[]): void {
  let repricings = 0;
  const undone = new Set<string>();
  const known = new Set<string>();
  for (const one of steps) {
    switch (one.do) {
      case "append":
        for (const item of append(store, one.events)) if (item.id !== null) known.add(item.id);
        break;
      case "void":
        if (known.has(one.id)) writeTransaction(store, () => voidRecord.run(store, { organizationId, id: one.id }));
        break;
      case "label":
        if (known.has(one.id)) {
          const update = { organizationId, id: one.id, tags: { team: one.team } };
          writeTransaction(store, () => updateLabels.run(store, update));
        }
        break;
      case "price":
        if (!hasLaterPrice(store)) seedPrices(store.db, laterPrice);
        priceWaiting(store);
        break;
      case "reprice":
        reprice(store, `repricing-${repricings}`, one.extra);
        repricings += 1;
        break;
      case "undo": {
        const name = `repricing-${one.which}`;
        if (one.which < repricings && !undone.has(name)) {
          undo(store, name);
          undone.add(name);
        }
        break;
      }
      default:
        one satisfies never;
    }
  }
}

const laterPrice = [{ provider: "openai", model: "later-model", input: "1", cacheRead: "1", output: "2" }];

const hasLaterPrice = ({ db }: StoreThread): boolean =>
  db.prepare("SELECT 1 FROM models WHERE model = 'later-model'").get() !== undefined;

describe("the ledger under any sequence of operations", () => {
  it("keeps all rollups equal to the records, and every cost proved", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
        const store = openStore();
        try {
          run(store, steps);
          expect(checkLedger(store, { integrity: true })).toMatchObject({ differences: 0, reported: [] });
          const ids = store.db.prepare("SELECT external_id FROM records WHERE entry <> 2").all() as {
            external_id: string;
          }[];
          for (const { external_id } of ids) {
            const proof = explainUsage.run(store, { organizationId, id: external_id });
            expect(proof.verified).toBe(true);
            if (proof.record.cost_status === "void" && proof.total_cost !== null) expect(proof.total_cost).toBe("0");
          }
        } finally {
          store.db.close();
        }
      }),
      { numRuns: 150 },
    );
  });

  it("prices what waited once a price appears, under the same id, and moves it to the priced series", () => {
    const store = openStore();
    append(store, [{ id: "w", provider: "openai", model: "later-model", input_tokens: 1_000, output_tokens: 10 }]);
    expect(priceWaiting(store)).toBe(0);
    seedPrices(store.db, laterPrice);
    expect(priceWaiting(store)).toBe(1);
    expect(priceWaiting(store)).toBe(0);
    expect(getUsage.run(store, { organizationId, id: "w" })).toMatchObject({
      cost_status: "priced",
      total_cost: "0.00102",
      currency: "USD",
      resolved_model: "later-model",
      unpriced_reason: null,
      price_version: "openai/later-model@fixture",
    });
    const proof = explainUsage.run(store, { organizationId, id: "w" });
    expect(proof).toMatchObject({ original_cost: null, total_cost: "0.00102", verified: true });
    expect(proof.corrections).toMatchObject([{ reason: "late_price", amount: "0.00102" }]);
    expect(checkLedger(store, {})).toMatchObject({ differences: 0, records: 2 });
    store.db.close();
  });

  it("explains a cost so that a person can redo it", () => {
    const store = openStore();
    append(store, [
      { id: "x", provider: "openai", model: "gpt-4o", input_tokens: 1_000, cached_tokens: 400, output_tokens: 500 },
    ]);
    const proof = explainUsage.run(store, { organizationId, id: "x" });
    expect(proof.lines.map(({ formula }) => formula)).toEqual([
      "600 × $2.50 / 1,000,000 = $0.0015",
      "400 × $1.25 / 1,000,000 = $0.0005",
      "500 × $10.00 / 1,000,000 = $0.005",
    ]);
    expect(proof).toMatchObject({ total_cost: "0.007", verified: true, model_resolution: { rule: "exact" } });
    expect(proof.price).toMatchObject({ version: "openai/gpt-4o@fixture", provider: "openai", currency: "USD" });
    store.db.close();
  });

  it("voids by a correction that takes back cost and counts, once", () => {
    const store = openStore();
    append(store, [{ id: "v", provider: "openai", model: "gpt-4o", input_tokens: 1_000, output_tokens: 500 }]);
    const name = { organizationId, id: "v" };
    for (let time = 0; time < 2; time += 1) writeTransaction(store, () => voidRecord.run(store, name));
    const proof = explainUsage.run(store, name);
    expect(proof.record).toMatchObject({ cost_status: "void", total_cost: "0" });
    expect(proof.corrections).toMatchObject([{ reason: "void", amount: "-0.0075" }]);
    const sums = store.db.prepare("SELECT requests, input_tokens, cost_milli, cost_pico FROM rollup_daily").all();
    expect(sums).toMatchObject([{ requests: 0, input_tokens: 0, cost_milli: 0, cost_pico: 0 }]);
    store.db.close();
  });

  it("finds a rollup that was changed by hand, and lines that do not prove their cost", () => {
    const store = openStore();
    append(store, [
      { id: "d", provider: "openai", model: "gpt-4o", user_id: "ann", input_tokens: 1_000, output_tokens: 500 },
    ]);
    store.db.exec("UPDATE rollup_daily SET input_tokens = input_tokens + 1");
    store.db.exec("DELETE FROM rollup_user_daily");
    store.db.exec("UPDATE records SET lines = replace(lines, '\"2.5\"', '\"2.6\"')");
    const check = checkLedger(store, {});
    expect(new Set(check.reported.map(({ table }) => table))).toEqual(
      new Set(["rollup_daily", "rollup_user_daily", "records"]),
    );
    expect(check.reported.find(({ table }) => table === "rollup_daily")?.message).toBe(
      "input_tokens is 1001, but the records sum to 1000",
    );
    store.db.close();
  });
});
