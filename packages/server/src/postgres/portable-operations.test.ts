import { PricingInput, PricingUpdate } from "@llm-cost-ops/contract";
import { afterAll, expect, test } from "vitest";
import { describeExports } from "../exports/exports.contract.ts";
import { describeImports } from "../imports/imports.contract.ts";
import { describeJobQueue } from "../jobs/job-queue.contract.ts";
import { describeMembers } from "../members/members.contract.ts";
import { catalogueFromFile } from "../pricing/catalogue/from-file.ts";
import { createPriceBook } from "../pricing/price-book.sql.ts";
import { describeSessions } from "../sessions/sessions.contract.ts";
import type { Store } from "../store/operation.ts";
import { describeUsers } from "../users/users.contract.ts";
import { openPostgres, type PostgresStore } from "./postgres-store.ts";
import { sharedPostgres } from "./shared-postgres-fixture.ts";

const server = sharedPostgres();
const opened: PostgresStore[] = [];
afterAll(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await server.drop();
});

async function open(now: () => number): Promise<Store> {
  const store = await openPostgres({ url: await server.databaseWithSchema(), poolSize: 4, now });
  opened.push(store);
  return store;
}

describeJobQueue("PostgreSQL", open);
describeMembers("PostgreSQL", open);
describeImports("PostgreSQL", open);
describeSessions("PostgreSQL", open);
describeUsers("PostgreSQL", () => open(Date.now));
describeExports("PostgreSQL", () => open(Date.now));

test("the price book's statements run on PostgreSQL", async () => {
  const now = Date.parse("2026-06-01T00:00:00Z");
  const book = createPriceBook(await open(() => now));
  const content = {
    format: "llm-cost-ops-catalogue",
    version: 1,
    providers: [
      {
        id: "openai",
        models: [{ model: "gpt-4o", prices: [{ input_price_per_million: 12, output_price_per_million: 36 }] }],
      },
    ],
  };
  const change = { ...catalogueFromFile(content), source: "file" };
  await book.previewCatalogue(change);
  const applied = await book.applyCatalogue(change);
  expect(await book.catalogueVersions()).toEqual([applied.version]);
  expect((await book.applyCatalogue(change)).version).toEqual(applied.version);
  const terms = { provider: "openai", model: "GPT-4O", input_price_per_million: 10, output_price_per_million: 30 };
  const own = await book.create("default", PricingInput.parse({ ...terms, effective_date: "2026-01-01" }));
  expect(own.model).toBe("gpt-4o");
  await expect(book.create("default", PricingInput.parse(terms))).rejects.toMatchObject({ code: "PRICING_001" });
  const next = await book.update(
    "default",
    own.id,
    PricingUpdate.parse({ input_price_per_million: 9, effective_date: "2026-02-01" }),
  );
  expect(await book.end("default", next.id, "2026-05-31")).toMatchObject({ active: false });
  const page = { offset: 0, limit: 10 };
  const listed = await book.list("default", { search: "OPENAI GPT", model: "gpt-4O", provider: "open-ai" }, page);
  expect(listed).toHaveLength(3);
  expect(await book.list("default", { active: true }, page)).toHaveLength(1);
  const [first] = listed;
  if (first === undefined) throw new Error("no price");
  expect(await book.list("default", {}, { ...page, after: first.position })).toHaveLength(2);
  expect(await book.get("default", own.id)).toMatchObject({ id: own.id });
  await book.createProvider("default", "house", "House models");
  expect(await book.providers("default")).toMatchObject([
    { id: "house", models: 0 },
    { id: "openai", models: 1 },
  ]);
  await book.putAlias("default", "openai", "best", "gpt-4o");
  await book.putAlias("default", "openai", "best", "gpt-4o-mini");
  expect(await book.aliases("default")).toMatchObject([{ alias: "best", model: "gpt-4o-mini" }]);
  await book.putAlias("default", "openai", "ours", "gpt-4o");
  const question = { provider: "openai", model: "ours", serviceTier: undefined, region: undefined };
  const asked = { ...question, atMs: Date.parse("2026-01-15T00:00:00Z") };
  expect(await book.resolve("default", asked)).toMatchObject({ price: { id: own.id, model: "gpt-4o" } });
  expect(await book.resolve("other", asked)).toMatchObject({ price: null, unpriced_reason: "unknown_model" });
  expect(await book.resolve("default", { ...question, atMs: now })).toMatchObject({ price: { source: "catalogue" } });
  await book.deleteAlias("default", "openai", "ours");
  await book.deleteAlias("default", "openai", "best");
  expect(await book.aliases("default")).toEqual([]);
});
