import { PricingInput } from "@llm-cost-ops/contract";
import { describe, expect, test } from "vitest";
import { Refusal } from "../refusal.ts";
import { priceBody } from "./price-input.ts";

const input = (terms: object) => PricingInput.parse({ provider: "openai", model: "gpt-4-turbo", ...terms });

function refusal(terms: object): Refusal {
  try {
    priceBody(input(terms));
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a price of an organization's own", () => {
  test("is read from the documents' structure, with the discount on cached input worked out exactly", () => {
    const structure = {
      type: "per_token",
      input_price_per_million: 10.0,
      output_price_per_million: 30.0,
      cached_input_discount: 0.5,
    };
    expect(priceBody(input({ pricing_structure: structure })).rates).toEqual([
      { kind: "input", price: "10", per: 1_000_000 },
      { kind: "output", price: "30", per: 1_000_000 },
      { kind: "cache_read", price: "5", per: 1_000_000 },
    ]);
  });

  test("takes numbers at their shortest digits and discounts without rounding", () => {
    const { rates, multipliers } = priceBody(
      input({ input_price_per_million: 0.1, cached_input_discount: 0.9, batch_discount: 0.15 }),
    );
    expect(rates.map(({ kind, price }) => [kind, price])).toEqual([
      ["input", "0.1"],
      ["cache_read", "0.01"],
    ]);
    expect(multipliers).toEqual([{ serviceTier: "batch", factor: "0.85" }]);
  });

  test("may be full rates, with units, bands, tiers and hours", () => {
    const rates = [
      { kind: "input", price: "2", above: 200_000 },
      { kind: "input", price: "1" },
      { kind: "web_searches", price: 10, per: 1_000, service_tier: "batch" },
      { kind: "output", price: "4", time_of_day: { from: "00:30", to: "16:30" } },
    ];
    expect(priceBody(input({ rates })).rates).toEqual([
      { kind: "input", price: "2", per: 1_000_000, above: 200_000 },
      { kind: "input", price: "1", per: 1_000_000 },
      { kind: "web_searches", price: "10", per: 1_000, serviceTier: "batch" },
      { kind: "output", price: "4", per: 1_000_000, timeOfDay: { from: "00:30", to: "16:30" } },
    ]);
  });

  test("keeps what an update does not name, and a discount stays a discount", () => {
    const first = priceBody(
      input({ input_price_per_million: 10, output_price_per_million: 30, cached_input_discount: 0.5 }),
    );
    const next = priceBody(input({ input_price_per_million: 9 }), first);
    expect(Object.fromEntries(next.rates.map(({ kind, price }) => [kind, price]))).toEqual({
      input: "9",
      output: "30",
      cache_read: "4.5",
    });
  });

  test.each([
    [{}, "input_price_per_million"],
    [{ input_price_per_million: 1, pricing_structure: { input_price_per_million: 2 } }, "input_price_per_million"],
    [{ output_price_per_million: 1, cached_input_discount: 0.5 }, "cached_input_discount"],
    [
      { input_price_per_million: 1, cache_read_price_per_million: 1, cached_input_discount: 0.5 },
      "cached_input_discount",
    ],
    [{ pricing_structure: { type: "per_request", input_price_per_million: 1 } }, "price_per_request"],
    [{ pricing_structure: { type: "rates", input_price_per_million: 1 } }, "rates"],
  ])("%j is refused at %s", (terms, field) => {
    const { code, fieldErrors } = refusal(terms);
    expect(code).toBe("VALIDATION_ERROR");
    expect(Object.keys(fieldErrors ?? {})).toContain(field);
  });
});
