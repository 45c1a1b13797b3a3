import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { catalogueFromFile } from "./catalogue/from-file.ts";
import { openTestedPriceBook, type TestedPriceBook } from "./price-book-fixture.ts";

const price = [{ input_price_per_million: 1 }];
let prices: TestedPriceBook;

beforeAll(async () => {
  prices = await openTestedPriceBook(() => 0);
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
  await prices.book.applyCatalogue({ ...catalogueFromFile(content), source: "file" });
});
afterAll(() => prices.close());

const find = (model: string) => prices.find("acme", (lookup) => lookup.find("acme", undefined, model));

describe("without a provider", () => {
  test.each([
    ["gpt-4o", "openai"],
    ["claude-sonnet-4-20250514", "anthropic"],
    ["llama-3-70b", "groq"],
    ["us.anthropic.claude-sonnet-4-5-v1:0", "aws"],
  ])("%s is taken for a model of %s", async (model, provider) => {
    expect(await find(model)).toMatchObject({ kind: "known", provider });
  });

  test("a name that several sell, or none, has no provider", async () => {
    expect(await find("shared")).toMatchObject({
      kind: "unknown",
      reason: "unknown_provider",
      detail: expect.stringContaining("groq, together"),
    });
    expect(await find("nobodys")).toMatchObject({ kind: "unknown", reason: "unknown_provider" });
  });
});
