import type { UsageRecord } from "@llm-cost-ops/contract";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { LedgerCheck } from "./check-ledger.sql.ts";
import type { Ledger, RecordedItem, UsageBytes } from "./ledger.ts";

/** A ledger under test, on a store of its own that knows `fixturePrices`. */
export interface LedgerUnderTest {
  readonly ledger: Ledger;
  readonly get: (organizationId: string, id: string) => Promise<UsageRecord>;
  readonly check: () => Promise<LedgerCheck>;
  /** Closes the store and opens it again on the same data. */
  readonly restart: () => Promise<LedgerUnderTest>;
  readonly close: () => Promise<void>;
}

const encode = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

/** What every adapter of the ledger must do; run it for each. Tests share a store, and have an organization of their own each. */
export function describeLedger(name: string, open: () => Promise<LedgerUnderTest>): void {
  describe(`the ledger on ${name}`, () => {
    let tested: LedgerUnderTest;
    let tests = 0;
    let home: string;
    let recordsBefore = 0;
    beforeAll(async () => {
      tested = await open();
    });
    afterAll(() => tested.close());
    beforeEach(() => {
      tests += 1;
      home = `home-${tests}`;
    });
    afterEach(async () => {
      const { differences, reported, records } = await tested.check();
      recordsBefore = records;
      expect({ differences, reported }).toEqual({ differences: 0, reported: [] });
    });

    const recordsOfThisTest = async (): Promise<number> => (await tested.check()).records - recordsBefore;
    const append = (value: unknown, over: Partial<UsageBytes> = {}, organizationId = home) =>
      tested.ledger.append(organizationId, {
        shape: Array.isArray(value) ? "batch" : "record",
        entry: "usage",
        source: "api",
        requirePrice: false,
        ...over,
        bytes: encode(value),
      });
    const appendOne = async (value: unknown, over: Partial<UsageBytes> = {}): Promise<RecordedItem> => {
      const [item] = await append(value, over);
      if (item === undefined) throw new Error("no item");
      return item;
    };
    const call = { id: "call-1", provider: "openai", model: "gpt-4o", input_tokens: 1_000, output_tokens: 500 };

    it("prices a call exactly and reads it back", async () => {
      const item = await appendOne({ ...call, cached_tokens: 400, occurred_at: "2026-01-15T10:00:00Z" });
      expect(item).toMatchObject({ status: "recorded", cost_status: "priced", total_cost: "0.007", currency: "USD" });
      expect(await tested.get(home, "call-1")).toEqual(item.record);
      expect(item.record).toMatchObject({
        occurred_at: "2026-01-15T10:00:00.000Z",
        quantities: { input: 600, cache_read: 400, output: 500 },
        input_tokens: 1_000,
        cached_tokens: 400,
        total_tokens: 1_500,
      });
    });

    it("charges the tier that served the call", async () => {
      expect(await appendOne({ ...call, service_tier: "batch" })).toMatchObject({ total_cost: "0.00375" });
    });

    it("reads a provider's usage object by that provider's rules", async () => {
      const usage = { input_tokens: 100, cache_read_input_tokens: 900, output_tokens: 50 };
      const item = await appendOne({ id: "a", provider: "anthropic", model: "claude-sonnet-4-5", usage });
      expect(item.record).toMatchObject({ input_tokens: 1_000, cached_tokens: 900, total_cost: "0.00132" });
    });

    it("answers a repeated record as the first time", async () => {
      const first = await appendOne(call);
      const second = await appendOne(call);
      expect(second).toEqual({ ...first, status: "duplicate" });
    });

    it("says which API key recorded it, whoever sends it again", async () => {
      const by = (id: string): { readonly recordedBy: Caller } => ({
        recordedBy: { organizationId: home, principal: { kind: "key", id, name: id }, permissions: new Set() },
      });
      expect((await appendOne(call, by("key_1"))).record).toMatchObject({ api_key_id: "key_1" });
      const again = await appendOne(call, by("key_2"));
      expect([again.status, again.record?.api_key_id]).toEqual(["duplicate", "key_1"]);
      expect((await appendOne({ ...call, id: "nobody's" })).record).toMatchObject({ api_key_id: null });
      const several = Array.from({ length: 40 }, (_, n) => ({ ...call, id: `several-${n}` }));
      await append(several, by("key_2"));
      tested = await tested.restart();
      await append([{ ...call, id: "later" }], by("key_1"));
      const keys = [];
      for (const id of ["call-1", "nobody's", "several-0", "several-39", "later"]) {
        keys.push((await tested.get(home, id)).api_key_id);
      }
      expect(keys).toEqual(["key_1", null, "key_2", "key_2", "key_1"]);
    });

    it("knows a repeated record after a restart and after 200 repeats at once", async () => {
      const first = await appendOne({ ...call, tags: ["team:a"] });
      tested = await tested.restart();
      const repeats = await Promise.all(Array.from({ length: 200 }, () => appendOne({ ...call, tags: { team: "a" } })));
      for (const repeat of repeats) expect(repeat).toEqual({ ...first, status: "duplicate" });
      expect(await recordsOfThisTest()).toBe(1);
    });

    it("records once what arrives 200 times at once, whoever is first", async () => {
      const items = await Promise.all(Array.from({ length: 200 }, () => appendOne(call)));
      expect(items.filter(({ status }) => status === "recorded")).toHaveLength(1);
      expect(items.filter(({ status }) => status === "duplicate")).toHaveLength(199);
    });

    it("refuses other content under a known id and changes nothing, also inside one batch", async () => {
      const items = await append([call, { ...call, output_tokens: 501 }, call]);
      expect(items.map(({ status }) => status)).toEqual(["recorded", "rejected", "duplicate"]);
      expect(items[1]?.error).toMatchObject({ code: "USAGE_002" });
      expect(await tested.get(home, "call-1")).toMatchObject({ output_tokens: 500 });
    });

    it("takes a UUID in any letters as the same id and keeps the caller's own text", async () => {
      const id = "0198C0DE-0000-7000-8000-0000000000AB";
      expect(await appendOne({ ...call, id })).toMatchObject({ id, status: "recorded" });
      expect(await appendOne({ ...call, id: id.toLowerCase() })).toMatchObject({ id, status: "duplicate" });
    });

    it("keeps organizations apart: the same id in two is two records", async () => {
      await append(call, {}, "one");
      const [item] = await append({ ...call, input_tokens: 1 }, {}, "two");
      expect(item).toMatchObject({ status: "recorded" });
      await expect(tested.get(home, "call-1")).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("refuses a record that names another organization", async () => {
      const [item] = await append({ ...call, organization_id: "another" });
      expect(item?.error).toMatchObject({ code: "AUTH_002" });
    });

    it("records a model without a price as unpriced, with the reason and a warning", async () => {
      const item = await appendOne({ ...call, model: "foo", occurred_at: "2026-01-15T10:00:00Z" });
      expect(item).toMatchObject({ status: "recorded", cost_status: "unpriced", total_cost: null, currency: null });
      expect(item.unpriced_reason).toBe("unknown_model");
      expect(item.warnings).toEqual([
        { code: "COST_001", message: "Pricing table not found for openai/foo on 2026-01-15" },
      ]);
      const repeat = await appendOne({ ...call, model: "foo", occurred_at: "2026-01-15T10:00:00Z" });
      expect(repeat).toEqual({ ...item, status: "duplicate" });
    });

    it("refuses a record without a price where one is required, by the record, the body or the request", async () => {
      const foo = { ...call, model: "foo" };
      const wrapped = { records: [foo, call], require_price: true };
      const [ofRecord] = await append([{ ...foo, require_price: true }]);
      const [ofRequest] = await append([foo], { requirePrice: true });
      const ofBody = await append(wrapped, { shape: "batch" });
      for (const item of [ofRecord, ofRequest, ofBody[0]]) {
        expect(item).toMatchObject({ status: "rejected", error: { code: "COST_001" } });
      }
      expect(ofBody[1]).toMatchObject({ status: "recorded" });
    });

    it("records the good of a batch beside the bad", async () => {
      const items = await append([
        { ...call, input_tokens: -1 },
        call,
        "nonsense",
        { ...call, id: "b", model: undefined },
        5,
      ]);
      expect(items.map(({ status }) => status)).toEqual(["rejected", "recorded", "rejected", "rejected", "rejected"]);
      expect(items[0]?.error).toMatchObject({
        code: "VALIDATION_ERROR",
        field_errors: { input_tokens: expect.any(String) },
      });
      expect(items[3]?.error).toMatchObject({ code: "USAGE_001", field_errors: { model: "is required" } });
    });

    it("refuses counts that contradict each other, naming both as they were sent", async () => {
      const contradictory = { ...call, input_tokens: undefined, prompt_tokens: 10, cache_read_tokens: 20 };
      expect(await appendOne(contradictory)).toMatchObject({
        error: {
          code: "USAGE_001",
          field_errors: { cache_read_tokens: expect.any(String), prompt_tokens: expect.any(String) },
        },
      });
    });

    it("keeps a provider's own contradiction as partial, with a warning", async () => {
      const usage = { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 50 } };
      const item = await appendOne({ id: "p", provider: "openai", model: "gpt-4o", usage });
      expect(item.record).toMatchObject({ usage_status: "partial" });
      expect(item.warnings?.length).toBeGreaterThan(0);
    });

    it("refuses counts that contradict the usage object beside them", async () => {
      const usage = { prompt_tokens: 10, completion_tokens: 5 };
      const item = await appendOne({ id: "p", provider: "openai", model: "gpt-4o", usage, input_tokens: 11 });
      expect(item).toMatchObject({ error: { code: "USAGE_001", field_errors: { usage: expect.any(String) } } });
    });

    it("takes a call that failed without counts as void: no cost, no warning", async () => {
      const item = await appendOne({ id: "e", provider: "openai", model: "gpt-4o", status: "error" });
      expect(item).toMatchObject({ status: "recorded", cost_status: "void", total_cost: null });
      expect(item.warnings).toBeUndefined();
    });

    it.each([
      ["broken JSON", '{"a":1,"b":x}', "INVALID_REQUEST", "position 11"],
      ["a body that ends early", '{"a":', "INVALID_REQUEST", "position 5"],
      ["an empty body", "", "INVALID_REQUEST", "position 0"],
      ["JSON that never closes", "[".repeat(100_000), "INVALID_REQUEST", "position 100000"],
    ])("refuses %s with the position", async (_, body, code, where) => {
      await expect(append(body)).rejects.toMatchObject({ code, message: expect.stringContaining(where) });
    });

    it("refuses a batch of another shape, of too many records, and bytes that are not UTF-8", async () => {
      await expect(append({ items: [] }, { shape: "batch" })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
      const many = Array.from({ length: 10_001 }, () => 0);
      await expect(append(many)).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
      const bytes = Uint8Array.from([0x7b, 0xff, 0x7d]);
      const usage = { shape: "record", entry: "usage", source: "api", requirePrice: false, bytes } as const;
      await expect(tested.ledger.append(home, usage)).rejects.toBeInstanceOf(Refusal);
    });

    it("reads lines one by one, a broken one by itself", async () => {
      const lines = `${JSON.stringify(call)}\n{"broken\n\n${JSON.stringify({ ...call, id: "c" })}\n`;
      const items = await append(lines, { shape: "lines" });
      expect(items.map(({ status }) => status)).toEqual(["recorded", "rejected", "recorded"]);
    });

    it("records a cost that was priced elsewhere as reported, and never prices it", async () => {
      const entry = { id: "cost-1", provider: "openai", model: "gpt-4o", tokens_used: 1_500, cost: 0.0375 };
      const item = await appendOne(entry, { entry: "cost" });
      expect(item).toMatchObject({ cost_status: "reported", total_cost: "0.0375", currency: "USD" });
      expect(await appendOne({ ...entry, cost: undefined, total_cost: "0.03750" }, { entry: "cost" })).toMatchObject({
        status: "duplicate",
      });
      expect(await appendOne({ ...entry, cost: "0.1", amount: "0.2" }, { entry: "cost" })).toMatchObject({
        error: { code: "USAGE_001" },
      });
      expect(await appendOne({ ...entry, id: "x", cost: "-2.5" }, { entry: "cost" })).toMatchObject({
        total_cost: "-2.5",
      });
      expect(await appendOne({ id: "x2" }, { entry: "cost" })).toMatchObject({ error: { code: "USAGE_001" } });
    });

    it("makes ids that an idempotency key decides, so that a repeated batch counts once", async () => {
      const { id: _, ...anonymous } = call;
      const over = { idempotencyKey: "retry-1" };
      const first = await append([anonymous, anonymous], over);
      const second = await append([anonymous, anonymous], over);
      expect(first.map(({ status }) => status)).toEqual(["recorded", "recorded"]);
      expect(second.map(({ status, id }) => [status, id])).toEqual(first.map(({ id }) => ["duplicate", id]));
    });

    it("counts a known id with the same tokens as the same call where an import asks for that", async () => {
      await append(call);
      const importing = { tolerateSameCall: true, dryRun: false };
      const same = { ...call, metadata: { from: "log" } };
      expect(await appendOne(same)).toMatchObject({ status: "rejected" });
      expect(await appendOne(same, { importing })).toMatchObject({ status: "duplicate" });
      const other = { ...call, output_tokens: 9 };
      expect(await appendOne(other, { importing })).toMatchObject({ status: "rejected" });
      expect(await appendOne(other, { importing, source: "import:other" })).toMatchObject({ status: "duplicate" });
    });

    it("tries an import out without a trace", async () => {
      const importing = { tolerateSameCall: true, dryRun: true };
      expect(await append([call, call], { importing })).toMatchObject([
        { status: "recorded" },
        { status: "duplicate" },
      ]);
      expect(await recordsOfThisTest()).toBe(0);
      expect(await appendOne(call)).toMatchObject({ status: "recorded" });
    });

    it("refuses only the record that no longer fits 64 bits, and records its neighbours", async () => {
      const large = { ...call, provider: "x", model: "y", input_tokens: Number.MAX_SAFE_INTEGER, output_tokens: 0 };
      const fits = Array.from({ length: 1_024 }, (_, index) => ({ ...large, id: `fits-${index}`, timestamp: 0 }));
      expect((await append(fits)).every(({ status }) => status === "recorded")).toBe(true);
      const items = await append([call, { ...large, id: "one-more", timestamp: 0 }, { ...call, id: "beside" }]);
      expect(items.map(({ status }) => status)).toEqual(["recorded", "rejected", "recorded"]);
      expect(items[1]?.error).toMatchObject({ code: "USAGE_003" });
    });

    it("refuses a record whose own tokens cannot be summed exactly", async () => {
      expect(await appendOne({ ...call, input_tokens: Number.MAX_SAFE_INTEGER })).toMatchObject({
        error: { code: "USAGE_003" },
      });
    });
  });
}
