import { beforeEach, describe, expect, test } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import type { StoreThread } from "../sqlite/operation.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { catalogueFromFile } from "./catalogue/from-file.ts";
import { createPriceBook } from "./price-book.sql.ts";
import type { PriceBook } from "./price-book.ts";
import { createPriceLookup } from "./price-lookup.sqlite.ts";

let store: StoreThread;
let book: PriceBook;

beforeEach(async () => {
  const memory = memoryStore(() => 0);
  store = memory.store;
  book = createPriceBook(sqliteStore(memory.threads));
  const models = [{ model: "gpt-4o", prices: [{ input_price_per_million: 1 }] }];
  const content = { format: "llm-cost-ops-catalogue", version: 1, providers: [{ id: "openai", models }] };
  await book.applyCatalogue({ ...catalogueFromFile(content), source: "file" });
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
