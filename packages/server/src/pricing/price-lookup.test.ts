import { beforeEach, describe, expect, test } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import type { StoreThread } from "../sqlite/operation.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { catalogueFromFile } from "./catalogue/from-file.ts";
import { createPriceBook } from "./price-book.sql.ts";
import type { PriceBook } from "./price-book.ts";
import { createPriceLookup } from "./price-lookup.sqlite.ts";

const price = [{ input_price_per_million: 1 }];
let store: StoreThread;
let book: PriceBook;

beforeEach(async () => {
  const memory = memoryStore(() => 0);
  store = memory.store;
  book = createPriceBook(sqliteStore(memory.threads));
  const providers = [
    { id: "openai", models: [{ model: "gpt-4o", prices: price }] },
    {
      id: "anthropic",
      models: [{ model: "claude-sonnet-4-5", match: { starts_with: "claude-sonnet-4" }, prices: price }],
    },
    { id: "google", models: [{ model: "claude-sonnet-4-5", prices: price }] },
    {
      id: "groq",
      models: [
        { model: "llama-3-70b", prices: price },
        { model: "shared", prices: price },
      ],
    },
    { id: "together", models: [{ model: "shared", prices: price }] },
    {
      id: "aws",
      models: [
        {
          model: "regional.anthropic.claude-sonnet-4-5",
          match: { contains: "anthropic.claude-sonnet-4-5" },
          prices: price,
        },
      ],
    },
  ];
  const content = { format: "llm-cost-ops-catalogue", version: 1, providers };
  await book.applyCatalogue({ ...catalogueFromFile(content), source: "file" });
});

describe("without a provider", () => {
  test.each([
    ["gpt-4o", "openai"],
    ["claude-sonnet-4-20250514", "anthropic"],
    ["llama-3-70b", "groq"],
    ["us.anthropic.claude-sonnet-4-5-v1:0", "aws"],
  ])("%s is taken for a model of %s", (model, provider) => {
    const lookup = createPriceLookup(store);
    expect(lookup.find("acme", undefined, model)).toMatchObject({ kind: "known", provider });
  });

  test("a name that several sell, or none, has no provider", () => {
    const lookup = createPriceLookup(store);
    expect(lookup.find("acme", undefined, "shared")).toMatchObject({
      kind: "unknown",
      reason: "unknown_provider",
      detail: expect.stringContaining("groq, together"),
    });
    expect(lookup.find("acme", undefined, "nobodys")).toMatchObject({ kind: "unknown", reason: "unknown_provider" });
  });
});

describe("the memory of the look-up", () => {
  test("answers the same object until the price book changes, whoever changes it", async () => {
    const lookup = createPriceLookup(store);
    lookup.refresh();
    const first = lookup.find("acme", "openai", "gpt-4o");
    lookup.refresh();
    expect(lookup.find("acme", "openai", "gpt-4o")).toBe(first);
    await book.putAlias("acme", "openai", "ours", "gpt-4o");
    expect(lookup.find("acme", "openai", "ours")).toMatchObject({ kind: "unknown" });
    lookup.refresh();
    expect(lookup.find("acme", "openai", "ours")).toMatchObject({ kind: "known", model: "gpt-4o" });
  });

  test("stays bounded whatever names callers send", () => {
    const lookup = createPriceLookup(store);
    for (let n = 0; n < 50_000; n += 1) lookup.find("acme", "openai", `made-up-${n}`);
    expect(lookup.find("acme", "openai", "gpt-4o")).toMatchObject({ kind: "known" });
  });
});
