import { PricingInput, PricingUpdate } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { catalogueFromFile } from "./catalogue/from-file.ts";
import type { PriceBook } from "./price-book.ts";
import { openTestedPriceBook, type TestedPriceBook } from "./price-book-fixture.ts";

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
const now = day("2026-06-01");
let prices: TestedPriceBook;
let book: PriceBook;
/** An organization of its own for each test, beside one catalogue. */
let acme: string;
let tests = 0;

const terms = (more: object = {}) =>
  PricingInput.parse({
    provider: "openai",
    model: "gpt-4-turbo",
    input_price_per_million: 10,
    output_price_per_million: 30,
    ...more,
  });

const inputPrice = (atMs: number, model = "gpt-4-turbo", organization = acme): Promise<string> =>
  prices.inputPrice(organization, model, atMs);

beforeAll(async () => {
  prices = await openTestedPriceBook(() => now);
  book = prices.book;
  const content = {
    format: "llm-cost-ops-catalogue",
    version: 1,
    providers: [
      {
        id: "openai",
        models: [
          { model: "gpt-4-turbo", prices: [{ input_price_per_million: 12, output_price_per_million: 36 }] },
          {
            model: "gpt-4o",
            match: { starts_with: "gpt-4o-2024" },
            prices: [{ input_price_per_million: 2.5, output_price_per_million: 10 }],
          },
        ],
      },
    ],
  };
  await book.applyCatalogue({ ...catalogueFromFile(content), source: "file" });
});
beforeEach(() => {
  tests += 1;
  acme = `acme-${tests}`;
});
afterAll(() => prices.close());

describe("prices of an organization's own", () => {
  test("go before the catalogue's, for that organization alone, and at once", async () => {
    expect(await inputPrice(now)).toBe("12");
    await book.create(acme, terms());
    expect(await inputPrice(now)).toBe("10");
    expect(await inputPrice(now, "gpt-4-turbo", "other")).toBe("12");
  });

  test("hold from their first instant to before their last: the day of end_date is included", async () => {
    await book.create(acme, terms({ effective_date: "2026-01-01", end_date: "2026-01-31" }));
    expect(await inputPrice(day("2026-01-01") - 1)).toBe("12");
    expect(await inputPrice(day("2026-01-01"))).toBe("10");
    expect(await inputPrice(day("2026-02-01") - 1)).toBe("10");
    expect(await inputPrice(day("2026-02-01"))).toBe("12");
  });

  test("may not overlap: the other version is named", async () => {
    const first = await book.create(acme, terms({ effective_date: "2026-01-01" }));
    await expect(book.create(acme, terms({ effective_date: "2026-03-01" }))).rejects.toMatchObject({
      code: "PRICING_001",
      message: expect.stringContaining(first.id),
      details: { price_id: first.id },
    });
    await expect(book.create(acme, terms({ end_date: "2025-12-31" }))).resolves.toMatchObject({ active: false });
  });

  test("an update appends a version, and the old one ends there with its rates as they were", async () => {
    const first = await book.create(acme, terms({ effective_date: "2025-01-01" }));
    const update = PricingUpdate.parse({ input_price_per_million: 9, effective_date: "2025-02-01" });
    const second = await book.update(acme, first.id, update);
    expect(second).toMatchObject({ input_price_per_million: "9", output_price_per_million: "30", active: true });
    expect(await book.get(acme, first.id)).toMatchObject({
      input_price_per_million: "10",
      end_date: "2025-02-01T00:00:00.000Z",
      active: false,
    });
    expect(await inputPrice(day("2025-02-01") - 1)).toBe("10");
    expect(await inputPrice(day("2025-02-01"))).toBe("9");
  });

  test("an update at the very first instant takes the old version's place", async () => {
    const first = await book.create(acme, terms({ effective_date: "2025-01-01" }));
    const update = PricingUpdate.parse({ input_price_per_million: 8, effective_date: "2025-01-01" });
    await book.update(acme, first.id, update);
    expect(await inputPrice(day("2025-01-01"))).toBe("8");
    await expect(book.update(acme, first.id, update)).rejects.toMatchObject({ code: "PRICING_001" });
  });

  test("an ended price gives way to the catalogue's; it can end only while it holds", async () => {
    const first = await book.create(acme, terms({ effective_date: "2026-01-01" }));
    await expect(book.end(acme, first.id, "2025-06-01")).rejects.toMatchObject({ code: "PRICING_001" });
    expect(await book.end(acme, first.id, "2026-05-31")).toMatchObject({ end_date: "2026-06-01T00:00:00.000Z" });
    expect(await inputPrice(day("2026-06-01") - 1)).toBe("10");
    expect(await inputPrice(day("2026-06-01"))).toBe("12");
    await expect(book.end(acme, first.id, "2026-07-01")).rejects.toMatchObject({ code: "PRICING_001" });
  });

  test("a dated name of one's own keeps the catalogue's price outside its dates", async () => {
    await book.create(acme, terms({ model: "gpt-4o-2024-08-06", effective_date: "2026-01-01" }));
    expect(await inputPrice(day("2025-12-31"), "gpt-4o-2024-08-06")).toBe("2.5");
    expect(await inputPrice(day("2026-01-01"), "gpt-4o-2024-08-06")).toBe("10");
    expect(await inputPrice(day("2026-01-01"), "gpt-4o")).toBe("2.5");
  });

  test("a catalogue's price cannot be changed or ended, and is not another organization's to see", async () => {
    const [listed] = await book.list(acme, { source: "catalogue" }, { offset: 0, limit: 1 });
    const id = listed?.record.id ?? "";
    await expect(book.end(acme, id, undefined)).rejects.toMatchObject({ code: "PRICING_001" });
    const own = await book.create(acme, terms());
    await expect(book.get("other", own.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(book.end("other", own.id, undefined)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test.each([
    [{ effective_date: "2026-02-30" }, "effective_date"],
    [{ effective_date: "2026-03-01", end_date: "2026-02-01" }, "end_date"],
    [{ rates: [{ kind: "thoughts", price: "1" }] }, "rates[0].kind"],
    [
      {
        rates: [
          { kind: "cache_read", price: "1" },
          { kind: "thoughts", price: "1" },
        ],
      },
      "rates[1].kind",
    ],
    [{ multipliers: [{ factor: "2" }] }, "multipliers[0]"],
    [{ model: "   " }, "model"],
  ])("%j is refused at %s", async (more, field) => {
    await expect(book.create(acme, terms(more))).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
      fieldErrors: { [field]: expect.any(String) },
    });
  });

  test("the list filters by provider, model, source, words and what holds now, and pages without gaps", async () => {
    const first = await book.create(acme, terms({ effective_date: "2025-01-01", end_date: "2025-12-31" }));
    const second = await book.create(acme, terms({ effective_date: "2026-01-01" }));
    const ids = async (filter: Parameters<PriceBook["list"]>[1]) =>
      (await book.list(acme, filter, { offset: 0, limit: 10 })).map(({ record }) => record.id);
    expect(await ids({ source: "organization" })).toEqual([first.id, second.id]);
    expect(await ids({ source: "organization", active: true })).toEqual([second.id]);
    expect(await ids({ source: "organization", active: false })).toEqual([first.id]);
    expect(await ids({ model: "GPT-4-Turbo" })).toHaveLength(3);
    expect(await ids({ search: "4o" })).toHaveLength(1);
    expect(await ids({ search: "4%o" })).toHaveLength(0);
    expect(await ids({ provider: "open-ai" })).toHaveLength(4);
    const all = await ids({});
    const seen: string[] = [];
    let page = await book.list(acme, {}, { offset: 0, limit: 1 });
    while (page.length > 0) {
      const [shown] = page;
      if (shown === undefined) break;
      seen.push(shown.record.id);
      page = await book.list(acme, {}, { after: shown.position, offset: 0, limit: 1 });
    }
    expect(seen).toEqual(all);
  });
});

describe("providers and aliases", () => {
  test("a custom provider's price is found under its name, and a second provider of that name is refused", async () => {
    await book.createProvider(acme, "house", "House models");
    await expect(book.createProvider(acme, "house", undefined)).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(book.createProvider(acme, "oai", undefined)).rejects.toMatchObject({ code: "CONFLICT" });
    await book.create(acme, terms({ provider: "house", model: "llama-ours" }));
    const find = (organization: string, model: string) =>
      prices.find(organization, (lookup) => lookup.find(organization, "house", model));
    expect(await find(acme, "LLAMA-ours")).toMatchObject({ kind: "known", model: "llama-ours" });
    expect(await find("other", "llama-ours")).toMatchObject({ kind: "unknown", reason: "unknown_provider" });
    expect(await book.providers(acme)).toContainEqual({
      id: "house",
      name: "House models",
      source: "organization",
      models: 1,
    });
  });

  test("an alias holds at once for its organization, and no longer when it is deleted", async () => {
    await book.putAlias(acme, "openai", "Our-Best", "gpt-4o");
    expect(await inputPrice(now, "our-best")).toBe("2.5");
    expect(await inputPrice(now, "our-best", "other")).toBe("unknown_model");
    await book.putAlias(acme, "openai", "our-best", "gpt-4-turbo");
    expect(await inputPrice(now, "our-best")).toBe("12");
    await book.deleteAlias(acme, "openai", "our-best");
    expect(await inputPrice(now, "our-best")).toBe("unknown_model");
    await expect(book.deleteAlias(acme, "openai", "our-best")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("resolving a price explains itself", () => {
  const question = { provider: "openai", atMs: now, serviceTier: undefined, region: undefined };

  test("with the model's rule, the version's and the rates'", async () => {
    const { resolution, price, rule } = await book.resolve(acme, { ...question, model: "gpt-4o-2024-08-06" });
    expect(resolution).toMatchObject({ rule: "dated_suffix", model: "gpt-4o" });
    expect(price).toMatchObject({ source: "catalogue", input_price_per_million: "2.5" });
    expect(rule).toBe("The price of catalogue 1 for gpt-4o, valid since ever, until further notice. Standard tier.");
  });

  test("or with the reason why there is none", async () => {
    expect(await book.resolve(acme, { ...question, model: "gpt-none" })).toMatchObject({
      price: null,
      unpriced_reason: "unknown_model",
    });
    expect(await book.resolve(acme, { ...question, model: "gpt-4o", serviceTier: "flex" })).toMatchObject({
      unpriced_reason: "tier_not_priced",
    });
    await book.create(acme, terms({ model: "gpt-later", effective_date: "2027-01-01" }));
    expect(await book.resolve(acme, { ...question, model: "gpt-later" })).toMatchObject({
      price: null,
      unpriced_reason: "no_price_at_date",
    });
  });
});
