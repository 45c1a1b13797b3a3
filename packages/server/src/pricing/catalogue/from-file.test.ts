import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../refusal.ts";
import { catalogueFromFile } from "./from-file.ts";

const price = { input_price_per_million: "1.5", output_price_per_million: 6 };
const file = (models: unknown, more: object = {}) => ({
  format: "llm-cost-ops-catalogue",
  version: 1,
  providers: [{ id: "house", models, ...more }],
});

function errorsOf(content: unknown): Readonly<Record<string, string>> {
  try {
    catalogueFromFile(content);
  } catch (error) {
    if (error instanceof Refusal && error.code === "PRICING_002") return error.fieldErrors ?? {};
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a catalogue file", () => {
  test("holds models with names, matches, dated prices and aliases", () => {
    const models = [
      {
        model: "one",
        match: { or: [{ starts_with: "one-" }, { regex: "^uno-\\d{4}$" }] },
        prices: [
          { ...price, effective_date: "2026-02-01", currency: "EUR" },
          { ...price, end_date: "2026-01-31" },
        ],
      },
    ];
    const { catalogue, problems } = catalogueFromFile(file(models, { aliases: [{ alias: "uno", model: "one" }] }));
    expect(problems).toEqual([]);
    const [provider] = catalogue.providers;
    expect(provider).toMatchObject({ id: "house", name: "house", aliases: [{ alias: "uno", model: "one" }] });
    const february = Date.parse("2026-02-01T00:00:00Z");
    expect(provider?.models[0]?.prices).toMatchObject([
      { currency: "USD", validFromMs: null, validToMs: february },
      { currency: "EUR", validFromMs: february, validToMs: null },
    ]);
  });

  test("the example of prices/README.md is one", () => {
    const readme = readFileSync(new URL("../../../../../prices/README.md", import.meta.url), "utf8");
    const example = /```json\n([^`]+)```/.exec(readme)?.[1] ?? "";
    const { catalogue } = catalogueFromFile(JSON.parse(example));
    expect(catalogue.providers[0]?.models[0]?.prices).toHaveLength(2);
  });

  test.each([
    ["another format", { format: "x", version: 1, providers: [] }, "format"],
    ["an unknown field", file([{ model: "one", prices: [price], color: "red" }]), "providers[0].models[0]"],
    [
      "a price that is no number",
      file([{ model: "one", prices: [{ input_price_per_million: "much" }] }]),
      "providers[0].models[0].prices[0].input_price_per_million",
    ],
    ["no prices", file([{ model: "one", prices: [{}] }]), "providers[0].models[0].prices[0].input_price_per_million"],
    [
      "an unknown kind",
      file([{ model: "one", prices: [{ rates: [{ kind: "thoughts", price: 1 }] }] }]),
      "providers[0].models[0].prices[0]",
    ],
    [
      "a model twice",
      file([
        { model: "one", prices: [price] },
        { model: "ONE", prices: [price] },
      ]),
      "providers[0].models[1].model",
    ],
    [
      "a dangerous pattern",
      file([{ model: "one", match: { regex: "(a+)+$" }, prices: [price] }]),
      "providers[0].models[0].match",
    ],
    [
      "two prices at once",
      file([
        {
          model: "one",
          prices: [
            price,
            { ...price, effective_date: "2026-01-01", end_date: "2026-12-31" },
            { ...price, effective_date: "2026-06-01" },
          ],
        },
      ]),
      "providers[0].models[0].prices",
    ],
  ])("with %s is refused whole, naming the place", (_what, content, field) => {
    expect(Object.keys(errorsOf(content))).toContain(field);
  });
});
