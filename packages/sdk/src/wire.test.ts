import * as contract from "@llm-cost-ops/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { fieldFromWire, fromWire, nameFromWire, nameToWire, toWire } from "./wire.ts";

/** Every field name that any schema of the contract has. */
function contractNames(): string[] {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      if (key === "properties" && typeof item === "object" && item !== null) {
        for (const name of Object.keys(item)) names.add(name);
      }
      visit(item);
    }
  };
  for (const exported of Object.values(contract)) {
    if (exported instanceof z.ZodType) visit(z.toJSONSchema(exported, { unrepresentable: "any", io: "input" }));
  }
  return [...names];
}

test("every field name of the contract survives the way to camelCase and back", () => {
  const names = contractNames();
  expect(names).toContain("cache_write_1h_tokens");
  expect(names.map((name) => nameToWire(nameFromWire(name)))).toEqual(names);
});

test("both spellings of an argument name the same field", () => {
  expect(toWire({ promptTokens: 1, completion_tokens: 2, cacheWrite1hTokens: 3 })).toEqual({
    prompt_tokens: 1,
    completion_tokens: 2,
    cache_write_1h_tokens: 3,
  });
});

test("tags, metadata, units and the provider's usage object pass untouched", () => {
  const own = { costCenter: "a", cost_center: "b", nested: { someKey: 1 } };
  const wire = { tags: own, metadata: own, units: own, usage: own };
  expect(toWire(wire)).toEqual(wire);
  expect(fromWire({ ...wire, quantities: own, raw_usage: own })).toEqual({ ...wire, quantities: own, rawUsage: own });
});

test("a cost is a number with the exact string beside it, and null stays null", () => {
  expect(fromWire({ total_cost: "0.040775000001" })).toEqual({
    totalCost: 0.040775000001,
    totalCostExact: "0.040775000001",
  });
  expect(fromWire({ cache_savings: "-0.003" })).toEqual({ cacheSavings: -0.003, cacheSavingsExact: "-0.003" });
  expect(fromWire({ total_cost: null })).toEqual({ totalCost: null, totalCostExact: null });
  expect(fromWire({ total_cost: "123456789012345678.000000000001" })).toMatchObject({
    totalCostExact: "123456789012345678.000000000001",
  });
});

test("a row keeps the name of a tag dimension as it was asked for", () => {
  expect(fromWire({ "tag:cost_center": "x", service_tier: "batch" })).toEqual({
    "tag:cost_center": "x",
    serviceTier: "batch",
  });
});

test("dates become instants, absent fields are left out, and an invalid date is refused", () => {
  expect(toWire({ startDate: new Date(0), endDate: undefined })).toEqual({ start_date: "1970-01-01T00:00:00.000Z" });
  expect(() => toWire({ startDate: new Date("x") })).toThrow(RangeError);
});

test("a field called __proto__ is data on both ways and changes no prototype", () => {
  const hostile = JSON.parse('{"__proto__": {"polluted": true}, "a_b": {"__proto__": {"polluted": true}}}');
  for (const converted of [fromWire(hostile), toWire(hostile)]) {
    expect(Object.getPrototypeOf(converted)).toBe(Object.prototype);
    expect(Object.hasOwn(converted as object, "__proto__")).toBe(true);
    expect((converted as { polluted?: boolean }).polluted).toBeUndefined();
  }
});

test("values other than names and costs are never changed", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const own = { metadata: value } as Record<string, unknown>;
      expect(fromWire(toWire(own))).toEqual(own);
    }),
  );
});

test("the path of a wrong field is spelled as the caller spelled it, down to the caller's own keys", () => {
  expect(fieldFromWire("records.3.input_tokens")).toBe("records.3.inputTokens");
  expect(fieldFromWire("tags.cost_center")).toBe("tags.cost_center");
});

test("field errors within an answer are spelled as the caller spelled the fields", () => {
  expect(fromWire({ error: { field_errors: { "usage.prompt_tokens": "no", input_tokens: "no" } } })).toEqual({
    error: { fieldErrors: { "usage.prompt_tokens": "no", inputTokens: "no" } },
  });
});
