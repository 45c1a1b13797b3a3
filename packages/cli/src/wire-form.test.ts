import { describe, expect, test } from "vitest";
import { fromWire } from "../../sdk/src/wire.ts";
import { wireForm } from "./wire-form.ts";

describe("the API's form of what the client answers", () => {
  test.each([
    [
      "a record",
      {
        id: "a",
        input_tokens: 5,
        total_cost: "0.1",
        currency: null,
        tags: { costCenter: "x" },
        quantities: { input_cache_read: 1 },
      },
    ],
    ["money that is unknown", { total_cost: null, avg_cost_per_request: null }],
    [
      "lines",
      {
        lines: [
          { kind: "input", rated_as: "input", amount: "0.000000000001", factors: [{ reason: "batch", factor: "0.5" }] },
        ],
      },
    ],
    [
      "groups by tag",
      { data: [{ "tag:cost_center": "a", service_tier: "batch", total_cost: "1" }], group_by: ["tag:cost_center"] },
    ],
    ["raw usage", { raw_usage: { promptTokens: 1, total_cost: "not ours" }, model_resolution: null }],
    ["names with digits", { cache_write_1h_price_per_million: "6" }],
  ])("%s comes back as it was sent", (_, wire) => {
    expect(wireForm(fromWire(wire))).toEqual(wire);
  });

  test("functions and absent fields have no place in a document", () => {
    expect(wireForm({ id: "a", download: () => undefined, cursor: undefined })).toEqual({ id: "a" });
  });
});
